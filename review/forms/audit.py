"""Forms of the auditor's desk. What facets mean is for core/evidence/facets.py to say."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict

from review.core.evidence.facets import MACHINES, Facets, UnreadableFacet, read_facets
from review.core.evidence.sampling import Method
from review.core.states import Decision, Outcome, Role
from review.filters import SEARCH
from review.models import AuditList
from review.operations.evidence.papers import LONGEST_CONCLUSION
from workflows.operations.errors import Invalid

_INPUT: Final = {"class": "input"}
_YES_NO: Final = (("", "Any"), ("yes", "Yes"), ("no", "No"))
_LIST: Final = "list"


def _words(values: Sequence[str]) -> list[tuple[str, str]]:
    return [
        ("", "Any"),
        *((value, value.replace("_", " ").capitalize()) for value in values),
    ]


def _text(label: str, *, hint: str = "", known: str = "") -> forms.CharField:
    attributes = {**_INPUT, "placeholder": hint} if hint else dict(_INPUT)
    if known:
        attributes[_LIST] = known
    return forms.CharField(
        label=label, required=False, widget=forms.TextInput(attrs=attributes)
    )


def _choice(label: str, options: Sequence[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=options, widget=forms.Select(attrs=_INPUT)
    )


def _day(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={**_INPUT, "type": "date"}),
    )


def _amount(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={**_INPUT, "inputmode": "decimal"}),
    )


class AuditSearchForm(forms.Form):
    """The facets of the audit search; days are whole days of the auditor's zone."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(
            attrs={
                **SEARCH,
                "placeholder": "Case, name, kind, hash",
            }
        ),
    )
    kind = _text("What happened", hint="verdict.submitted, task.*", known="kinds")
    bypass = _choice("Bypasses and lookups", [("", "Any"), ("yes", "Only these")])
    actor = _text("Who", hint="A name, or person:42")
    role = _choice("Acting as", _words([*(word.value for word in Role), *MACHINES]))
    definition = _text("Process", hint="Key", known="definitions")
    version = _text("Its version", hint="1.2.0")
    queue = _text("Queue", hint="Key", known="queues")
    policy = _text("Rule or policy version", hint="As the verdict names it")
    model = _text("Model version")
    decision = _choice("A verdict", _words([word.value for word in Decision]))
    outcome = _choice("Outcome", _words([word.value for word in Outcome]))
    overturned = _choice("Model overturned", _YES_NO)
    four_eyes = _choice("Four eyes", _YES_NO)
    sla = _choice("SLA breached", _YES_NO)
    least = _amount("Amount from")
    most = _amount("Amount to")
    since = _day("From")
    until = _day("To")

    GROUPS: Final = (
        ("", ("q",)),
        ("Entry", ("kind", "bypass", "actor", "role", "since", "until")),
        ("Case", ("definition", "version", "queue", "least", "most")),
        (
            "Decision",
            (
                "decision", "outcome", "overturned", "four_eyes", "sla", "policy",
                "model",
            ),
        ),
    )  # fmt: skip

    def __init__(
        self, data: Mapping[str, str] | QueryDict, *, zone: str, person_id: int
    ) -> None:
        super().__init__(data)
        self.zone = zone
        self.person_id = person_id
        self.found: Facets = Facets()

    def clean(self) -> dict[str, Any]:
        """Read the facets; what cannot be read is said at its field."""
        try:
            self.found = read_facets(self.strings())
        except UnreadableFacet as error:
            name = error.name if error.name in self.fields else None
            self.add_error(name, str(error))
        self._check_list()
        return self.cleaned_data

    def _check_list(self) -> None:
        """Refuse cases that somebody else found by personal data: whose is his to know."""
        listed = self.found.found
        if listed is None:
            return
        own = AuditList.objects.filter(id=listed, owner_id=self.person_id)
        if not own.exists():
            self.found = Facets()
            self.add_error(None, "You found no such cases; search by the data again.")

    def strings(self) -> dict[str, str]:
        """Return what was filled in, as a saved search or a selection keeps it."""
        names = (*self.fields, "found")
        given = {name: str(self.data.get(name, "")).strip() for name in names}
        told = {name: text for name, text in given.items() if text}
        if told.keys() & {"since", "until"}:
            told["zone"] = self.zone
        return told

    @property
    def groups(self) -> list[dict[str, object]]:
        """Return the fields as the page groups them; a group in use is open."""
        return [
            {
                "label": label,
                "fields": [self[name] for name in names],
                "is_open": any(self.data.get(name) for name in names)
                or label == "Entry",
            }
            for label, names in self.GROUPS
        ]


