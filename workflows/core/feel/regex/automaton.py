"""A matcher that keeps every possibility at once and never goes back.

After Ken Thompson's construction with captures by priority, as Rob Pike's matcher does
it: the time is bounded by text times program, whatever the pattern.
"""

from bisect import bisect_right
from typing import NamedTuple

from workflows.core.feel.limits import Run
from workflows.core.feel.regex import sets
from workflows.core.feel.regex import syntax as p

MAX_PROGRAM = 6000
_SPLIT, _JUMP, _SAVE, _ASSERT, _CHAR, _MATCH = range(6)


class Step(NamedTuple):
    """One instruction: its kind, one or two targets, and its data."""

    kind: int
    first: int = 0
    second: int = 0
    ranges: sets.Ranges = ()
    starts: tuple[int, ...] = ()
    sign: str = ""


Captures = tuple[int | None, ...]


class Automaton:
    """A compiled program; PatternError when the pattern is too large for one."""

    def __init__(self, part: p.Part, groups: int, flags: str) -> None:
        """Compile; `flags` i and m change how characters and anchors compare."""
        self.groups = groups
        self.fold = "i" in flags
        self.multiline = "m" in flags
        self.program: list[Step] = []
        self._emit(p.Group(part, 0))
        self._add(Step(_MATCH))

    # ---- compiling

    def _add(self, step: Step) -> int:
        if len(self.program) >= MAX_PROGRAM:
            raise p.PatternError("the pattern is too large")
        self.program.append(step)
        return len(self.program) - 1

    def _emit(self, part: p.Part) -> None:
        if isinstance(part, p.Chars):
            starts = tuple(low for low, _ in part.ranges)
            self._add(Step(_CHAR, ranges=part.ranges, starts=starts))
        elif isinstance(part, p.Sequence):
            for inner in part.parts:
                self._emit(inner)
        elif isinstance(part, p.Choice):
            self._emit_choice(part)
        elif isinstance(part, p.Repeat):
            self._emit_repeat(part)
        elif isinstance(part, p.Group):
            self._add(Step(_SAVE, part.number * 2))
            self._emit(part.part)
            self._add(Step(_SAVE, part.number * 2 + 1))
        elif isinstance(part, p.Anchor):
            self._add(Step(_ASSERT, sign=part.sign))
        else:
            raise p.PatternError(
                "a pattern with back-references and this much freedom could run for "
                "too long"
            )

    def _emit_choice(self, part: p.Choice) -> None:
        jumps = []
        for option in part.options[:-1]:
            split = self._add(Step(_SPLIT))
            self._emit(option)
            jumps.append(self._add(Step(_JUMP)))
            self.program[split] = Step(_SPLIT, split + 1, len(self.program))
        self._emit(part.options[-1])
        for jump in jumps:
            self.program[jump] = Step(_JUMP, len(self.program))

    def _emit_repeat(self, part: p.Repeat) -> None:
        for _ in range(part.least):
            self._emit(part.part)
        if part.most is None:
            split = self._add(Step(_SPLIT))
            self._emit(part.part)
            self._add(Step(_JUMP, split))
            self._close(split, part.greedy)
            return
        splits = []
        for _ in range(part.most - part.least):
            splits.append(self._add(Step(_SPLIT)))
            self._emit(part.part)
        for split in splits:
            self._close(split, part.greedy)

    def _close(self, split: int, greedy: bool) -> None:  # noqa: FBT001
        """Point a split into its part and past it, in the order of preference."""
        inside, past = split + 1, len(self.program)
        self.program[split] = (
            Step(_SPLIT, inside, past) if greedy else Step(_SPLIT, past, inside)
        )

    # ---- matching

    def find(self, text: str, start: int, run: Run) -> Captures | None:
        """Ends of the groups of the first match at or after `start`; None without."""
        empty: Captures = (None,) * (2 * self.groups + 2)
        threads: list[tuple[int, Captures]] = []
        best: Captures | None = None
        for place in range(start, len(text) + 1):
            if best is None:
                self._follow(0, empty, place, text, threads)
            if not threads and best is not None:
                break
            run.spend(3 + 3 * len(threads))
            threads, found = self._step(threads, text, place)
            best = found or best
        return best

    def _step(
        self, threads: list[tuple[int, Captures]], text: str, place: int
    ) -> tuple[list[tuple[int, Captures]], Captures | None]:
        """Consume one character by every thread; those after a match are dropped."""
        following: list[tuple[int, Captures]] = []
        seen: set[int] = set()
        for at, captures in threads:
            step = self.program[at]
            if step.kind == _MATCH:
                return following, captures
            if place < len(text) and self._accepts(step, text[place]):
                self._follow(at + 1, captures, place + 1, text, following, seen)
        return following, None

    def _accepts(self, step: Step, char: str) -> bool:
        if _within(step, char):
            return True
        return self.fold and (
            _within(step, char.lower()) or _within(step, char.upper())
        )

    def _follow(  # noqa: PLR0917  (the state of one walk)
        self,
        start: int,
        captures: Captures,
        place: int,
        text: str,
        threads: list[tuple[int, Captures]],
        seen: set[int] | None = None,
    ) -> None:
        """Add the threads reachable without a character, in order of preference."""
        if seen is None:
            seen = {at for at, _ in threads}
        pending = [(start, captures)]
        while pending:
            at, held = pending.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self.program[at]
            if step.kind == _JUMP:
                pending.append((step.first, held))
            elif step.kind == _SPLIT:
                pending.append((step.second, held))
                pending.append((step.first, held))
            elif step.kind == _SAVE:
                saved = (*held[: step.first], place, *held[step.first + 1 :])
                pending.append((at + 1, saved))
            elif step.kind == _ASSERT:
                if self._holds(step.sign, text, place):
                    pending.append((at + 1, held))
            else:
                threads.append((at, held))

    def _holds(self, sign: str, text: str, place: int) -> bool:
        if sign == "^":
            before = place > 0 and text[place - 1] == "\n"
            return place == 0 or (self.multiline and before)
        after = place < len(text) and text[place] == "\n"
        return place == len(text) or (self.multiline and after)


def _within(step: Step, char: str) -> bool:
    if len(char) != 1:
        return False
    code = ord(char)
    place = bisect_right(step.starts, code) - 1
    return place >= 0 and code <= step.ranges[place][1]
