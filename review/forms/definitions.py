"""Drafts of definitions and changes of them: upload, version, what goes along, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms

from review.core.changes import Migration
from review.forms.acts import ReasonForm
from review.forms.versions import MappingRow

_TEXT: Final = {"class": "input", "autocomplete": "off"}


class PackageFilesField(forms.FileField):
    """Any number of files."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files, each looked at as a single one would be."""
        given = data if isinstance(data, list | tuple) else [data]
        found: list[Any] = []
        for one in given:
            cleaned: Any = super().clean(one, initial)
            found.append(cleaned)
        return found


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class UploadForm(forms.Form):
    """A zip package, or single files that take their place in one."""

    uploads = PackageFilesField(
        label="Files",
        widget=_ManyFiles(
            attrs={
                "class": "input",
                "accept": ".zip,.bpmn,.dmn,.json,.toml,.md,.txt,.csv,.png,.svg",
            }
        ),
        help_text="A .zip replaces the whole package; .bpmn, .dmn, form .json and others"
        " take the place of the file of that name.",
        error_messages={"required": "Choose a file."},
    )


class NewPackageForm(UploadForm):
    """A package, or a BPMN file alone with what package.toml would say."""

    key = forms.SlugField(
        label="Key",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": "travel-declaration"}),
        help_text="Only for a BPMN file that comes without package.toml.",
    )

    field_order = ["uploads", "key"]


class VersionForm(forms.Form):
    """Which version the draft is to become."""

    version = forms.CharField(
        label="Version",
        max_length=50,
        widget=forms.TextInput(attrs={**_TEXT, "class": "input is-short"}),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)


class RevisionForm(forms.Form):
    """An act on a draft as it was seen."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class NewTableForm(RevisionForm):
    """A decision table that a draft does not have yet."""

    name = forms.CharField(
        label="New decision table",
        max_length=100,
        widget=forms.TextInput(
            attrs={**_TEXT, "class": "input is-short", "placeholder": "Credit limit"}
        ),
    )


class RemoveForm(RevisionForm):
    """Which file of a draft is taken away."""

    path = forms.CharField(max_length=300, widget=forms.HiddenInput)


class SaveForm(RevisionForm):
    """One model as the modeler has it."""

    file = forms.CharField(max_length=300)
    xml = forms.CharField(max_length=5 * 1024 * 1024, strip=False)


@dataclass(frozen=True, slots=True)
class Going:
    """Instances of one version that may go along, and the nodes to map."""

    source_id: int
    version: str
    live: int
    rows: Sequence[MappingRow]


class ChangeForm(ReasonForm):
    """Why a definition is changed, and which running instances go along how."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        going: Sequence[Going] = (),
        needs_reason: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.going = going
        self.fields["reason"].required = needs_reason
        for one in going:
            self.fields[f"take:{one.source_id}"] = forms.BooleanField(
                label=f"Take the {one.live:,} running instances of {one.version} along",
                required=False,
            )
            for row in one.rows:
                self.fields[_name(one, row)] = forms.ChoiceField(
                    label=row.label,
                    choices=[("", "no counterpart"), *row.choices],
                    required=False,
                    initial=row.suggested,
                    widget=forms.Select(attrs={"class": "input"}),
                )

    def read_migrations(self) -> list[Migration]:
        """Return what goes along; call it on a valid form."""
        return [
            Migration(
                source_id=one.source_id,
                source_version=one.version,
                nodes={
                    row.node_id: self.cleaned_data[_name(one, row)]
                    for row in one.rows
                    if self.cleaned_data[_name(one, row)]
                },
            )
            for one in self.going
            if self.cleaned_data[f"take:{one.source_id}"]
        ]

    def list_blocks(self) -> list[dict[str, Any]]:
        """Return what the page shows of each version: its box and its mapping."""
        return [
            {
                "version": one.version,
                "live": f"{one.live:,}",
                "take": self[f"take:{one.source_id}"],
                "lines": [
                    {
                        "field": self[_name(one, row)],
                        "label": row.label,
                        "live": f"{row.live:,}",
                    }
                    for row in one.rows
                ],
            }
            for one in self.going
        ]


class RollBackForm(ReasonForm):
    """Which version new instances shall follow, and why."""

    target = forms.TypedChoiceField(
        label="New instances follow",
        coerce=int,
        widget=forms.Select(attrs={"class": "input"}),
    )

    field_order = ["target", "reason"]

    def __init__(
        self, *args: Any, targets: Sequence[tuple[int, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["target"].choices = list(targets)  # type: ignore[attr-defined]


def _name(going: Going, row: MappingRow) -> str:
    return f"node:{going.source_id}:{row.node_id}"
