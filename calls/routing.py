"""The websockets: Twilio's media streams, staff who listen in, and who watch a campaign."""

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from calls.campaign_live import CampaignConsumer
from calls.consumers import MediaStreamConsumer
from calls.listen_consumer import ListenConsumer

websocket_urlpatterns = [
    path("media-stream/<int:verification_id>/<int:call_id>", MediaStreamConsumer.as_asgi()),
    path("listen/<int:call_id>", AllowedHostsOriginValidator(AuthMiddlewareStack(ListenConsumer.as_asgi()))),
    path(
        "campaigns/<int:campaign_id>/live",
        AllowedHostsOriginValidator(AuthMiddlewareStack(CampaignConsumer.as_asgi())),
    ),
]
