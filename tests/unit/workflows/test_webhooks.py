"""Signatures of posts: what the specification's own example says, and what they bind."""

from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.core.webhooks import sign

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'

posts = st.tuples(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10),
    st.integers(0, 2**40),
    st.binary(max_size=30),
)


def test_signature_is_that_of_the_specifications_example() -> None:
    assert sign(secret=SECRET, key=KEY, at=AT, body=BODY) == {
        "webhook-id": KEY,
        "webhook-timestamp": str(AT),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(posts, posts)
def test_another_post_has_another_signature(
    one: tuple[str, int, bytes], other: tuple[str, int, bytes]
) -> None:
    assume(one != other)
    (a, b) = (
        sign(secret="a plain secret", key=key, at=at, body=body)["webhook-signature"]
        for key, at, body in (one, other)
    )
    assert a != b
