"""Where the parts' addresses begin; every view requires sign-in unless it says not."""

from django.urls import include, path

from config import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("ops/", include("config.operations")),
    path("api/", include("workflows.api.urls")),
    path("", include("review.urls")),
]
