"""Personal settings: theme, density, zone, wellness; and the keys on a page of their own."""

import dataclasses

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from review.core.keys import read_keys
from review.dashboards.frame import house_look
from review.forms.personal import KeyForm, PreferenceForm
from review.models import Person, Preference
from review.operations.people import people
from review.views.access import screen, viewer_required
from review.views.pages import render_page


@screen()
def personal_settings(request: HttpRequest) -> HttpResponse:
    """Show and save how the person wants the screens."""
    viewer = viewer_required(request)
    current = _read(viewer.person_id)
    form = PreferenceForm(
        request.POST or None,
        instance=current,
        initial=dataclasses.asdict(viewer.look.wellness),
    )
    if request.method == "POST" and form.is_valid():
        people.change_preferences(
            person=Person.objects.get(pk=viewer.person_id),
            zone=form.cleaned_data["zone"],
            theme=form.cleaned_data["theme"],
            density=form.cleaned_data["density"],
            single_keys=form.cleaned_data["single_keys"],
            keys=read_keys(current.keys),
            wellness=house_look().wellness.differences(form.wellness()),
        )
        messages.success(request, "Your settings are saved.")
        return redirect("personal-settings")
    context = {
        "page_title": "Settings",
        "form": form,
        "changed_keys": len(viewer.look.keys),
    }
    return render_page(request, "review/people/personal_settings.html", context)


@screen()
def settings_keys(request: HttpRequest) -> HttpResponse:
    """Show and save which key does what."""
    current = _read(viewer_required(request).person_id)
    form = KeyForm(request.POST or None, own=read_keys(current.keys))
    if request.method == "POST" and form.is_valid():
        _keep_keys(current, form.changed())
        messages.success(request, "Your keys are saved.")
        return redirect("settings-keys")
    context = {"page_title": "Keys", "form": form, "is_own": bool(current.keys)}
    status = 400 if form.errors else 200
    return render_page(
        request, "review/people/settings_keys.html", context, status=status
    )


@require_POST
@screen()
def settings_keys_reset(request: HttpRequest) -> HttpResponse:
    """Give every action its default key again."""
    _keep_keys(_read(viewer_required(request).person_id), {})
    messages.success(request, "Every key is the default again.")
    return redirect("settings-keys")


def _read(person_id: int) -> Preference:
    """Return the person's preferences; who has chosen nothing sees the house's."""
    kept = Preference.objects.filter(person_id=person_id).first()
    if kept is not None:
        return kept
    house = house_look()
    return Preference(
        person_id=person_id, zone=house.zone, theme=house.theme, density=house.density
    )


def _keep_keys(current: Preference, keys: dict[str, str]) -> None:
    people.change_preferences(
        person=Person.objects.get(pk=current.person_id),
        zone=current.zone,
        theme=current.theme,
        density=current.density,
        single_keys=current.single_keys,
        keys=keys,
    )
