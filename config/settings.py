"""Settings of every environment, read from the variables listed in docs/settings.md.

Nothing here writes or connects. A word that is not understood, an unknown COUNTERSIGN_
variable and an unsafe production value each stop the program with one sentence.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from csp.constants import NONCE, NONE, SELF

from config.env import Environment, InvalidSetting

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# -- Where we run ----------------------------------------------------------------------

ENVIRONMENT = env.choice(
    "COUNTERSIGN_ENV", "local", words=["local", "test", "production"]
)
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.boolean("COUNTERSIGN_DEBUG", default=False)
DATA_DIR = env.path("COUNTERSIGN_DATA_DIR", BASE_DIR / "var")
ALLOWED_HOSTS = env.listing(
    "COUNTERSIGN_ALLOWED_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost"]
)
# Full origins of the pages: trusted for forms, and the only ones to open sockets.
ORIGINS = env.origins(
    "COUNTERSIGN_ORIGINS",
    [] if PRODUCTION else ["http://127.0.0.1:8000", "http://localhost:8000"],
)
HTTPS = env.boolean("COUNTERSIGN_HTTPS", default=PRODUCTION)
# The proxy in front must overwrite X-Forwarded-Proto, else anybody could claim https.
BEHIND_PROXY = env.boolean("COUNTERSIGN_BEHIND_PROXY", default=False)

# Read by config.local, which runs before settings exist; named here to be known.
POSTGRES_BIN = env.text("COUNTERSIGN_POSTGRES_BIN")
VALKEY_BIN = env.text("COUNTERSIGN_VALKEY_BIN")
SUPERVISOR = env.text("COUNTERSIGN_SUPERVISOR")


def _read_secret_key() -> str:
    """Return the given key, else the data directory's, else one for this process."""
    if key := env.secret("COUNTERSIGN_SECRET_KEY"):
        return key
    if PRODUCTION:
        return ""
    try:
        return (DATA_DIR / "secret_key").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return secrets.token_urlsafe(48)


SECRET_KEY = _read_secret_key()

# -- Applications ----------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "review",
    "workflows",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin.apps.SimpleAdminConfig",  # only django-rq's pages draw on it
    "channels",
    "django_rq",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "template_partials",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
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
                "csp.context_processors.nonce",
            ],
        },
    }
]

# -- PostgreSQL: the only truth --------------------------------------------------------

DATABASE_ROLE = env.choice("COUNTERSIGN_DATABASE_ROLE", "app", words=["app", "owner"])
_app_database = env.database("DATABASE_URL")
_owner_database = env.database("COUNTERSIGN_OWNER_DATABASE_URL")
_database = (
    _owner_database if DATABASE_ROLE == "owner" and _owner_database else _app_database
)
# For web processes only: a forked worker would share its parent's connections.
_pool = env.integer("COUNTERSIGN_DATABASE_POOL", 0, least=0, most=100)
if _database and _pool:
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool}
    _database["CONN_HEALTH_CHECKS"] = True  # else a restarted server breaks a request
# Without a URL the dummy backend refuses every query, so a command that was thought
# to need no database cannot wander into one.
DATABASES = {"default": _database or {"ENGINE": "django.db.backends.dummy"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Valkey: doorbell and live hints, may be flushed at any time -----------------------

REDIS_URL = env.redis("REDIS_URL") or "redis://127.0.0.1:6379/0"
RQ_QUEUES = {
    name: {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": 600,
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    for name in ("engine", "services", "notify", "bundles")
}
RQ = {"COMMIT_MODE": "auto"}  # workflows.dispatch alone decides when a bell is rung
RQ_SHOW_ADMIN_LINK = False

# -- Calls to other systems ------------------------------------------------------------

# In one engine worker process: transactions under way while many instances are due.
ENGINE_THREADS = env.integer("COUNTERSIGN_ENGINE_THREADS", 2, least=1, most=16)

# In one worker process: calls under way, and how many of them hold a thread each.
# A variable whose JSON is longer is kept apart and named by its digest.
PAYLOAD_BYTES = env.integer(
    "COUNTERSIGN_PAYLOAD_BYTES", 32_768, least=1024, most=1_048_576
)
# How long the file of a finished bundle of evidence is kept.
BUNDLE_DAYS = env.integer("COUNTERSIGN_BUNDLE_DAYS", 30, least=1, most=3650)
BUNDLE_KEPT = timedelta(days=BUNDLE_DAYS)

SERVICE_CALLS = env.integer("COUNTERSIGN_SERVICE_CALLS", 1000, least=1, most=10_000)
SERVICE_THREADS = env.integer("COUNTERSIGN_SERVICE_THREADS", 32, least=1, most=1000)

# Pages that say what to do when a handler fails; see docs/operations.md.
RUNBOOKS = env.links("COUNTERSIGN_RUNBOOKS")

# Nothing is called whose host is not in the list; see docs/notifications.md.
EGRESS_HOSTS = env.egress_hosts("COUNTERSIGN_EGRESS_HOSTS")
EGRESS_CA = env.text("COUNTERSIGN_EGRESS_CA")
# What posts to the receivers of alert rules are signed with, by name.
WEBHOOK_SECRETS = env.named_secrets("COUNTERSIGN_WEBHOOK_SECRETS")

# -- The audit log ---------------------------------------------------------------------

# Where checkpoints are left, and within how many seconds; see docs/evidence.md.
ANCHORS = env.anchors("COUNTERSIGN_ANCHORS")
ANCHOR_SECONDS = env.integer("COUNTERSIGN_ANCHOR_SECONDS", 60, least=5, most=86_400)
# What of the log strangers may read over HTTP: nothing, its hashes, or its entries too.
LOG_PUBLIC = env.choice(
    "COUNTERSIGN_LOG_PUBLIC", "nothing", words=["nothing", "hashes", "entries"]
)

# -- Mail ------------------------------------------------------------------------------

_mail = env.mail("EMAIL_URL")
SENDS_MAIL = bool(_mail.host)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 10
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starts_tls, _mail.is_tls
# The host of the first origin also names our mails and is in their links.
_site = urlsplit(ORIGINS[0]).hostname if ORIGINS else "localhost"
DEFAULT_FROM_EMAIL = env.text(
    "COUNTERSIGN_MAIL_FROM", f"Countersign <countersign@{_site}>"
)

# -- People, sessions, browsers --------------------------------------------------------

AUTH_USER_MODEL = "review.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "my-work"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
if ENVIRONMENT == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The __Host- prefix binds the cookie to this host and path, but needs https.
_cookie_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}countersign-session"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = f"{_cookie_prefix}countersign-csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = ORIGINS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# To be on browsers' preload lists is a public promise for a whole domain; it is for
# the domain's owner to give, so the check that asks for it is silent.
SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Named as Django 6 names it: on that upgrade django-csp and the lines below it go.
SECURE_CSP = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],  # covers ws:// and wss:// of the same host (CSP level 3)
    "manifest-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": SECURE_CSP,
    "EXCLUDE_URL_PREFIXES": ["/ops/rq/"],  # django-rq's pages carry inline scripts
}

