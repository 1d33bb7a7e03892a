"""Addresses of stops, objectives and alerts."""

from django.urls import path

from review.views import stops

urlpatterns = [
    path("stops/", stops.stop_list, name="stop-list"),
    path("stops/new/", stops.stop_new, name="stop-new"),
    path("stops/<int:stop_id>/", stops.stop_detail, name="stop-detail"),
    path("stops/<int:stop_id>/extend/", stops.stop_extend, name="stop-extend"),
    path("stops/<int:stop_id>/ask/", stops.stop_ask, name="stop-ask"),
    path("stops/<int:stop_id>/lift/", stops.stop_lift, name="stop-lift"),
    path("stops/<int:stop_id>/refuse/", stops.stop_refuse, name="stop-refuse"),
]
