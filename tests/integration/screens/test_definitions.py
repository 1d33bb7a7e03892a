"""The definitions desk by HTTP: drafts, conflicts, what is found, proposals, refusals."""

import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from review.core.states import Role
from review.models import DefinitionChange, DefinitionDraft
from review.operations.definitions import definition_drafts
from review.operations.people import people
from tests.factories.desk import PROCESS, World
from tests.factories.processes import TESTER, bpmn, package
from workflows.models import Definition

SENIOR = bpmn(PROCESS.replace('cs:queue="desk"', 'cs:queue="senior"'))


def begin(world: World) -> Client:
    people.grant_role(
        person=world.people["carol"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    browser = world.browser("olga")
    answer = browser.post(reverse("draft-begin", args=["screens"]))
    assert answer["Location"] == reverse("draft-detail", args=["screens"])
    return browser


def save(browser: Client, xml: bytes, *, revision: int) -> tuple[int, Any]:
    answer = browser.post(
        reverse("draft-save", args=["screens"]),
        {"file": "main.bpmn", "revision": revision, "xml": xml.decode()},
    )
    return answer.status_code, answer.json()


def test_only_process_owners_change_and_overseers_look(world: World) -> None:
    begin(world)
    draft = reverse("draft-detail", args=["screens"])
    for who, status in (("dan", 200), ("erin", 200), ("alice", 403), ("mallory", 403)):
        browser = world.browser(who)
        assert browser.get(reverse("definition-desk")).status_code == status
        assert browser.get(draft).status_code == status
        for name in ("draft-model", "draft-propose", "draft-file"):
            url = reverse(name, args=["screens"])
            assert browser.get(url).status_code == 403
        for name in ("draft-begin", "draft-upload", "draft-save", "draft-discard"):
            url = reverse(name, args=["screens"])
            assert browser.post(url, {"revision": 1}).status_code == 403
    assert b"Throw it away" not in world.browser("dan").get(draft).content


def test_model_is_saved_checked_and_never_written_over(world: World) -> None:
    browser = begin(world)
    drawn = browser.get(reverse("draft-file", args=["screens"]))
    assert b"BPMNDiagram" in drawn.content
    status, answer = save(browser, SENIOR, revision=1)
    assert (status, answer["revision"]) == (200, 2)
    broken = SENIOR.replace(b"PT8H", b"soon")
    status, answer = save(browser, broken, revision=2)
    first = answer["lint"][0]
    assert (first["severity"], first["element"]) == ("refused", "one")
    assert "cs:sla" in first["message"]
    page = browser.get(reverse("draft-detail", args=["screens"])).content.decode()
    assert "The package would be refused" in page
    assert (
        f"{reverse('draft-model', args=['screens'])}?file=main.bpmn&amp;element=one"
        in page
    )
    status, answer = save(world.browser("carol"), SENIOR, revision=2)
    assert status == 409
    assert answer["revision"] == 3
    assert "Olga has saved this draft since" in str(answer["message"])
    status, answer = save(browser, b"<no xml", revision=3)
    assert status == 200
    assert "main.bpmn" in str(answer["lint"])
    shown = browser.get(reverse("draft-file", args=["screens"]))
    assert shown.status_code == 422


def test_draft_is_proposed_looked_at_and_approved(world: World) -> None:
    world.start(2)
    browser = begin(world)
    save(browser, SENIOR, revision=1)
    url = reverse("draft-propose", args=["screens"])
    take = f"take:{world.definition_id}"
    tried = browser.post(url, {"act": "try", "revision": 2, take: "on"})
    assert '<span class="strong">2</span> would move' in tried.content.decode()
    refused = browser.post(url, {"act": "propose", "revision": 2})
    assert refused.status_code == 422
    sent = browser.post(
        url, {"act": "propose", "revision": 2, take: "on", "reason": "Seniors look."}
    )
    change = DefinitionChange.objects.get()
    page = reverse("change-detail", args=[change.pk])
    assert sent["Location"] == page
    own = browser.get(page).content.decode()
    assert "a second person must approve it" in own
    assert "was “desk”, is now “senior”" in own
    approve = reverse("change-approve", args=[change.pk])
    denied = browser.post(approve)
    assert denied.status_code == 403
    assert "a second person must decide" in denied.content.decode()
    other = world.browser("carol")
    assert "Look and decide" in other.get(reverse("definition-desk")).content.decode()
    assert other.post(approve)["Location"] == page
    assert Definition.objects.filter(key="screens", version="1.1.0").exists()
    assert other.post(approve).status_code == 409
    done = other.get(page).content.decode()
    assert "Instances of 1.0.0 to 1.1.0" in done
    roll_back = reverse("definition-roll-back", args=["screens"])
    wish = {"target": world.definition_id, "reason": "It was better."}
    assert browser.post(roll_back, wish).status_code == 302
    assert (
        "Roll back to 1.0.0" in browser.get(reverse("definition-desk")).content.decode()
    )


def test_files_come_by_upload_and_archive(world: World) -> None:
    browser = world.browser("olga")
    url = reverse("draft-create")
    alone = SimpleUploadedFile("claim.bpmn", SENIOR)
    answer = browser.post(url, {"uploads": [alone], "key": "claim"})
    assert answer["Location"] == reverse("draft-detail", args=["claim"])
    found = definition_drafts.read("claim")
    assert sorted(found.files) == ["claim.bpmn", "package.toml"]
    assert definition_drafts.check(found.files).is_sound
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, data in package(PROCESS, key="claim", version="2.0.0").items():
            archive.writestr(path, data)
    upload = reverse("draft-upload", args=["claim"])
    whole = SimpleUploadedFile("all.zip", packed.getvalue())
    browser.post(upload, {"uploads": [whole], "revision": 1})
    form = SimpleUploadedFile("claim.json", b"{}")
    browser.post(upload, {"uploads": [form], "revision": 2})
    files = definition_drafts.read("claim").files
    assert sorted(files) == ["forms/claim.json", "main.bpmn", "package.toml"]
    late = browser.post(
        upload, {"uploads": [SimpleUploadedFile("x.md", b"x")], "revision": 1}
    )
    assert late.status_code == 409
    wish = {"path": "forms/claim.json", "revision": 3}
    browser.post(reverse("draft-remove", args=["claim"]), wish)
    wish = {"version": "two", "revision": 4}
    assert (
        browser.post(reverse("draft-version", args=["claim"]), wish).status_code == 422
    )
    wish = {"version": "2.1.0", "revision": 4}
    browser.post(reverse("draft-version", args=["claim"]), wish)
    kept = browser.get(reverse("draft-package", args=["claim"]))
    names = zipfile.ZipFile(io.BytesIO(kept.content)).namelist()
    assert names == ["main.bpmn", "package.toml"]
    earlier = browser.get(f"{reverse('draft-package', args=['claim'])}?revision=3")
    assert "forms/claim.json" in zipfile.ZipFile(io.BytesIO(earlier.content)).namelist()
    browser.post(reverse("draft-discard", args=["claim"]), {"revision": 5})
    assert not DefinitionDraft.objects.exists()


def test_templates_are_handed_out(world: World) -> None:
    browser = world.browser("olga")
    for name in ("camunda-7", "camunda-8"):
        answer = browser.get(reverse("element-templates", args=[name]))
        assert f"countersign-{name}.json" in answer["Content-Disposition"]
        assert len(answer.json()) > 10
    missing = reverse("element-templates", args=["bizagi"])
    assert browser.get(missing).status_code == 404
