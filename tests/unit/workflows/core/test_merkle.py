"""Merkle trees: known values of RFC 6962's authors, and proofs that hold or fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    hash_stretch,
    inclusion_proof,
    leaf_hash,
    node_hash,
    perfect_parts,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# Leaves and roots of the reference tree of Certificate Transparency.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]
MANY = [leaf_hash(number.to_bytes(4)) for number in range(700)]


def stretch(start: int, end: int) -> bytes:
    return tree_root(MANY[start:end])


@pytest.mark.parametrize("size", range(9))
def test_root_is_the_reference_root(size: int) -> None:
    assert tree_root(HASHES[:size]).hex() == ROOTS[size]


def seven() -> dict[str, bytes]:
    """Name the nodes of the seven-leaf tree drawn in RFC 6962 2.1.3."""
    nodes = dict(zip("abcdefj", HASHES[:7], strict=True))
    nodes["g"] = node_hash(nodes["a"], nodes["b"])
    nodes["h"] = node_hash(nodes["c"], nodes["d"])
    nodes["i"] = node_hash(nodes["e"], nodes["f"])
    nodes["k"] = node_hash(nodes["g"], nodes["h"])
    nodes["l"] = node_hash(nodes["i"], nodes["j"])
    return nodes


@pytest.mark.parametrize(
    ("index", "names"), [(0, "bhl"), (3, "cgl"), (4, "fjk"), (6, "ik")]
)
def test_audit_paths_of_rfc_6962_section_2_1_3(index: int, names: str) -> None:
    proof = inclusion_proof(
        index=index, size=7, stretch=lambda start, end: tree_root(HASHES[start:end])
    )
    assert proof == [seven()[name] for name in names]


@pytest.mark.parametrize(("old_size", "names"), [(3, "cdgl"), (4, "l"), (6, "ijk")])
def test_consistency_proofs_of_rfc_6962_section_2_1_3(
    old_size: int, names: str
) -> None:
    proof = consistency_proof(
        old_size=old_size,
        size=7,
        stretch=lambda start, end: tree_root(HASHES[start:end]),
    )
    assert proof == [seven()[name] for name in names]


@given(st.integers(1, 700), st.data())
def test_inclusion_proof_holds_and_for_that_leaf_only(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index=index, size=size, stretch=stretch)
    root = tree_root(MANY[:size])

    def verify(leaf: int, at: int, path: list[bytes]) -> bool:
        return verify_inclusion(
            leaf=MANY[leaf], index=at, size=size, proof=path, root=root
        )

    assert verify(index, index, proof)
    other = data.draw(
        st.integers(0, size - 1).filter(lambda at: at != index or size == 1)
    )
    if size > 1:
        assert not verify(other, index, proof)
        assert not verify(index, other, proof)
        assert not verify(index, index, proof[:-1])
        assert not verify(index, index, proof[::-1]) or proof == proof[::-1]
    assert not verify(index, index, [*proof, MANY[0]])
    assert not verify(index, size, proof)


@given(st.integers(1, 700), st.data())
def test_consistency_proof_holds_and_for_these_roots_only(
    size: int, data: st.DataObject
) -> None:
    old_size = data.draw(st.integers(1, size))
    proof = consistency_proof(old_size=old_size, size=size, stretch=stretch)
    old_root, root = tree_root(MANY[:old_size]), tree_root(MANY[:size])

    def verify(old: bytes, new: bytes, path: list[bytes]) -> bool:
        return verify_consistency(
            old_size=old_size, size=size, old_root=old, root=new, proof=path
        )

    assert verify(old_root, root, proof)
    assert not verify(MANY[0], root, proof) or old_size == 1
    assert not verify(old_root, EMPTY_ROOT, proof)
    assert not verify(old_root, root, [*proof, MANY[0]])
    if proof:
        assert not verify(old_root, root, proof[:-1])
        assert not verify(old_root, root, [])


def test_consistency_of_odd_sizes() -> None:
    assert verify_consistency(
        old_size=0, size=5, old_root=EMPTY_ROOT, root=tree_root(MANY[:5]), proof=[]
    )
    assert not verify_consistency(
        old_size=6, size=5, old_root=MANY[0], root=MANY[0], proof=[]
    )
    with pytest.raises(ValueError, match="no prefix"):
        consistency_proof(old_size=6, size=5, stretch=stretch)
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(index=5, size=5, stretch=stretch)


@given(st.integers(0, 700), st.integers(0, 100))
def test_frontier_goes_on_after_it_was_stored(size: int, more: int) -> None:
    frontier = Frontier()
    for leaf in MANY[:size]:
        frontier.append(leaf)
    again = Frontier.from_bytes(size=size, data=frontier.to_bytes())
    for leaf in MANY[size : size + more]:
        again.append(leaf)
    assert again.root() == tree_root(MANY[: size + more])


def test_frontier_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no edge"):
        Frontier.from_bytes(size=3, data=bytes(32))


def test_frontier_hands_out_finished_tiles() -> None:
    frontier = Frontier()
    for leaf in MANY:
        frontier.append(leaf)
    assert [(tile.level, tile.position) for tile in frontier.finished] == [
        (8, 0),
        (8, 1),
    ]
    assert frontier.finished[1].hash == tree_root(MANY[256:512])


@pytest.mark.parametrize(("start", "end"), [(0, 700), (512, 700), (688, 700), (4, 4)])
def test_stretch_is_covered_by_perfect_parts(start: int, end: int) -> None:
    parts = list(perfect_parts(start, end))
    assert sum(1 << level for level, _ in parts) == end - start

    def subtree(level: int, index: int) -> bytes:
        return tree_root(MANY[index << level : (index + 1) << level])

    assert hash_stretch(start, end, subtree) == tree_root(MANY[start:end])
