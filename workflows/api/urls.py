"""Addresses of the API, below `/api/`."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from workflows.api import views

urlpatterns = [
    path("v1/instances", views.start_instance, name="api-instances"),
    path("v1/instances/<uuid:instance_id>", views.show_instance, name="api-instance"),
    path("v1/instances/<uuid:instance_id>/steps", views.show_steps, name="api-steps"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", views.docs, name="api-docs"),
]
