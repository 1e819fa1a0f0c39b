"""The ASGI application: Django for HTTP, Channels' routing for the media stream."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "highway.settings")
http = get_asgi_application()

from calls.routing import websocket_urlpatterns  # noqa: E402  (the app registry must be ready first)

# No OriginValidator: Twilio sends no Origin header, and Channels' validator refuses sockets without one.
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})