def read_search(given: QueryDict, *, zone: str, person_id: int) -> AuditSearchForm:
    """Return the search that an act was asked for. Raises Invalid for one that is none."""
    search = AuditSearchForm(given, zone=zone, person_id=person_id)
    if not search.is_valid():
        raise Invalid("This search cannot be read; start from the search page.")
    return search


class PersonalSearchForm(forms.Form):
    """Look for somebody's data; the words themselves are kept nowhere."""

    words = forms.CharField(
        label="Words of the data",
        min_length=3,
        max_length=200,
        widget=forms.TextInput(attrs={**_INPUT, "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Why you search by somebody's data",
        max_length=500,
        widget=forms.TextInput(attrs=_INPUT),
    )


class SaveSearchForm(forms.Form):
    """The name that a search is kept under."""

    name = forms.CharField(
        label="Name", max_length=80, widget=forms.TextInput(attrs=_INPUT)
    )


class UnmaskForm(forms.Form):
    """Why personal data of one case is to be seen."""

    reason = forms.CharField(
        label="Why you need to see it",
        max_length=500,
        widget=forms.TextInput(attrs=_INPUT),
    )


METHODS: Final = (
    (Method.DISCOVERY.value, "Discovery: is there one at all?"),
    (Method.RANDOM.value, "Random"),
    (Method.SYSTEMATIC.value, "Fixed interval"),
    (Method.STRATIFIED.value, "Stratified"),
    (Method.MONETARY_INTERVAL.value, "Monetary unit, fixed interval"),
    (Method.MONETARY_CELL.value, "Monetary unit, one of each cell"),
)
STRATA: Final = (
    ("definition", "Process"),
    ("outcome", "Outcome"),
    ("control", "Control the grid asked for"),
    ("queue", "Queue"),
    ("month", "Month of opening"),
)


class SampleForm(forms.Form):
    """How a sample is planned. The population is the search it came from."""

    title = forms.CharField(
        label="Title", max_length=200, widget=forms.TextInput(attrs=_INPUT)
    )
    method = forms.ChoiceField(
        label="Method", choices=METHODS, widget=forms.Select(attrs=_INPUT)
    )
    confidence = forms.DecimalField(
        label="Confidence, %",
        initial=95,
        min_value=50,
        max_value=99.9,
        widget=forms.NumberInput(attrs={**_INPUT, "step": "any"}),
    )
    tolerable = forms.DecimalField(
        label="Tolerable rate, %",
        initial=5,
        min_value=0,
        max_value=99.9,
        help_text="Of deviations; of the value for monetary units.",
        widget=forms.NumberInput(attrs={**_INPUT, "step": "any"}),
    )
    expected = forms.DecimalField(
        label="Expected rate, %",
        initial=0,
        min_value=0,
        max_value=99.9,
        widget=forms.NumberInput(attrs={**_INPUT, "step": "any"}),
    )
    is_finite = forms.BooleanField(
        label="Allow for a small population (without replacement)", required=False
    )
    size = forms.IntegerField(
        label="Another size",
        required=False,
        min_value=1,
        max_value=5000,
        help_text="Left empty it is worked out from the rates.",
        widget=forms.NumberInput(attrs=_INPUT),
    )
    stratify = forms.ChoiceField(
        label="Strata by", choices=STRATA, widget=forms.Select(attrs=_INPUT)
    )
    seed = forms.CharField(
        label="Seed",
        max_length=100,
        help_text="Choose it before you see the population: a date, a drawn number.",
        widget=forms.TextInput(attrs={**_INPUT, "class": "input mono"}),
    )
    exclusions = forms.CharField(
        label="Left out",
        required=False,
        help_text="One case in each line: its id, a space, why.",
        widget=forms.Textarea(attrs={"class": "input mono", "rows": 3}),
    )


class SignOffForm(forms.Form):
    """What a working paper concludes."""

    conclusion = forms.CharField(
        label="Conclusion",
        max_length=LONGEST_CONCLUSION,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
    )
