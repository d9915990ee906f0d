"""Settings, read from the environment.

deploy/production.env says what each of them is. Without those that a server needs, or with an
unsafe value, it does not start and says which one is wrong. VAR and STATIC are var/ and
staticfiles/ beside this project where they are not set.

An http:// SITE_URL is taken on localhost only (a browser makes no passkey at 127.0.0.1); there,
and only there, cookies are not Secure and HSTS is off.
"""

import ipaddress
import os
import re
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import available_timezones

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from clinic_site.environment import cannot_be_read, name_of_user, read_env_file, whole_number
from clinic_site.state_folder import KEYS_OF_MAKE_RUN

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


ENV_FILE = env.str("ENV_FILE", default="")
# That of make run, beside which commands work without more.
local_env = Path(os.environ.get("VAR") or BASE_DIR / "var") / KEYS_OF_MAKE_RUN
if not ENV_FILE and local_env.is_file():
    ENV_FILE = str(local_env)
for _name, _value in read_env_file(ENV_FILE).items():
    os.environ.setdefault(_name, _value)


def required(name: str, what: str = "", *, random: int = 0) -> str:
    """Return the environment's value of `name`: `what`, or so many random characters at least.

    Raises ImproperlyConfigured where it is not set, or weak.
    """
    # Not env.str, which takes a value that begins with $ for another variable's name.
    value = os.environ.get(name, "").strip()
    what = what or f"{random} random characters or more"
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Set it to {what}.")
    if random and (len(value) < random or len(set(value)) < 10):
        raise ImproperlyConfigured(f"{name} is too weak. Use {what}.")
    return value


def is_here(host: str | None) -> bool:
    """Whether what is sent to this host stays on this machine, so that nobody can listen in.

    A folder is that of a Unix socket, and no host at all is PostgreSQL's own.
    """
    if host in {"localhost", "", None} or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


IN_A_URL = (
    "In its user and password, write %40 for @, %3A for :, %2F for /, %23 for # and %3F for ?."
)

# Where the site answers

SITE_URL = required("SITE_URL", "the public address, such as https://clinic.example")
SITE_URL = SITE_URL.removesuffix("/")
_site = re.fullmatch(
    r"(https?)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:(?P<port>\d{1,5}))?",
    SITE_URL,
)
LOOPBACK = _site is not None and _site[1] == "http" and _site["host"] == "localhost"
if (
    _site is None
    or not (_site[1] == "https" or LOOPBACK)
    or int(_site["port"] or 443) not in range(1, 65536)
):
    raise ImproperlyConfigured(
        f"SITE_URL is {SITE_URL!r}. It must be https://host without a path "
        "(http:// only on localhost)."
    )
if (_site[1], _site["port"]) in {("https", "443"), ("http", "80")}:
    raise ImproperlyConfigured(f"SITE_URL is {SITE_URL!r}. Leave out its port, as browsers do.")
_hosts = [host.strip() for host in env.list("ALLOWED_HOSTS", default=[])]
ALLOWED_HOSTS = [_site["host"], *(host for host in _hosts if host)]
if LOOPBACK:
    ALLOWED_HOSTS.append("127.0.0.1")  # the public pages show there, too
for _host in ALLOWED_HOSTS:
    if "*" in _host or _host.startswith(".") or "/" in _host:
        raise ImproperlyConfigured(
            f"ALLOWED_HOSTS holds {_host!r}. List the host names themselves, such as "
            "www.clinic.example."
        )

TRUSTED_PROXIES = []
for _network in env.list("TRUSTED_PROXIES", default=[]):
    try:
        TRUSTED_PROXIES.append(ipaddress.ip_network(_network.strip()))
    except ValueError as error:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}.") from None
    if TRUSTED_PROXIES[-1].prefixlen < {4: 8, 6: 32}[TRUSTED_PROXIES[-1].version]:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES holds {_network.strip()!r}, which is half the internet. "
            "List the proxies themselves."
        )

