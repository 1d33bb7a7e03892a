"""Rules about personal values: whose they are, and what tells it."""

from collections.abc import Iterator

from workflows.core.bpmn.linter_view import Found, View
from workflows.core.commitments import parse_path, split_paths


def find_subjects(view: View) -> Iterator[Found]:
    """Personal values of nobody, and a subject that is told in the open."""
    process = view.process
    words = split_paths(process.properties.get("personal", ""))
    subject = process.properties.get("subject", "").strip()
    line = min((node.line for node in view.nodes.values()), default=0)
    if words and not subject:
        yield Found(
            "no-subject",
            process.id,
            line,
            "This process has personal values and does not say whose, so nobody's can"
            ' be found and erased; say cs:subject="...", the variable that tells whom'
            " a case is about, or businessKey.",
        )
    if not subject or subject == "businessKey":
        return
    paths = [parse_path(word) for word in words]
    named = parse_path(subject)
    if not any(named[: len(path)] == path for path in paths):
        yield Found(
            "open-subject",
            process.id,
            line,
            f"cs:subject={subject!r} tells whom a case is about, but is not among"
            " cs:personal, so entries and evidence name that person for ever.",
        )
