"""Personal settings: theme, density, keys, zone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from review.forms.personal import PreferenceForm
from review.models import Person, Preference
from review.operations import people
from review.views.access import screen, viewer_required
from review.views.pages import render_page


@screen()
def personal_settings(request: HttpRequest) -> HttpResponse:
    """Show and save how the person wants the screens."""
    person_id = viewer_required(request).person_id
    current = Preference.objects.filter(person_id=person_id).first()
    form = PreferenceForm(
        request.POST or None, instance=current or Preference(person_id=person_id)
    )
    if request.method == "POST" and form.is_valid():
        people.change_preferences(
            person=Person.objects.get(pk=person_id),
            zone=form.cleaned_data["zone"],
            theme=form.cleaned_data["theme"],
            density=form.cleaned_data["density"],
            single_keys=form.cleaned_data["single_keys"],
            keys=current.keys if current else {},
        )
        messages.success(request, "Your settings are saved.")
        return redirect("personal-settings")
    context = {"page_title": "Settings", "form": form}
    return render_page(request, "review/personal_settings.html", context)