# Keys

SECRET_KEY = required("SECRET_KEY", random=50)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if _keys_file := env.str("FIELD_KEYS_FILE", default=""):
    try:
        FIELD_KEYS = Path(_keys_file).read_text(encoding="utf-8", errors="replace").split()
    except OSError as error:
        raise cannot_be_read("FIELD_KEYS_FILE", error) from None
else:
    FIELD_KEYS = env.str("FIELD_KEYS", default="").replace(",", " ").split()
if not FIELD_KEYS:
    raise ImproperlyConfigured(
        f"{f'{_keys_file} holds no key' if _keys_file else 'FIELD_KEYS is not set'}. Personal data "
        "is stored encrypted: have it hold a key made by cryptography.fernet.Fernet.generate_key()."
    )
for _number, _key in enumerate(FIELD_KEYS, start=1):  # the current one first
    try:
        Fernet(_key)
    except ValueError:  # of the wrong length, or no base64 at all
        raise ImproperlyConfigured(
            f"FIELD_KEYS: key {_number} is not a Fernet key (44 characters, URL-safe base64)."
        ) from None

DIGEST_KEY = required("DIGEST_KEY", random=32)
_others = [SECRET_KEY, *SECRET_KEY_FALLBACKS, *FIELD_KEYS]
if DIGEST_KEY in _others:
    raise ImproperlyConfigured("DIGEST_KEY is another key as well. Make one of its own.")
_of_the_tests = re.compile("for-tests-only|Zm9yLXRlc3RzLW9ubHk")  # the same in base64
if not LOOPBACK and any(_of_the_tests.search(key) for key in (DIGEST_KEY, *_others)):
    raise ImproperlyConfigured(
        "SECRET_KEY, DIGEST_KEY or FIELD_KEYS is the one of the tests. Make your own."
    )

# State

VAR = Path(env.str("VAR", default=str(BASE_DIR / "var"))).resolve()
_owner = VAR.stat().st_uid if VAR.exists() else 0
if not (LOOPBACK or os.geteuid()) and _owner:
    raise ImproperlyConfigured(  # what root writes there, the site could not use
        f"VAR, {VAR}, belongs to {name_of_user(_owner)}, and this runs as root. Use clinic-manage; "
        f"for make upgrade, have ENV_FILE belong to {name_of_user(_owner)}, too."
    )
KEY_FILES = [Path(path).resolve() for path in (ENV_FILE, _keys_file) if path]
BACKUPS = Path(env.str("BACKUPS", default=str(VAR / "backups"))).resolve()
BACKUPS_EXPECTED = bool(env.str("BACKUPS", default=""))  # here, so that `status` misses them
PG_BIN = env.str("PG_BIN", default="")  # where pg_dump and pg_restore are; else on the PATH
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rules, each with its unit. They stand nowhere else.

