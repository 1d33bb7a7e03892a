"""One act on many instances: chosen, previewed, each on its own."""

import io
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from review.core.interventions import Act
from review.dashboards.chosen import Choice, count_chosen, list_chosen
from review.models import Intervention
from review.operations.instances.bulk import Fate, Order, Result, run_order
from tests.factories.processes import TESTER
from tests.integration.interventions.conftest import WHY, Office, step_at
from workflows.models import Incident, Instance, Step
from workflows.operations import instances
from workflows.operations.errors import Invalid


def fates(results: list[Result]) -> list[Fate]:
    return [result.fate for result in results]


def bulk(*words: str) -> str:
    out = io.StringIO()
    call_command("bulk_instances", *words, "--reason", WHY, stdout=out)
    return out.getvalue()


class TestChoosing:
    def chosen(self, **words: object) -> set[str]:
        choice = Choice(**words)  # type: ignore[arg-type]
        rows = list_chosen(choice, limit=100)
        assert len(rows) == count_chosen(choice)
        return {row.business_key for row in rows}

    def test_every_word_narrows(self, office: Office) -> None:
        first, second, ended = office.start(3)
        office.start(2, key="broken", amount=-1)
        instances.suspend(instance_id=second, actor=TESTER, reason=WHY)
        instances.cancel(instance_id=ended, actor=TESTER, reason=WHY)
        assert self.chosen() == {"line-0", "line-1", "broken-0", "broken-1"}
        assert self.chosen(definition="line") == {"line-0", "line-1"}
        assert self.chosen(definition="line", version="9.9.9") == set()
        assert self.chosen(state="SUSPENDED") == {"line-1"}
        assert self.chosen(node="book") == {"broken-0", "broken-1"}
        assert self.chosen(code="Permanent") == {"broken-0", "broken-1"}
        assert self.chosen(code="Permanent", node="a") == set()
        assert self.chosen(has_incident=True, ids=[first]) == set()
        assert self.chosen(ids=[first, ended]) == {"line-0"}
        assert self.chosen(ids=[]) == set()


class TestDoing:
    def test_what_is_refused_for_one_stops_none(self, office: Office) -> None:
        ids = office.start(3)
        instances.suspend(instance_id=ids[1], actor=TESTER, reason=WHY)
        order = Order(act=Act.SUSPEND, reason=WHY)
        results = list(run_order(order, ids=ids, doer=office.olga))
        assert fates(results) == [Fate.DONE, Fate.REFUSED, Fate.DONE]
        assert "not ACTIVE" in results[1].sentence
        assert set(Instance.objects.values_list("state", flat=True)) == {"SUSPENDED"}

    def test_many_incidents_are_retried(self, office: Office) -> None:
        ids = office.start(3, key="broken", amount=-1)
        before = set(Incident.objects.values_list("pk", flat=True))
        order = Order(act=Act.RETRY, reason=WHY, code="Permanent")
        results = list(run_order(order, ids=ids, doer=office.olga))
        assert fates(results) == [Fate.DONE] * 3
        assert results[0].sentence == "1 incident retried."
        again = set(Incident.objects.filter(state="OPEN").values_list("pk", flat=True))
        assert len(again) == 3
        assert not again & before

    def test_steps_at_a_node_are_skipped_and_moved(self, office: Office) -> None:
        ids = office.start(2)
        order = Order(act=Act.MOVE, reason=WHY, node="a", targets=("b",))
        assert (
            fates(list(run_order(order, ids=ids, doer=office.olga))) == [Fate.DONE] * 2
        )
        results = list(run_order(order, ids=ids, doer=office.olga))
        assert results[0].sentence == "No step of 'a' is live any more."
        order = Order(act=Act.SKIP, reason=WHY, node="b")
        assert (
            fates(list(run_order(order, ids=ids, doer=office.olga))) == [Fate.DONE] * 2
        )
        assert set(Instance.objects.values_list("state", flat=True)) == {"COMPLETED"}

    def test_a_reviewer_is_refused_for_each(self, office: Office) -> None:
        ids = office.start(2)
        order = Order(act=Act.CANCEL, reason=WHY)
        results = list(run_order(order, ids=ids, doer=office.alice))
        assert fates(results) == [Fate.REFUSED] * 2

    @pytest.mark.usefixtures("dual")
    def test_under_two_persons_control_each_is_proposed(self, office: Office) -> None:
        ids = office.start(2)
        order = Order(act=Act.CANCEL, reason=WHY)
        results = list(run_order(order, ids=ids, doer=office.olga))
        assert fates(results) == [Fate.PROPOSED] * 2
        assert Intervention.objects.count() == 2

    @pytest.mark.parametrize(
        "order",
        [
            Order(act=Act.CANCEL, reason=" "),
            Order(act=Act.EDIT, reason=WHY),
            Order(act=Act.SKIP, reason=WHY),
            Order(act=Act.MOVE, reason=WHY, node="a"),
        ],
    )
    def test_an_order_that_fits_no_instance_is_refused_at_once(
        self, office: Office, order: Order
    ) -> None:
        with pytest.raises(Invalid):
            list(run_order(order, ids=office.start(), doer=office.olga))


class TestCommand:
    def test_a_dry_run_names_them_and_does_nothing(self, office: Office) -> None:
        ids = office.start(2)
        said = bulk("cancel", "--definition", "line", "--dry-run")
        assert all(str(instance_id) in said for instance_id in ids)
        assert "2 instances; nothing was done." in said
        assert set(Instance.objects.values_list("state", flat=True)) == {"ACTIVE"}

    def test_it_acts_on_what_is_chosen(self, office: Office) -> None:
        one, other = office.start(2)
        said = bulk("move", "--node", "a", "--to", "b", "--id", str(one))
        assert said.splitlines() == [f"{one} done: 1 token moved.", "1 of 1 done."]
        assert step_at(one, "b")
        assert step_at(other, "a")

    def test_refusals_fail_it_after_all_the_others(self, office: Office) -> None:
        ids = office.start(2)
        instances.suspend(instance_id=ids[0], actor=TESTER, reason=WHY)
        with pytest.raises(CommandError, match="1 were refused"):
            bulk("suspend", "--definition", "line")
        assert set(Instance.objects.values_list("state", flat=True)) == {"SUSPENDED"}

    def test_everything_is_never_meant(self, office: Office) -> None:
        office.start()
        with pytest.raises(CommandError, match="Say which instances"):
            bulk("cancel")
        with pytest.raises(CommandError, match="at which node"):
            bulk("skip", "--definition", "line")

    @pytest.mark.usefixtures("dual")
    def test_what_takes_two_persons_is_not_for_the_command_line(
        self, office: Office
    ) -> None:
        (instance_id,) = office.start()
        with pytest.raises(CommandError, match="1 were refused"):
            bulk("skip", "--node", "a")
        assert (
            Step.objects.filter(instance_id=instance_id, state="SKIPPED").count() == 0
        )


def test_ids_of_nothing_are_refused_one_by_one(office: Office) -> None:
    order = Order(act=Act.CANCEL, reason=WHY)
    unknown = UUID("00000000-0000-4000-8000-000000000000")
    (result,) = run_order(order, ids=[unknown], doer=office.olga)
    assert (result.fate, result.sentence) == (
        Fate.REFUSED,
        f"There is no instance {unknown}.",
    )
