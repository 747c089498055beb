"""One settings file. What differs between installations comes from the environment (.env.example)."""

import os
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from .secret import own_secret

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
# Nobody configured this installation: it is a trial on one machine, without a certificate, as the demo is.
IS_TRIAL = env.bool("DEMO", default=not SECRET_KEY)
IS_PRODUCTION = not (DEBUG or IS_TRIAL)
if IS_PRODUCTION and not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY in the environment to a long random text.")
# Where its database, files and mail lie unless the environment says otherwise.
PLACE = VAR_DIR / "demo" if IS_TRIAL else VAR_DIR
SECRET_KEY = SECRET_KEY or own_secret(PLACE / "secret-key")
# Who takes card payments: "stripe", "local" (no money moves) or nobody.
CARD_PAYMENTS = env.str("CARD_PAYMENTS", default="local" if IS_TRIAL or DEBUG else "")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
if CARD_PAYMENTS == "stripe" and not (STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured("Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET, or leave CARD_PAYMENTS out.")
if CARD_PAYMENTS == "local" and IS_PRODUCTION:
    raise ImproperlyConfigured("CARD_PAYMENTS=local takes no money: it is for trials only.")
# What medical notes are encrypted with, the newest first; notes written with an older one stay readable.
MEDICAL_KEYS = env.list("MEDICAL_KEYS", default=[own_secret(PLACE / "medical-key")] if IS_TRIAL else [])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The address that stands in mails and on slips.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "accounts",
    "projects",
    "scheduling",
    "bookings",
    "datesheet.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "import_export",
    "django_q",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "projects.middleware.TooLargeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.LastSeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "projects.middleware.TenantMiddleware",
]

ROOT_URLCONF = "datesheet.urls"
WSGI_APPLICATION = "datesheet.wsgi.application"
ASGI_APPLICATION = "datesheet.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "projects.context.tenant",
            ],
        },
    },
]

# --- database ---------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{PLACE / 'datesheet.sqlite3'}")}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # A deferred transaction that reads and then writes cannot wait for the lock: it fails at once.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
            "PRAGMA cache_size=-64000;PRAGMA mmap_size=134217728;"
        ),
    }
else:
    # A pool does not survive the fork of the queue's workers, so only the web server asks for one.
    if env.bool("DATABASE_POOL", default=False):
        _database.setdefault("OPTIONS", {})["pool"] = True
    else:
        _database["CONN_MAX_AGE"] = 60
        _database["CONN_HEALTH_CHECKS"] = True

CACHES = {
    "default": (
        env.cache_url("CACHE_URL")
        if env.str("CACHE_URL", default="")
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}
    )
}

# --- people and sessions ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_ADAPTER = "projects.account_adapter.AccountAdapter"
# allauth's limits lock an address for its owner too; the adapter slows down instead.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.links.PasswordLink"  # noqa: S105
# The other sessions end with the old password; the one that changed it stays.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.NewEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "confirm_email_verification_code": "accounts.forms.EmailCodeForm",
    "login": "accounts.forms.SignInForm",
    "reauthenticate": "accounts.forms.ConfirmPasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "signup": "accounts.forms.SignUpForm",
}
MFA_ADAPTER = "accounts.mfa.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Datesheet"
# A clock that is half a minute off, or a slow typist.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "activate_totp": "accounts.forms.AddAuthenticatorForm",
    "authenticate": "accounts.forms.AuthenticatorCodeForm",
    "reauthenticate": "accounts.forms.ConfirmCodeForm",
}
# Ours (accounts.middleware) writes once in five minutes, allauth's at each page.
USERSESSIONS_TRACK_ACTIVITY = False

# In the database's own cache a session would lie in the same database twice.
SESSION_ENGINE = (
    f"django.contrib.sessions.backends.{'cached_db' if env.str('CACHE_URL', default='') else 'db'}"
)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
# Probes knock on the server itself, without a certificate.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if IS_PRODUCTION else 0)
# Both reach beyond this site: to its neighbours below the same name, and into browsers for years.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # The last address in X-Forwarded-For is the one that our proxy saw.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # A family that pays is led on to the provider's own page.
        "form-action": [SELF, *(["https://checkout.stripe.com"] if CARD_PAYMENTS == "stripe" else [])],
        "frame-ancestors": [NONE],
    }
}

# --- files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Uploads and outputs of projects. Never served by the web server: projects.files decides who may read.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(PLACE / "files")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if not DEBUG and STATIC_ROOT.exists()
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# Nothing collected yet: serve each file from where it lies.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG or not STATIC_ROOT.exists()
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
UPLOAD_MAX_BYTES = 200 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "projects.files.StopsAtTheLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 50 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- language and time ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ur", _("Urdu"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]
USE_I18N = True
FORMAT_MODULE_PATH = "datesheet.formats"
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# --- mail -------------------------------------------------------------------------------------------------
# Never the log: mail holds people's names, and links that lead in.
_mail = "smtp://localhost:25" if IS_PRODUCTION else f"filemail:///{PLACE / 'mail'}"
vars().update(env.email("EMAIL_URL", default=_mail))
EMAIL_TIMEOUT = 20  # seconds; the mail queue gives a task 60
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Datesheet <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# A dotted path to a text message provider (projects.outbox.TextProvider); empty: no text messages are sent.
TEXT_MESSAGE_PROVIDER = env.str("TEXT_MESSAGE_PROVIDER", default="")

# --- queue: a doorbell; the Run and OutboxMessage rows are the truth ---------------------------------------
LONGEST_RUN_SECONDS = env.int("LONGEST_RUN_SECONDS", default=4 * 3600)
_queue = {
    "orm": "default",
    "bulk": 1,
    "queue_limit": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 250,
    "recycle": 50,
    "poll": 0.5,
    "label": "Queue",
}
Q_CLUSTER = {
    **_queue,
    "name": "solve",
    "workers": env.int("SOLVE_WORKERS", default=max(1, (os.cpu_count() or 2) // 2)),
    "timeout": LONGEST_RUN_SECONDS,
    # A task that outlives "retry" is delivered again, also one that only waited in the prefetch queue.
    "retry": LONGEST_RUN_SECONDS * 4,
    "max_attempts": 1,
    "ALT_CLUSTERS": {
        "mail": {**_queue, "workers": 1, "timeout": 60, "retry": 300, "max_attempts": 3},
        # Imports and prints: nobody waits for a solve of hours to get a sheet of paper.
        "sheets": {**_queue, "workers": 1, "timeout": 1800, "retry": 7200, "max_attempts": 1},
    },
}

# Compiled once for this machine, whoever starts the solver (the package may lie where nobody can write).
os.environ.setdefault("NUMBA_CACHE_DIR", str(VAR_DIR / "numba"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # It tells of every task by its name; the rows tell more.
    "loggers": {"django-q": {"level": env.str("LOG_LEVEL", default="WARNING")}},
}

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = True
# E-mail addresses are unique regardless of case, by a constraint that this check cannot read.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