INVITATION_FOR = timedelta(hours=24)
PENDING_FOR = timedelta(minutes=10)  # between the password and the code
PASSKEY_FOR = timedelta(minutes=5)  # to answer a browser's question for one
PROVED_FOR = timedelta(minutes=10)  # after it, who changes accounts or keys is asked again
DEVICE_KNOWN_FOR = timedelta(days=90)  # after somebody signed in there
RESETS_SHOWN_FOR = timedelta(days=30)  # on the front page of who reads the record
RESETS_SHOWN = 10  # of accounts, by others
APP_CLOCK_STEPS = 1  # of 30 seconds, that the clock of an app may be early or late
CODE_WRONG_AHEAD = timedelta(minutes=1)  # a wrong code of later makes nobody wait
PASSWORD_CHARACTERS = 1000  # at most; a longer one would only take longer to hash
RECOVERY_CODES = 8  # of an account
RECOVERY_CODE_LETTERS = 16  # of 5 random bits each
SIGN_INS_AN_HOUR_OF_ONE_ADDRESS = 20  # wrong passwords; a right one is no try
SIGN_INS_AN_HOUR_OF_ONE_NAME = 10
SIGN_INS_AN_HOUR_OF_ONE_DEVICE = 10  # one that is known; none of the other limits is its own
SIGN_INS_AN_HOUR = 60  # of all: each is 200 ms of computing
IDLE_MINUTES = (5, 60)  # between which the clinic sets how long staff may do nothing
SESSION_COOKIE_AGE = 10 * 60 * 60  # seconds that a session of staff lasts at most
SEEN_EVERY = timedelta(minutes=1)  # that somebody is there is noted no more often
IDLE_WARNING = timedelta(minutes=2)  # before a session ends
KEPT_FOR = timedelta(hours=1)  # a form that was sent and not done, as the session had ended
KEPT_MOST = 256 * 1024  # bytes of all that are kept in one browser for one account
REQUESTS_AN_HOUR_OF_ONE_SENDER = whole_number("REQUESTS_AN_HOUR_OF_ONE_SENDER", 5)
REQUESTS_AN_HOUR = whole_number("REQUESTS_AN_HOUR", 60)
EQUAL_REQUEST_WITHIN = timedelta(days=1)  # of the same phone: "We have this. Send it again?"
CHANGES_A_DAY = 20  # that a patient can ask for; staff get a mail for each
WRONG_PAIRS_AN_HOUR = 10  # of reference and phone number, by one sender and for one reference
REFUSED_ON_RECORD_OF_ONE_SENDER = 20  # rows of the audit, an hour, for one way of being refused
REFUSED_ON_RECORD = 200  # the same, of all strangers
SECOND_CLICK = timedelta(seconds=10)  # the same note again within this adds nothing
LIKELY_DUPLICATE_WITHIN = timedelta(hours=48)  # of the same phone or email, shown to staff
LIKELY_DUPLICATES_SHOWN = 10  # on a request's page, and while a caller's number is typed
CALLED_BEFORE_WITHIN = timedelta(days=14)  # a request of that number that has ended is shown
MESSAGE_CHARACTERS = 2000  # of a patient's question
CHANGE_CHARACTERS = 1000  # of a change that a patient asks for
NOTE_CHARACTERS = 4000  # of a note by staff
OLDEST_AGE = 125  # years; nobody on record has lived longer than 122
VISIT_MINUTES = 30  # where staff set no other length
SHORTEST_VISIT, LONGEST_VISIT = 5, 600  # minutes
VISIT_WITHIN = timedelta(days=730)  # of today; a day further away is a slip
OVERDUE_AFTER = timedelta(hours=24)  # where the clinic promises nothing and has set no hours
OVERDUE_AFTER_OPEN = timedelta(hours=8)  # where it promises nothing; only its hours count
OPEN_TIME_WITHIN = timedelta(days=60)  # after a longer wait, nobody asks how much of it was open
FOUND_SHOWN = 50  # requests; a text that finds more tells too little
FOUND_BY_WORDS = 8  # of a name; each is a join
RECORD_ROWS = 500  # of the audit, on the page of a request's record
WEEKS_SHOWN, LONGEST_WAITS_SHOWN = 8, 10  # on the page that tells how requests wait
LIST_ROWS = 50  # on a page of the queue and of the mails
ROW_NAME, ROW_MESSAGE = 60, 100  # characters of a name and of a message in a row of the queue
SHOWN_KEPT = 1000  # requests that a page of the queue remembers to have shown
SPAM_AT_ONCE = 500  # requests closed as spam by one click; each is a transaction of its own
UNDO_WITHIN = timedelta(minutes=10)  # of closing a request, or setting it aside
LIST_COUNTED = 1000  # rows; further ones are counted in no list
AUDIT_ROWS = 100  # on a page of the audit
AUDIT_COUNTED = 100_000  # rows; what happened on one day must be there to be read
MAIL_SECONDS = whole_number("MAIL_SECONDS", 60, most=60)  # that the mail server has for one mail
MAIL_LEASE = timedelta(minutes=5)  # several times that
MAIL_FIRST_RETRY = timedelta(minutes=1)  # each later one after twice as long
MAIL_LONGEST_RETRY = timedelta(hours=6)
MAIL_LATE_AFTER = timedelta(minutes=10)  # then staff are told that it waits
MAIL_GIVE_UP_AFTER = timedelta(hours=48)
WORKER_LOOK_EVERY = 1.0  # seconds, for mail that is due
WORKER_BEAT_EVERY = 5.0  # seconds
WORKER_SILENT_AFTER = timedelta(seconds=150)  # run by cron, it says each minute that it is there
WORKER_DAY_EVERY = 30.0  # seconds, whether something is due that is done once a day
WORKER_DATABASE_AWAY = 3.0  # seconds, between two tries
WORKER_TELL_AFTER = 30.0  # seconds, that a key is wrong
DIGEST_AT = time(7)  # in the clinic's time zone
REMIND_AT = time(9)  # of a visit tomorrow, in the clinic's time zone
CALL_TELLS = timedelta(hours=1)  # a patient who was reached this long before a step knows of it
NEWS_BATCH = 200  # patients told of one thing at one look; the next look goes on
PURGE_BATCH = 200  # rows in one transaction
REENCRYPT_BATCH = 50  # rows; on SQLite nobody else writes while a batch is written, some 20 ms
REENCRYPT_NAMED = 20  # values that no key opens and that are named one by one
REENCRYPT_PASSES = 5  # looks at every value, until one finds none under an earlier key
NAME_CHARACTERS = 120  # of the name under a page, credentials and all
READING_GRADE = 8  # of school; a section above it is hard to read
KEY_POINTS = 3  # of a page
PAGE_TITLE, PAGE_SUMMARY = 120, 300  # characters of a title, a name or a heading; of a summary
# Since a browser said last who has a thing open: each 20 s, in a tab out of sight once a minute.
PRESENCE_LASTS = timedelta(seconds=90)
REVISIONS_SHOWN = 50  # on one page of a page's history
SOURCE_KEY, SOURCE_TITLE = 40, 300  # characters
PICTURE_WORDS = 400  # characters that say what a page's picture shows
REVIEW_LASTS = timedelta(days=365)  # where the clinician who signs sets no other day
REVIEW_WITHIN = timedelta(days=5 * 366)  # of today; a day further away is a slip
REVIEW_DUE_SOON = timedelta(days=60)  # before a signature ends, staff are asked for another
REVIEWS_TO_DO = 20  # pages of a kind named on the admin's front page; the rest is a count
PAGES_CHANGED_LAST = 8  # named on the admin's front page, each a link to its editor
SEARCH_CHARACTERS, SEARCH_WORDS = 100, 8  # of what is sought on the pages
SEARCH_RESULTS = 20  # of each kind
SEARCH_EMERGENCIES = 3  # pages that say when to call 911
SEARCH_NEARNESS = 0.85  # of 1, from which on a word of the pages stands in for a misspelt one
SEARCH_NEAR_LETTERS = 5  # of a word that raises the alarm misspelt: "went" is not "wet"
SEARCH_PASSAGE = 200  # characters of a page, about
PICTURE_BYTES = 15 * 1024 * 1024  # of a file that staff upload
PICTURE_PIXELS = 25_000_000  # that are decoded; they take up to 200 MB for a moment
PICTURE_SMALLEST = 100  # pixels of each edge
PICTURE_EDGE = 1200  # pixels, of what is stored
LARGEST_PUBLIC_BODY = 256 * 1024  # bytes of a POST; a request has 26 small fields and a message
LARGEST_ADMIN_BODY = 16 * 1024 * 1024  # bytes of a POST; a picture is the largest
LARGEST_BODY_READ = 32 * 1024 * 1024  # bytes; a browser shows no answer before all is read
BODY_SECONDS = whole_number("BODY_SECONDS", 20)  # for a body to arrive
BODY_PIECE = 64 * 1024  # bytes of it, each of which gives it a second more
HANG_UP_SECONDS = 1  # for the sender of one that was refused to hear of it, and to stop
SEND_SECONDS = whole_number("SEND_SECONDS", 10)  # in which a reader takes nothing
SEND_AT_ONCE = 64 * 1024  # bytes of an answer; the longest page is shorter
SEND_PIECE = 16 * 1024  # bytes of an answer; who has taken one of them has taken something
CLOSED_DAY_WITHIN = timedelta(days=2 * 366)  # further away, its year is most often a slip
CLOSED_DAYS_SHOWN = 12  # on the contact page
CLINIC_LOOK_EVERY = 0.5  # seconds; a change shows on every page within one
PAGE_CACHE_MB = whole_number("PAGE_CACHE_MB", 64)  # of finished pages, in each web process
PAGES_REMEMBERED = 32  # rendered texts, in each web process, for a page that is made anew
PAGE_WAIT = 10  # seconds, for another request that renders the same page
# What no page cache keeps, so that nobody waits there for another's page.
NOT_FOR_EVERYONE = ("/admin/", "/appointments/", "/search/", "/static/", "/pictures/", "/readyz")
READINESS_LOOK_EVERY = 5.0  # seconds at least, however often /readyz is asked
RETRY_AFTER_DATABASE_AWAY, RETRY_AFTER_WRONG_KEY = 30, 300  # seconds, told to who asks
SECURITY_TXT_EXPIRES = timedelta(days=180)  # after it is read
OLD_STATIC_KEPT_FOR = timedelta(days=30)  # a static file, after the last release that used it
DATABASE_WAIT = 5.0  # seconds in all that a request waits while another process writes (SQLite)
DATABASE_TRY_EVERY = 0.05  # seconds, between two tries of it
LOCK_TIMEOUT = 1000  # milliseconds that a request waits for a locked row (PostgreSQL)
STATEMENT_TIMEOUT = 5000  # milliseconds, for one statement of a request (PostgreSQL)
POOL_SIZE = 10  # connections of a process (PostgreSQL)
POOL_WAIT = 4.0  # seconds that a request waits for one of them
POOL_RECONNECT = 3.0  # seconds, after which a connection that fails is given up and begun anew
FREE_DISK = 64 * 1024 * 1024  # bytes in VAR; with less, SQLite is about to take no writes
BACKUPS_KEPT_DAYS = whole_number("BACKUPS_KEPT_DAYS", 30)  # the newest one for ever
BACKUP_LATE_AFTER = timedelta(days=2)  # since the newest one

