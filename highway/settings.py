"""Settings, all from the environment with safe defaults; `.env.example` lists them, calls/checks.py checks them."""

import os
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from highway.env import BASE_DIR, DATA_DIR, development_secret, env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_IS_DEVELOPMENT = not SECRET_KEY
if SECRET_KEY_IS_DEVELOPMENT:
    SECRET_KEY = development_secret()

PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_BASE_URL])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",
    "import_export",
    "calls",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "highway.urls"
ASGI_APPLICATION = "highway.asgi.application"
# /call-customer and Twilio's signed URLs are exact: a redirect would turn a POST into a GET and void a signature.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- database: SQLite (WAL) where nothing is set, PostgreSQL (pooled) by DATABASE_URL ------------------------------
_SQLITE_URL = f"sqlite:///{quote(str(DATA_DIR / 'highway.sqlite3'))}"
DATABASES: dict[str, Any] = {"default": env.db_url("DATABASE_URL", default=_SQLITE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that reads first and writes later would otherwise fail with "database is locked"
        # at once, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # A file, as in use: connections of several threads to a database in memory share one lock, and fail on it at once.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")}
else:
    # Beside the URL's own options, such as ?sslmode=verify-full.
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=10),
        "timeout": 10,
    }

# -- Celery and Channels: in this process where nothing is set, Redis or RabbitMQ by URL ----------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or "memory://")
EMBEDDED = CELERY_BROKER_URL == "memory://"
"""With no broker, worker and beat run as threads of the web process (manage.py serve)."""
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "dial-due": {"task": "calls.tasks.dial_due", "schedule": timedelta(seconds=2), "options": {"expires": 10}},
    "campaigns-run": {
        "task": "calls.tasks.campaigns_run",
        "schedule": timedelta(seconds=0.5),
        "options": {"expires": 2},
    },
    "settle-stuck": {"task": "calls.tasks.settle_stuck", "schedule": timedelta(seconds=5), "options": {"expires": 10}},
    "deliver-webhooks": {
        "task": "calls.tasks.deliver_webhooks",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 10},
    },
    "pulse": {"task": "calls.tasks.pulse", "schedule": timedelta(seconds=10), "options": {"expires": 30}},
    "forget-old": {"task": "calls.tasks.forget_old", "schedule": timedelta(hours=1), "options": {"expires": 600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
if EMBEDDED:
    # kombu polls its in-memory queues once a second; a nudge should not wait for that.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.02}
CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }

CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}

# -- the carrier ------------------------------------------------------------------------------------------------
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM_NUMBER = env.str("TWILIO_FROM_NUMBER", default="")
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="https://api.twilio.com").rstrip("/")
TWILIO_TIMEOUT_S = env.float("TWILIO_TIMEOUT_S", default=10.0)
DEFAULT_REGION = env.str("DEFAULT_REGION", default="US")
# Shared by all workers; 0 does not limit. Campaigns have limits of their own besides.
CALLS_PER_SECOND = env.float("CALLS_PER_SECOND", default=0.0)
CALLS_PER_SECOND_PER_NUMBER = env.float("CALLS_PER_SECOND_PER_NUMBER", default=0.0)
MAX_CONCURRENT_CALLS = env.int("MAX_CONCURRENT_CALLS", default=0)
MAX_CONCURRENT_CALLS_PER_NUMBER = env.int("MAX_CONCURRENT_CALLS_PER_NUMBER", default=0)

# -- the voice model ----------------------------------------------------------------------------------------------
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_REALTIME_URL = env.str("OPENAI_REALTIME_URL", default="wss://api.openai.com/v1/realtime")
OPENAI_DIALECT = env.str("OPENAI_DIALECT", default="ga")
OPENAI_CONNECT_TIMEOUT_S = env.float("OPENAI_CONNECT_TIMEOUT_S", default=10.0)

# -- integrators ----------------------------------------------------------------------------------------------------
DATA_KEYS = env.list("DATA_KEYS", default=[])
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=False)
CREDITS_PER_CALL = env.int("CREDITS_PER_CALL", default=1)

# -- attempts ------------------------------------------------------------------------------------------------------
MAX_FAILED_VERIFICATIONS = env.int("MAX_FAILED_VERIFICATIONS", default=3)

# -- recordings -----------------------------------------------------------------------------------------------------
RECORD_CALLS = env.bool("RECORD_CALLS", default=True)
RECORDINGS_DIR = DATA_DIR / "recordings"

# -- campaigns ------------------------------------------------------------------------------------------------------
UPLOADS_DIR = DATA_DIR / "uploads"
# Who is told by mail when a campaign pauses itself.
STAFF_EMAILS = env.list("STAFF_EMAILS", default=[])
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="highway@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# -- the admin ------------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
LOGIN_REDIRECT_URL = "admin:index"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
# A cell that begins with = + - @ is a formula to a spreadsheet, and names are written by strangers.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
UNFOLD = {
    "SITE_TITLE": "Highway",
    "SITE_HEADER": "Highway",
    "SITE_SUBHEADER": "Phone verification calls",
    "SITE_SYMBOL": "call",
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "calls.admin.dashboard.context",
    "SIDEBAR": {"navigation": "calls.admin.navigation.sidebar"},
    "SHOW_VIEW_ON_SITE": False,
}

# -- transport security: on wherever the public address is https --------------------------------------------------
_HTTPS = PUBLIC_BASE_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=_HTTPS) else None
SECURE_SSL_REDIRECT = _HTTPS
# Asked from within, by plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_HSTS_SECONDS = 31536000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
X_FRAME_OPTIONS = "DENY"

# -- logs: ids and codes only; what a person said, keys and numbers never reach a logger ---------------------------
LOG_LEVEL = env.one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # The twilio client logs whole requests at INFO: number, URL and all.
        "twilio": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # Below WARNING, websockets logs every frame and header, the bearer key among them.
        "websockets": {"level": "WARNING"},
        # It warns at each start that memory:// names no host.
        "kombu.connection": {"level": "ERROR"},
    },
}
