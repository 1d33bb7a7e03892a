"""Who may settle what somebody else proposed: another natural person."""

from review.core.changes import ChangeState, find_objection
from review.permissions import Rights
from workflows.operations.errors import Conflict, Forbidden


def check_another(*, state: ChangeState, author_id: int, rights: Rights) -> None:
    """Raise Conflict for what is settled already, Forbidden for its own proposer."""
    objection = find_objection(state=state, author_id=author_id, persons=rights.persons)
    if not objection:
        return
    if state is not ChangeState.PROPOSED:
        raise Conflict(objection)
    raise Forbidden(objection, code="same-person")


def check_own(*, state: ChangeState, author_id: int, person_id: int) -> None:
    """Raise Conflict for what is settled, Forbidden for what somebody else proposed."""
    if state is not ChangeState.PROPOSED:
        raise Conflict("This change has been settled already.")
    if author_id != person_id:
        raise Forbidden("Somebody else proposed this; decline it instead.")