# The database

# Many requests share one web process, so there nothing may wait long; commands and the worker may.
WEB_PROCESS = "WEB_PROCESS" in os.environ  # clinic_site/wsgi.py sets it

if database_url := env.str("DATABASE_URL", default=""):
    if not re.match("postgres(ql)?://", database_url):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// (or be unset).")
    try:
        _database = env.db_url_config(database_url)
    except ValueError:  # which may quote the password
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read. {IN_A_URL}") from None
    _database["ENGINE"] = "clinic_site.postgresql"
    _options = _database.setdefault("OPTIONS", {})
    # Bound on the server, so that no parameter's value gets into PostgreSQL's error log.
    _options.update(server_side_binding=True, connect_timeout=3)
    # As Django and libpq choose them; a service's file can name any host.
    _host = _database["HOST"] or _options.get("host") or os.environ.get("PGHOST", "")
    _servers = f"{_options.get('hostaddr') or os.environ.get('PGHOSTADDR', '')},{_host}"
    _service = _options.get("service") or os.environ.get("PGSERVICE")
    _is_here = not _service and all(is_here(host) for host in _servers.split(","))
    _sslmode = _options.get("sslmode") or os.environ.get("PGSSLMODE")
    if not (LOOPBACK or _is_here or _sslmode in {"require", "verify-ca", "verify-full"}):
        raise ImproperlyConfigured(
            "DATABASE_URL names another machine, and the way there is not encrypted. "
            "Add ?sslmode=verify-full (or require)."
        )
    if "," in (_database["HOST"] or _options.get("host", "")):
        _options.setdefault("target_session_attrs", "read-write")  # the one that leads now
    if WEB_PROCESS:
        _options["pool"] = {
            "min_size": 1,
            "max_size": POOL_SIZE,
            "timeout": POOL_WAIT,
            "reconnect_timeout": POOL_RECONNECT,
        }
        # Else one locked row would hold every connection.
        _timeouts = f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={STATEMENT_TIMEOUT}"
        _options["options"] = f"{_timeouts} {_options.get('options', '')}".strip()
    _database["CONN_MAX_AGE"] = 0  # each request takes one of the pool's
