"""System checks: a wrong or missing setting is named at start, with its cure.

E: the program cannot do its work like this. W: it starts, but something will be missing. With `--deploy`, what only a
public server must have. The names are the environment variables of `.env.example`.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from calls.services.numbers import is_region

_TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER")
_LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}


@register()
def carrier_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_credentials(), *_carrier_shapes()]


def _credentials() -> Iterator[CheckMessage]:
    missing = [name for name in _TWILIO if not getattr(settings, name)]
    cure = "Take all three from the Twilio console: account SID, auth token, and a number of yours as +12025550100."
    if len(missing) == len(_TWILIO):
        yield Warning("No Twilio account is set, so no call can be placed.", hint=cure, id="highway.W001")
    elif missing:
        yield Error(f"{' and '.join(missing)} not set, though the rest is.", hint=cure, id="highway.E001")


def _carrier_shapes() -> Iterator[CheckMessage]:
    if settings.TWILIO_ACCOUNT_SID and not re.fullmatch("AC[0-9a-f]{32}", settings.TWILIO_ACCOUNT_SID):
        cure = "It is AC and 32 hexadecimal digits. An API key's SID (SK…) will not do: it cannot sign webhooks."
        yield Error("TWILIO_ACCOUNT_SID is not an account SID.", hint=cure, id="highway.E002")
    if settings.TWILIO_FROM_NUMBER and not re.fullmatch(r"\+[1-9]\d{6,14}", settings.TWILIO_FROM_NUMBER):
        cure = "Write it with + and country code: +12025550100."
        yield Error("TWILIO_FROM_NUMBER is not in E.164 form.", hint=cure, id="highway.E003")
    if not _is_url(settings.TWILIO_BASE_URL, "http", "https"):
        cure = "Leave it out for Twilio itself, or give http(s)://HOST:PORT."
        yield Error("TWILIO_BASE_URL is not an absolute URL.", hint=cure, id="highway.E004")
    if settings.TWILIO_TIMEOUT_S <= 0:
        yield Error("TWILIO_TIMEOUT_S must be above 0.", hint="10 seconds is a good value.", id="highway.E005")
    if not is_region(settings.DEFAULT_REGION):
        cure = "Give the two capital letters of a country, such as US, GB or DE."
        yield Error("DEFAULT_REGION is not a known region.", hint=cure, id="highway.E006")


@register()
def voice_model_settings(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    key = settings.OPENAI_API_KEY
    cure = "Make a key with access to the Realtime API at the provider, and put it on one line."
    if not key:
        yield Warning("OPENAI_API_KEY is not set, so no call can be held.", hint=cure, id="highway.W002")
    elif not (key.isascii() and key.isprintable() and " " not in key):
        yield Error("OPENAI_API_KEY holds characters that no header can carry.", hint=cure, id="highway.E010")
    if settings.OPENAI_DIALECT not in ("ga", "beta"):
        cure = "ga is today's Realtime API; beta is the retired shape, for servers that still speak it."
        yield Error("OPENAI_DIALECT must be ga or beta.", hint=cure, id="highway.E011")
    if not _is_url(settings.OPENAI_REALTIME_URL, "ws", "wss"):
        cure = "It begins with wss:// (or ws://), as wss://api.openai.com/v1/realtime does."
        yield Error("OPENAI_REALTIME_URL is not a WebSocket URL.", hint=cure, id="highway.E012")
    if settings.OPENAI_CONNECT_TIMEOUT_S <= 0:
        yield Error("OPENAI_CONNECT_TIMEOUT_S must be above 0.", hint="10 seconds is a good value.", id="highway.E013")


@register()
def public_address(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    parts, host = _split(settings.PUBLIC_BASE_URL), _host(settings.PUBLIC_BASE_URL)
    if not parts or not _is_url(settings.PUBLIC_BASE_URL, "http", "https") or parts.path or parts.query:
        cure = "Give scheme and host alone, with no path: https://highway.example.com."
        yield Error("PUBLIC_BASE_URL is not the address of a server.", hint=cure, id="highway.E020")
        return
    if "_" in host:
        cure = "Choose another name: no certificate is issued for it, and Twilio refuses such a webhook."
        yield Error("PUBLIC_BASE_URL has a host name with an underscore.", hint=cure, id="highway.E021")
    if settings.TWILIO_ACCOUNT_SID and _is_twilio() and parts.scheme != "https":
        cure = (
            "Put a TLS proxy or tunnel before the server and give its https:// address: Twilio streams to wss:// only."
        )
        yield Error("PUBLIC_BASE_URL must be https for Twilio to reach it.", hint=cure, id="highway.E022")
    if not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        cure = f"Add {host} to ALLOWED_HOSTS (comma-separated), or every webhook is answered 400."
        yield Error("ALLOWED_HOSTS lacks the host of PUBLIC_BASE_URL.", hint=cure, id="highway.E023")


@register()
def queue_settings(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    known = ("memory", "redis", "rediss", "sentinel", "amqp", "amqps")
    if settings.CELERY_BROKER_URL.partition("://")[0] not in known:
        cure = "Use redis://HOST:6379/0 or amqp://USER:PASSWORD@HOST:5672//, or leave it out to run in one process."
        yield Error("CELERY_BROKER_URL is not a broker's URL.", hint=cure, id="highway.E030")
    if settings.REDIS_URL and settings.REDIS_URL.partition("://")[0] not in ("redis", "rediss", "unix"):
        yield Error("REDIS_URL is not a Redis URL.", hint="Use redis://HOST:6379/0.", id="highway.E031")
    if settings.EMBEDDED and settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        cure = "Set REDIS_URL or CELERY_BROKER_URL; without one, run a single web process and no worker."
        yield Warning("PostgreSQL is used with the in-memory broker.", hint=cure, id="highway.W030")


@register(Tags.security, deploy=True)
def deployment_settings(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if settings.SECRET_KEY_IS_DEVELOPMENT:
        cure = "Set SECRET_KEY to 50 random characters or more, the same in every process."
        yield Error("SECRET_KEY is the development key.", hint=cure, id="highway.E040")
    if _host(settings.PUBLIC_BASE_URL) in _LOCAL_HOSTS:
        cure = "Set it to the address under which Twilio reaches this server."
        yield Warning("PUBLIC_BASE_URL is this machine's own address.", hint=cure, id="highway.W040")
    if _is_twilio() and not settings.CALLS_PER_SECOND:
        # What comes faster than the account may call waits at Twilio, and rings at an hour nobody here has chosen.
        cure = "Set it to the calls per second of your Twilio account: 1 on a new one."
        yield Warning("CALLS_PER_SECOND is not set.", hint=cure, id="highway.W041")


def _is_twilio() -> bool:
    host = _host(settings.TWILIO_BASE_URL)
    return host == "twilio.com" or host.endswith(".twilio.com")


def _host(url: str) -> str:
    parts = _split(url)
    return (parts.hostname or "") if parts else ""


def _is_url(url: str, *schemes: str) -> bool:
    parts = _split(url)
    return bool(parts and parts.scheme in schemes and parts.hostname and not parts.fragment)


def _split(url: str) -> SplitResult | None:
    """The URL's parts, or None where its host or port cannot be read."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises where it is not a number)
    except ValueError:
        return None
    return parts if not re.search(r"\s", url) else None
