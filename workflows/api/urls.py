"""Addresses of the API, below `/api/`."""

urlpatterns: list[object] = []