else:
    _database = {
        "ENGINE": "clinic_site.sqlite" if WEB_PROCESS else "django.db.backends.sqlite3",
        "NAME": VAR / "db.sqlite3",
        "OPTIONS": {
            # Take the write lock at the start: a later upgrade could fail without waiting.
            "transaction_mode": "IMMEDIATE",
            # SQLite's own wait would stop every request of a web process.
            "timeout": 0 if WEB_PROCESS else DATABASE_WAIT,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
DATABASES = {"default": _database}

# Mail: one message at a time, by the notification worker

EMAIL_TIMEOUT = 20  # seconds without a byte
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"noreply@{_site['host']}")
if "@" not in DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured(f"EMAIL_FROM is {DEFAULT_FROM_EMAIL!r}, no address.")
if email_url := env.str("EMAIL_URL", default=""):
    if not re.match(r"smtp(\+tls|\+ssl)?://", email_url):
        raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtp+tls:// or smtp+ssl://.")
    try:
        _mail = env.email_url_config(email_url)
    except ValueError:
        raise ImproperlyConfigured(f"EMAIL_URL cannot be read. {IN_A_URL}") from None
    vars().update(_mail)  # EMAIL_BACKEND, EMAIL_HOST and so on
    if not _mail["EMAIL_HOST"]:
        raise ImproperlyConfigured("EMAIL_URL names no mail server: smtp+tls://USER:PASSWORD@HOST.")
    _is_encrypted = _mail.get("EMAIL_USE_TLS") or _mail.get("EMAIL_USE_SSL")
    if not (LOOPBACK or _is_encrypted or is_here(_mail["EMAIL_HOST"])):
        raise ImproperlyConfigured(
            "EMAIL_URL names another machine, and the way there is not encrypted. "
            "Use smtp+tls:// or smtp+ssl://."
        )
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"

# The application

INSTALLED_APPS = [
    "clinic_site",  # first: of commands with one name, that of the earlier app counts
    "clinic_site.access.admin_config.ClinicAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "crispy_forms",
    "django_otp_webauthn",  # its tables; none of its addresses, which enrol by a password alone
    "conditions",
    "appointments",
]
MIDDLEWARE = [
    "clinic_site.middleware.SayAlive",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic_site.middleware.CompressPages",
    "clinic_site.middleware.SayDatabaseAway",
    "clinic_site.middleware.UseClinicTimeZone",
    "django.middleware.common.CommonMiddleware",
    "clinic_site.middleware.AdminAtItsAddress",
    "clinic_site.middleware.AdminSession",
    "clinic_site.middleware.AdminCsrf",
    "clinic_site.middleware.AdminAuthentication",
    "clinic_site.middleware.AdminOtp",
    "clinic_site.access.sessions.StaffSession",
    "clinic_site.middleware.AdminMessages",
    "clinic_site.middleware.SayNotAllowed",
]
ROOT_URLCONF = "clinic_site.urls"
WSGI_APPLICATION = "clinic_site.wsgi.application"  # else runserver would leave our layers out
_loaders = [
    "clinic_site.template_files.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", _loaders)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinic_site.context_processors.clinic",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "clinic_forms"
CRISPY_TEMPLATE_PACK = "clinic_forms"
CRISPY_FAIL_SILENTLY = False  # else a misspelt field just vanishes from the form

PHONENUMBER_DEFAULT_REGION = "US"

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # a long page in the admin; others are stricter
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000  # the admin's form of a page with many sections

# Time

TIME_ZONE = required("CLINIC_TIME_ZONE", "the clinic's time zone, such as America/Chicago")
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(
        f"CLINIC_TIME_ZONE is {TIME_ZONE!r}, no time zone. Use one such as America/Chicago."
    )

FORMAT_MODULE_PATH = "clinic_site.formats"  # one way of writing times

# Static files, served by WhiteNoise under names that hold a hash of their content

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC", default=str(BASE_DIR / "staticfiles"))).resolve()
if not LOOPBACK and STATIC_ROOT.is_relative_to(VAR):
    raise ImproperlyConfigured(
        "STATIC lies in VAR, where no other user may read. Put it elsewhere."
    )
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # pictures are rows
    "staticfiles": {
        "BACKEND": "clinic_site.static_files.HashedStaticFilesStorage",
        # A proxy of another user reads them.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
# Browsers refuse rules for prefetching under any other type.
WHITENOISE_MIMETYPES = {".speculationrules": "application/speculationrules+json"}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Security. The headers that are the same on every answer: clinic_site/security_headers.py.

AUTH_USER_MODEL = "clinic_site.User"
AUTHENTICATION_BACKENDS = ["clinic_site.access.backend.RoleBackend"]
SESSION_ENGINE = "clinic_site.access.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOOPBACK
# Everything at localhost shares its cookies, whatever the port.
SESSION_COOKIE_NAME = "clinic_session" if LOOPBACK else "__Host-sessionid"
CSRF_COOKIE_NAME = "clinic_csrf" if LOOPBACK else "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # X-Frame-Options is among those fixed headers
    "security.W003",  # CSRF tokens are checked in the admin, by AdminCsrf
    # HSTS holds for this host alone: what else is under the clinic's domain is not the site's.
    "security.W005",
    "security.W021",
]
CSRF_FAILURE_VIEW = "clinic_site.access.kept.csrf_failed"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_HSTS_SECONDS = 0 if LOOPBACK else 31_536_000
SECURE_SSL_REDIRECT = not LOOPBACK
SECURE_PROXY_SSL_HEADER = None if LOOPBACK else ("HTTP_X_FORWARDED_PROTO", "https")
_rules = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_rules}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_rules}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_rules}.CommonPasswordValidator"},
    {"NAME": f"{_rules}.NumericPasswordValidator"},
]
OTP_WEBAUTHN_RP_ID = _site["host"]
OTP_WEBAUTHN_RP_NAME = _site["host"]  # for its checks; people read the clinic's name
OTP_WEBAUTHN_ALLOWED_ORIGINS = [SITE_URL]
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = ""  # it would log tracebacks

# Logging: to standard error, for whatever runs the process to keep. No personal data goes here.

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT must be line or json.")
for _name in ("WEB_CONCURRENCY", "HEADER_SECONDS"):  # which gunicorn's own settings take
    whole_number(_name, 1)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ours": {"()": "clinic_site.logs.formatter", "form": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Django's own handlers would mail tracebacks, with what was typed, to ADMINS.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "psycopg.pool": {"level": "WARNING"},  # it tells of each connection that it lends
    },
}