# -- Screens ---------------------------------------------------------------------------

# How the screens look to who has chosen nothing yet. The words are those of
# review.core.tasks.wellness; a test holds the two together.
HOUSE_ZONE = env.text("COUNTERSIGN_ZONE", "UTC")
HOUSE_THEME = env.choice("COUNTERSIGN_THEME", "auto", words=["auto", "light", "dark"])
HOUSE_DENSITY = env.choice(
    "COUNTERSIGN_DENSITY", "standard", words=["compact", "standard", "spacious"]
)
HOUSE_WELLNESS = env.words(
    "COUNTERSIGN_WELLNESS",
    known=[
        "blur",
        "strong-blur",
        "greyscale",
        "mute",
        "hover-to-reveal",
        "small",
        "medium",
        "large",
    ],
)
try:
    ZoneInfo(HOUSE_ZONE)
except (ZoneInfoNotFoundError, ValueError) as error:
    raise InvalidSetting(
        f"COUNTERSIGN_ZONE is no time zone: {HOUSE_ZONE!r}."
    ) from error

# -- Interventions ---------------------------------------------------------------------

# What one person may only propose and another must approve. The words are those of
# review.core.interventions; a test holds the two together.
DUAL_CONTROL = env.words(
    "COUNTERSIGN_DUAL_CONTROL",
    known=["suspend", "resume", "cancel", "retry", "skip", "move", "edit"],
)
DUAL_CONTROL_HOURS = env.integer(
    "COUNTERSIGN_DUAL_CONTROL_HOURS", 72, least=1, most=24 * 90
)

# -- API -------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workflows.api.authentication.TokenAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "COERCE_DECIMAL_TO_STRING": True,
    "EXCEPTION_HANDLER": "workflows.api.problems.answer_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "Human-in-the-loop review: start instances and follow them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# -- Time and language -----------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]

# -- Static files ----------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.path("COUNTERSIGN_STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if ENVIRONMENT == "test"
            else "config.storage.HashedStaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = ENVIRONMENT == "test"
WHITENOISE_ALLOW_ALL_ORIGINS = False

# -- Logs ------------------------------------------------------------------------------

LOG_LEVEL = env.choice(
    "COUNTERSIGN_LOG_LEVEL", "INFO", words=["DEBUG", "INFO", "WARNING", "ERROR"]
)
LOG_FORMAT = env.choice(
    "COUNTERSIGN_LOG_FORMAT",
    "json" if PRODUCTION else "console",
    words=["json", "console"],
)
_log_steps: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_log_renderer: structlog.typing.Processor = (
    structlog.processors.JSONRenderer()
    if LOG_FORMAT == "json"
    # Plain, for the rich traceback would write out local variables: people's data.
    else structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
)
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_log_steps,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _log_steps,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(
                    [structlog.processors.format_exc_info]
                    if LOG_FORMAT == "json"
                    else []
                ),
                _log_renderer,
            ],
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "structured"}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Django's own handlers would print a second copy, and mail tracebacks.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # They would write out whole URLs, and those of chat webhooks are secrets.
        "httpcore": {"level": "WARNING"},
        # It would write three lines for each page's socket.
        "uvicorn.error": {"level": "WARNING"},
    },
}


def _refuse_unsafe_production() -> None:
    """Stop production from starting with values that are only safe on one's desk."""
    refusals = [
        (DEBUG, "COUNTERSIGN_DEBUG must be off: it shows settings to visitors."),
        (
            len(SECRET_KEY) < 40,
            "COUNTERSIGN_SECRET_KEY (or _FILE) must hold at least 40 characters.",
        ),
        (
            not ALLOWED_HOSTS or any("*" in host for host in ALLOWED_HOSTS),
            "COUNTERSIGN_ALLOWED_HOSTS must name the hosts, without '*'.",
        ),
        (
            not ORIGINS,
            "COUNTERSIGN_ORIGINS must name the origins pages are served from.",
        ),
        (not _app_database, "DATABASE_URL must name the PostgreSQL database."),
        (not env.redis("REDIS_URL"), "REDIS_URL must name the Valkey or Redis server."),
    ]
    for refused, sentence in refusals:
        if refused:
            raise InvalidSetting(f"Refusing to start in production: {sentence}")


if PRODUCTION:
    _refuse_unsafe_production()
env.refuse_unknown(prefix="COUNTERSIGN_")
