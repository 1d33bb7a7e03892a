"""What softens pictures and sound that are hard to look at. Pure.

The organisation says the defaults, each person what differs for them. Whether blur
protects anybody is disputed (Das 2020 for it, Lewitzka 2026 against), so nothing here
is promised to; it is offered.
"""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Final, Self

BLURS: Final = (0, 1, 2, 3)
THUMBNAILS: Final = ("small", "medium", "large")
WORDS: Final = (
    "blur",
    "strong-blur",
    "greyscale",
    "mute",
    "hover-to-reveal",
    "small",
    "medium",
    "large",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Wellness:
    """How pictures and sound of a task are shown.

    `blur` is 0 (none) to 3; with `hover` a picture is clear while it is pointed at
    or has the focus.
    """

    blur: int = 0
    greyscale: bool = False
    mute: bool = True
    hover: bool = True
    thumbnails: str = "medium"

    @classmethod
    def of_words(cls, words: Collection[str]) -> Self:
        """Return the organisation's defaults from the words of its setting."""
        if not words:
            return cls()
        sizes = [word for word in THUMBNAILS if word in words]
        return cls(
            blur=3 if "strong-blur" in words else 2 if "blur" in words else 0,
            greyscale="greyscale" in words,
            mute="mute" in words,
            hover="hover-to-reveal" in words,
            thumbnails=sizes[0] if sizes else "medium",
        )

    def override(self, own: Mapping[str, object]) -> Self:
        """Return these with what a person has changed; unknown values change nothing."""
        known: dict[str, tuple[object, ...]] = {
            "blur": BLURS,
            "greyscale": (True, False),
            "mute": (True, False),
            "hover": (True, False),
            "thumbnails": THUMBNAILS,
        }
        changed = {
            name: value
            for name, value in own.items()
            if name in known and value in known[name]
        }
        return dataclasses.replace(self, **changed)  # type: ignore[arg-type]

    def differences(self, wanted: "Wellness") -> dict[str, object]:
        """Return what of `wanted` differs from these, to be kept for a person.

        What a person left as the organisation has it follows the organisation later.
        """
        return {
            field.name: getattr(wanted, field.name)
            for field in dataclasses.fields(self)
            if getattr(wanted, field.name) != getattr(self, field.name)
        }
