"""Addresses of sockets."""

from django.urls import path

from review.consumers import HintsConsumer

# Channels routes ASGI applications by Django's own patterns, which are typed for views.
urlpatterns = [
    path("ws/hints/", HintsConsumer.as_asgi()),  # type: ignore[arg-type]
]
