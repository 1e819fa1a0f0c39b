"""The ASGI application: Django for HTTP, Channels' routing for the media stream."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "highway.settings")
django.setup(set_prefix=False)

from calls.routing import websocket_urlpatterns  # noqa: E402  (the app registry must be ready first)
from highway.http_handler import HttpHandler  # noqa: E402

# No OriginValidator: Twilio sends no Origin header, and Channels' validator refuses sockets without one.
application = ProtocolTypeRouter({"http": HttpHandler(), "websocket": URLRouter(websocket_urlpatterns)})
