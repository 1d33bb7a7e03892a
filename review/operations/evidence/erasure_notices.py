"""Tell who may approve an erasure that one waits, and its author what became of it.

Nothing here names whose data it is: the reason does not, and the page is asked for it.
"""

from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Role
from review.models import Erasure, Person, RoleGrant
from review.operations.notices.notifying import tell
from review.permissions import can_erase, list_rights


def tell_approvers(erasure: Erasure, author: Person) -> None:
    """Tell everybody who may approve it: not the author, nor who stands in for him."""
    holders = RoleGrant.objects.filter(
        role__in=[Role.PROCESS_OWNER.value, Role.ADMINISTRATOR.value],
        revoked_at__isnull=True,
    ).values_list("person_id", flat=True)
    cases = len(erasure.instances)
    tell(
        persons=[
            person_id
            for person_id, rights in list_rights(set(holders)).items()
            if can_erase(rights) and author.id not in rights.persons
        ],
        kind=Notice.ERASURE_PROPOSED,
        title=f"Erasure {erasure.id} of {cases} case{'' if cases == 1 else 's'} waits"
        " for approval",
        text=f"{author.name} says why: {erasure.reason}",
        url=reverse("content-keeping"),
        key=f"erasure:{erasure.id}:proposed",
    )


def tell_author(erasure: Erasure, person: Person, what: str) -> None:
    """Tell who proposed it that another person approved or declined it."""
    if erasure.proposed_by_id == person.id:
        return
    said = f": {erasure.settled_reason}" if erasure.settled_reason else "."
    tell(
        persons=[erasure.proposed_by_id],
        kind=Notice.ERASURE_SETTLED,
        title=f"Erasure {erasure.id} {what}",
        text=f"{person.name} {what} it{said}",
        url=reverse("content-keeping"),
        key=f"erasure:{erasure.id}:settled",
    )
