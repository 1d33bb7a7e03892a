"""Decision tables of a draft by HTTP: edited, judged, tried, saved, never written over."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from review.core.changes import ChangeKind
from review.core.states import Role
from review.operations.definitions import definition_changes, definition_drafts
from review.operations.people import people
from tests.factories.desk import World
from tests.factories.processes import TESTER
from tests.unit.dmn.models import decision, definitions, input_data, table
from workflows.core.dmn.source import read_source
from workflows.models import Definition
from workflows.operations import decisions, packages
from workflows.store import database_now

GRID = definitions(
    input_data("amount", "number")
    + input_data("country", "string")
    + decision(
        "Limit",
        table(
            ["amount"],
            [("< 100", '"one"'), (">= 100", '"two"')],
            types=["number"],
            values='"one","two","none"',
        ),
        needs=["in_amount"],
        kind="string",
    )
)
FIELD = re.compile(
    r"<(?:input|textarea)\b[^>]*?\bname=\"([^\"]+)\"[^>]*?(?:\bvalue=\"([^\"]*)\"[^>]*)?>"
)
CHOICE = re.compile(r"<select\b[^>]*?name=\"([^\"]+)\"[^>]*>(.*?)</select>", re.DOTALL)
CHOSEN = re.compile(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)<")


@pytest.fixture
def browser(world: World) -> Client:
    people.grant_role(
        person=world.people["carol"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    draft = definition_drafts.begin(key="screens", person=world.people["olga"])
    definition_drafts.save(
        key="screens",
        revision=draft.revision,
        files={"limits.dmn": GRID},
        person=world.people["olga"],
        what="Uploaded limits.dmn",
    )
    return world.browser("olga")


def url() -> str:
    return reverse("draft-table", args=["screens"])


def read_fields(page: str) -> dict[str, str]:
    """Return what a browser would send of the editor as it stands."""
    form = page[page.index('id="editor"') :]
    form = form[: form.index("</form>")]
    found = {name: html.unescape(value or "") for name, value in FIELD.findall(form)}
    for name, options in CHOICE.findall(form):
        chosen = CHOSEN.search(options)
        found[name] = _value(chosen) if chosen else ""
    return found


def _value(option: re.Match[str]) -> str:
    return html.unescape(option[2] if option[1] is None else option[1])


def open_page(browser: Client) -> dict[str, str]:
    return read_fields(browser.get(url()).content.decode())


def press(browser: Client, do: str, fields: dict[str, str], **more: str) -> str:
    answer = browser.post(url(), {**fields, **more, "do": do})
    assert answer.status_code in {200, 302, 409}, answer.content
    return str(answer.content.decode()) if answer.status_code != 302 else "saved"


def test_rules_and_columns_are_changed_tried_and_saved(
    world: World, browser: Client
) -> None:
    draft = browser.get(reverse("draft-detail", args=["screens"])).content.decode()
    assert f"{url()}?file=limits.dmn" in draft
    fields = open_page(browser)
    assert (fields["r1-t0"], fields["r1-o0"]) == (">= 100", '"two"')
    page = press(browser, "add", fields | {"r1-t0": "[100..500["})
    fields = read_fields(page)
    assert (fields["rows"], fields["r2-t0"], fields.get("r2-from", "")) == (
        "3",
        "-",
        "",
    )
    fields |= {"r2-t0": ">= 500", "r2-o0": '"none"', "r2-d": "Too much."}
    fields = read_fields(press(browser, "up-2", fields))
    assert (fields["r1-t0"], fields["r1-d"]) == (">= 500", "Too much.")
    fields = read_fields(press(browser, "add-input", fields))
    page = press(browser, "check", fields | {"i1-expression": "country"})
    assert "Let the decision ask for “country”" in page
    fields = read_fields(press(browser, "ask-1", read_fields(page)))
    page = press(browser, "try", fields, **{"in-0": "700", "in-1": "DE"})
    assert "&quot;none&quot;" in page[page.index('id="outcome"') :]
    assert "matched" in page
    assert definition_drafts.read("screens").saving.revision == 2
    assert press(browser, "save", fields) == "saved"
    content = definition_drafts.read("screens").files["limits.dmn"].decode()
    assert "<description>Too much.</description>" in content
    assert '<requiredInput href="#in_country"/>' in content
    order = [content.index(word) for word in ('"r1"', '"t-rule-1"', '"r2"')]
    assert order == sorted(order)
    page = browser.get(url()).content.decode()
    assert "Revision 3" in page
    assert "The deployed version has no such table." in page
    fields = read_fields(press(browser, "remove-input-1", read_fields(page)))
    fields = read_fields(press(browser, "copy-0", fields))
    assert fields["r1-t0"] == "< 100"
    assert "r1-from" not in fields
    page = press(browser, "remove-2", fields)
    assert "rules 1 and 2 both match" in html.unescape(page)


def test_each_cell_says_what_is_wrong_with_it(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = open_page(browser)
    wrong = {
        "r0-t0": "< ",
        "r1-t0": '"much"',
        "r0-o0": '"thee"',
        "r1-o0": "two",
        "i0-allowed": "[1..",
        "policy": "PRIORITY",
        "result": "tier",
    }
    page = html.unescape(press(browser, "check", fields | wrong))
    for said in (
        "3 cells cannot be used",
        "The decision gives: there is no type “tier”.",
        "Rule 1, amount: expected a value, found the end (character 2).",
        'Rule 2, amount: "much" is no number, so it never matches.',
        'Rule 1, output 1: "thee" is not among its allowed values',
        "Rule 2, output 1: “two” is nothing that this decision asks for",
        "Input 1, allowed values: expected a value, found the end",
    ):
        assert said in page
    assert 'aria-invalid="true" aria-describedby="r0-faults"' in page
    monkeypatch.setattr(packages, "MAX_FILE_BYTES", 20_000)
    long = {"r0-d": "x" * 20_000, "do": "save"}
    refused = browser.post(url(), {**fields, **long})
    assert refused.status_code == 422
    assert "larger than 20,000 bytes" in refused.content.decode()
    assert refused.content.decode().count(long["r0-d"]) == 1
    # A draft is a place to work: what is unfinished is kept, and refused when deployed.
    assert press(browser, "save", fields | wrong) == "saved"
    page = html.unescape(
        browser.get(reverse("draft-detail", args=["screens"])).content.decode()
    )
    assert "The package would be refused" in page
    fields = read_fields(press(browser, "add-output", open_page(browser)))
    named = {"o0-name": "limit", "result": "string"}
    page = html.unescape(press(browser, "check", fields | named))
    assert "Output 2 needs a name" in page
    assert "several outputs make a context: it would give null" in page


def test_nothing_is_lost_when_two_change_a_table(world: World, browser: Client) -> None:
    mine, theirs = open_page(browser), open_page(browser)
    other = world.browser("carol")
    assert press(other, "save", theirs | {"r1-o0": '"none"'}) == "saved"
    typed = mine | {"r0-t0": "< 50"}
    refused = browser.post(url(), {**typed, "do": "save"})
    assert refused.status_code == 409
    page = html.unescape(refused.content.decode())
    assert "Carol has saved this draft since you opened it" in page
    assert 'Rule 2, output: "two" became "none".' in page
    again = read_fields(refused.content.decode())
    assert (again["r0-t0"], again["revision"], again["over"]) == ("< 50", "2", "3")
    assert press(browser, "save-over", again) == "saved"
    found = open_page(browser)
    assert (found["r0-t0"], found["r1-o0"], found["revision"]) == ("< 50", '"two"', "4")
    # Somebody changes another file: my table goes over it, and his file stays.
    files = {"limits.dmn": GRID, "forms/claim.json": b"{}"}
    definition_drafts.save(
        key="screens",
        revision=4,
        files={**files, "main.bpmn": b"<no xml"},
        person=world.people["carol"],
        what="Uploaded",
    )
    page = press(browser, "save", found | {"r0-t0": "< 60"})
    assert "What they changed in this table" in page
    assert press(browser, "save-over", read_fields(page)) == "saved"
    files = dict(definition_drafts.read("screens").files)
    assert b"&lt; 60" in files["limits.dmn"]
    assert files["main.bpmn"] == b"<no xml"
    # What was opened is kept no more, the table is gone: what was typed is there still.
    fields = open_page(browser)
    for n in range(definition_drafts.KEPT + 1):
        definition_drafts.save(
            key="screens",
            revision=6 + n,
            files={"notes.md": str(n).encode()},
            person=world.people["carol"],
            what="Wrote",
        )
    page = press(browser, "save", fields | {"r0-t0": "< 70"})
    again = read_fields(page)
    assert (again["r0-t0"], again["revision"]) == ("< 70", "6")
    assert press(browser, "save-over", again) == "saved"


def test_only_process_owners_edit_and_what_is_no_table_is_said(
    world: World, browser: Client
) -> None:
    for who in ("dan", "erin", "alice"):
        assert world.browser(who).get(url()).status_code == 403
        assert world.browser(who).post(url(), {"do": "save"}).status_code == 403
    assert browser.get(f"{url()}?file=main.bpmn").status_code == 404
    assert browser.get(f"{url()}?file=limits.dmn&table=2").status_code == 404
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    definition_drafts.save(
        key="screens",
        revision=2,
        files={"limits.dmn": bomb},
        person=world.people["olga"],
        what="Uploaded",
    )
    assert browser.get(url()).status_code == 404
    sent = {"file": "limits.dmn", "table": "1", "revision": "3", "do": "check"}
    refused = browser.post(url(), sent)
    assert (refused.status_code, b"DOCTYPE" in refused.content) == (422, True)


def test_new_table_is_filled_and_deployed_by_two(world: World, browser: Client) -> None:
    new = reverse("draft-table-new", args=["screens"])
    for name, status in (("", 422), ("7", 422), ("Limit", 409)):
        answer = browser.post(new, {"revision": 2, "name": name})
        assert answer.status_code == status
    where = browser.post(new, {"revision": 2, "name": "A & B"})["Location"]
    assert where == f"{url()}?file=a-b.dmn"
    fields = read_fields(browser.get(where).content.decode())
    fields |= {"o0-name": "", "o0-default": "1"}
    fields = read_fields(press(browser, "add-input", fields))
    fields |= {"i0-expression": "days", "i0-type": "number"}
    fields = read_fields(press(browser, "ask-0", fields))
    fields = read_fields(press(browser, "add", fields))
    fields |= {"r0-t0": "> 3", "r0-o0": "2"}
    page = press(browser, "try", fields, **{"in-0": "4"})
    assert 'It answers:</strong> <span class="mono">2<' in page
    assert press(browser, "save", read_fields(page)) == "saved"
    change = definition_changes.propose(
        person=world.people["olga"],
        wish=definition_changes.Wish(
            kind=ChangeKind.DEPLOY, key="screens", reason="Longer.", revision=4
        ),
    )
    definition_changes.approve(change_id=change.id, person=world.people["carol"])
    deployed = decisions.get_sheet(
        definition_id=Definition.objects.get(key="screens", version="1.1.0").pk,
        decision="A & B",
    )
    now = database_now()
    for days, value in ((4, "2"), (1, "1")):
        tried = decisions.try_decision(deployed, inputs={"days": days}, now=now)
        assert (tried.value, tried.messages) == (value, ())


def test_long_tables_are_edited_a_part_at_a_time(world: World, browser: Client) -> None:
    rules = [(f"{n}", '"one"') for n in range(100)]
    long = GRID.replace(
        GRID[GRID.index(b"<rule") : GRID.rindex(b"</decisionTable>")],
        table(["amount"], rules)
        .partition('name=""></output>')[2]
        .removesuffix("</decisionTable>")
        .encode(),
    )
    definition_drafts.save(
        key="screens",
        revision=2,
        files={"limits.dmn": long},
        person=world.people["olga"],
        what="Uploaded",
    )
    page = browser.get(f"{url()}?first=60").content.decode()
    assert "Rules 61 to 100 of 100" in page
    fields = read_fields(page)
    fields = read_fields(press(browser, "remove-0", fields))
    fields = read_fields(press(browser, "add-input", fields | {"r0-t0": "> 61"}))
    answer = browser.post(url(), {**fields, "i1-expression": "amount", "do": "save-0"})
    assert answer["Location"].endswith("file=limits.dmn&table=1")
    content = definition_drafts.read("screens").files["limits.dmn"]
    table_of = next(
        one for one in read_source(content).root.walk() if one.tag == "decisionTable"
    )
    rows = list(table_of.all("rule"))
    assert len(rows) == 99
    assert [one.text for one in rows[60].walk() if one.tag == "text"] == [
        "> 61",
        "-",
        '"one"',
    ]
