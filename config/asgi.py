"""Entry point of ASGI servers: pages over HTTP, live hints over WebSocket."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from channels.sessions import CookieMiddleware
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

# Consumers reach models, which exist only once the line above has set Django up.
from django.conf import settings  # noqa: E402

from review.ws_urls import urlpatterns  # noqa: E402

application = ProtocolTypeRouter({
    "http": pages,
    # Full origins on purpose: a host alone would let any scheme and port in.
    "websocket": OriginValidator(
        # Channels types its routes as applications, Django's path() as views.
        CookieMiddleware(URLRouter(urlpatterns)),  # type: ignore[arg-type]
        settings.ORIGINS,
    ),
})
