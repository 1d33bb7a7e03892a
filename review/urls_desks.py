"""Addresses of the desks of managers: incidents in groups, people."""

from django.urls import path

from review.views.instances import incident_groups
from review.views.people import people

urlpatterns = [
    path("incidents/", incident_groups.incident_list, name="incident-list"),
    path(
        "incidents/groups/<slug:key>/",
        incident_groups.incident_group,
        name="incident-group",
    ),
    path(
        "incidents/groups/<slug:key>/act/",
        incident_groups.incident_act,
        name="incident-act",
    ),
    path(
        "incidents/orders/<int:order_id>/",
        incident_groups.incident_order,
        name="incident-order",
    ),
    path("people/", people.people_list, name="people-list"),
    path("people/<int:person_id>/", people.person_detail, name="person-detail"),
    path("people/access-review/", people.access_review, name="access-review"),
]
