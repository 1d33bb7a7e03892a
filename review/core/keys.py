"""The keys of the screens: what each does, and how a person has them instead.

Templates name a control's key by its default ("a", "Shift+E", "g q", "Control+k"), so
the default is also the key's name in the map from defaults to a person's own keys.
WCAG 2.1.4 (character key shortcuts): single keys can be changed and switched off.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EVERYWHERE: Final = "Everywhere"
LISTS: Final = "Lists"
TASK: Final = "A task"
CASES: Final = "Cases and decisions"
# On a task there are no rows to choose, but evidence to move through.
_TOGETHER: Final = {
    EVERYWHERE: {EVERYWHERE, LISTS, TASK, CASES},
    LISTS: {EVERYWHERE, LISTS, CASES},
    TASK: {EVERYWHERE, TASK},
    CASES: {EVERYWHERE, LISTS, CASES},
}
NAMED: Final = frozenset({
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "Backspace",
    "Delete",
    "End",
    "Enter",
    "Escape",
    "F1",
    "F2",
    "F3",
    "F4",
    "F8",
    "F9",
    "F10",
    "Home",
    "Insert",
    "PageDown",
    "PageUp",
})
# What browsers and operating systems keep for themselves, or what text needs.
RESERVED: Final = frozenset({
    "Tab",
    " ",
    *(f"Control+{letter}" for letter in "acfhjlnopqrstuvwxyz"),
})
_PRESS: Final = re.compile(
    r"(?:Control\+)?(?:Shift\+[A-Z]|[^\sA-Z+]|\+|[A-Z][A-Za-z0-9]+)"
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does; `where` says on which screens it does it."""

    name: str
    key: str
    label: str
    where: str


ACTIONS: Final = (
    Action("next", "n", "Take the next task, or claim this one", EVERYWHERE),
    Action("down", "j", "Next row or piece of evidence", EVERYWHERE),
    Action("up", "k", "Previous row or piece of evidence", EVERYWHERE),
    Action("open", "Enter", "Open the row", LISTS),
    Action("select", "x", "Select the row", LISTS),
    Action("select-all", "Shift+X", "Select all rows shown, or none", LISTS),
    Action("arrived", "g n", "Show what is new", LISTS),
    Action("views", "w", "Saved views", LISTS),
    Action("act-on-many", "b", "Act on many", LISTS),
    Action("mark-read", "m", "Mark the ticked as read", LISTS),
    Action("mark-unread", "u", "Mark the ticked as unread", LISTS),
    Action("mark-all-read", "Shift+M", "Mark all as read", LISTS),
    Action("approve", "a", "Approve", TASK),
    Action("reject", "r", "Reject", TASK),
    Action("edit", "e", "Edit and approve", TASK),
    Action("escalate", "Shift+E", "Escalate", TASK),
    Action("question", "q", "Ask for information", TASK),
    Action("pass-on", "p", "Conflict, pass on", TASK),
    Action("skip", "s", "Skip or give back", TASK),
    Action("hold", "h", "Hold for help", TASK),
    Action("comment", "c", "Comment", TASK),
    *(
        Action(f"reason-{digit}", str(digit), f"Reason {digit}", TASK)
        for digit in range(1, 10)
    ),
    Action("insert-text", "Control+i", "Insert the reason's text", TASK),
    Action("diff", "d", "How differences are shown", TASK),
    Action("reveal", "v", "Show the model's view", TASK),
    Action("previous-source", "[", "Previous source", TASK),
    Action("next-source", "]", "Next source", TASK),
    Action("side-by-side", "o", "Sources side by side", TASK),
    Action("zoom-in", "+", "Picture larger", TASK),
    Action("zoom-out", "-", "Picture smaller", TASK),
    Action("fit", "0", "Picture as wide as its pane", TASK),
    Action("rotate", "Shift+R", "Turn the picture", TASK),
    Action("more", "y", "More acts", TASK),
    Action("give-back", "Shift+G", "Give back", TASK),
    Action("last-ten", "Shift+Z", "My last ten decisions", EVERYWHERE),
    Action("case", "i", "The whole case", TASK),
    Action("commit", "Control+Enter", "Sign and take next", TASK),
    Action("undo", "z", "Undo the last verdict", EVERYWHERE),
    Action("actions", ".", "What can be done here", EVERYWHERE),
    Action("search", "/", "Search", EVERYWHERE),
    Action("try", "t", "Try the decision", CASES),
    Action("go-queues", "g q", "Go to the queues", EVERYWHERE),
    Action("go-mine", "g m", "Go to my work", EVERYWHERE),
    Action("go-next", "g u", "Go to what comes next", EVERYWHERE),
    Action("go-availability", "g y", "Go to the availability", EVERYWHERE),
    Action("go-dashboard", "g d", "Go to the dashboard", EVERYWHERE),
    Action("go-processes", "g p", "Go to the processes", EVERYWHERE),
    Action("go-instances", "g i", "Go to the instances", EVERYWHERE),
    Action("go-incidents", "g x", "Go to the incidents", EVERYWHERE),
    Action("go-approvals", "g v", "Go to the approvals", EVERYWHERE),
    Action("go-policies", "g o", "Go to the policies", EVERYWHERE),
    Action("go-stops", "g h", "Go to what is stopped", EVERYWHERE),
    Action("go-objectives", "g e", "Go to the objectives and alerts", EVERYWHERE),
    Action("go-audit", "g a", "Go to the audit search", EVERYWHERE),
    Action("go-told", "g t", "Go to the notifications", EVERYWHERE),
    Action("go-settings", "g s", "Go to your settings", EVERYWHERE),
    Action("copy-link", "l", "Copy this page's link", EVERYWHERE),
    Action("palette", "Control+k", "Commands and search", EVERYWHERE),
    Action("help", "?", "All keys", EVERYWHERE),
    Action("back", "Escape", "Back, or close", EVERYWHERE),
)
BY_NAME: Final = {action.name: action for action in ACTIONS}


def is_key(text: str) -> bool:
    """Tell whether a text spells a key: "a", "Shift+E", "g q" or "Control+Enter"."""
    presses = text.split(" ") if text != " " else [text]
    if not 1 <= len(presses) <= 2 or text in RESERVED:
        return False
    if len(presses) == 2 and any("Control+" in press for press in presses):
        return False
    return all(_is_press(press) for press in presses)


def is_single(key: str) -> bool:
    """Tell whether a key works without Ctrl, so that switching single keys off ends it."""
    return not key.startswith("Control+")


def read_keys(changed: Mapping[str, object]) -> dict[str, str]:
    """Return a person's changes by action, without what this version does not know.

    What the map holds came from a form once checked; an action may be gone since.
    """
    return {
        name: key
        for name, key in changed.items()
        if name in BY_NAME and isinstance(key, str) and key and is_key(key)
    }


def map_keys(changed: Mapping[str, object]) -> dict[str, str]:
    """Return a person's own keys by the default key that templates name."""
    return {
        BY_NAME[name].key: key
        for name, key in read_keys(changed).items()
        if BY_NAME[name].key != key
    }


def find_conflicts(changed: Mapping[str, str]) -> list[tuple[Action, Action, str]]:
    """Return pairs of actions that would take the same key on one screen.

    A single key that begins another's sequence takes it too: "g" ends "g q".
    """
    keys = {action.name: changed.get(action.name, action.key) for action in ACTIONS}
    found = []
    for at, first in enumerate(ACTIONS):
        for second in ACTIONS[at + 1 :]:
            one, other = keys[first.name], keys[second.name]
            if second.where in _TOGETHER[first.where] and _collide(one, other):
                found.append((first, second, min(one, other, key=len)))
    return found


def _collide(one: str, other: str) -> bool:
    return one == other or other.startswith(f"{one} ") or one.startswith(f"{other} ")


def _is_press(press: str) -> bool:
    if not _PRESS.fullmatch(press):
        return False
    last = press.removeprefix("Control+")
    return len(last) == 1 or last.startswith("Shift+") or last in NAMED
