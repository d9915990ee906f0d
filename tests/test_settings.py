"""A missing or unsafe setting stops the start with one line that names it."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.commands import PROJECT, manage
from tests.environment import VAR
from tests.generated import SOAK

pytestmark = pytest.mark.on_sqlite

EXAMPLE = PROJECT / "deploy" / "production.env"
# As a server's owner would have them: the example, with keys, and without folders of this machine.
HERE = {"VAR", "STATIC", "FIELD_KEYS_FILE"}
SET = dict(re.findall(r"^(\w+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE))
OWN = {
    "SITE_URL": "https://clinic.test",
    "EMAIL_URL": "smtp+tls://clinic:secret@mail.test:587",
}
GOOD = {
    "PATH": os.environ["PATH"],
    **{name: value for name, value in SET.items() if name not in HERE},
    **OWN,
    "SECRET_KEY": "a long random secret, or so we say in this test: 0123456789",
    "FIELD_KEYS": "aSBhbSBhIGtleSBvZiAzMiBieXRlcywgdHJ1bHkhISE=",
    "DIGEST_KEY": "another long random secret for the digests",
}


def check(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in {**GOOD, **changes}.items() if value}
    environment["VAR"] = str(VAR)  # where there is no database yet
    return manage("check", "--deploy", "--fail-level", "WARNING", environment=environment)


def test_good_settings_pass_the_check_for_production() -> None:
    done = check()

    assert done.returncode == 0, done.stderr


def test_the_example_for_a_server_names_each_setting() -> None:
    read = set()
    for path in ("clinic_site/settings.py", "deploy/gunicorn.conf.py"):
        asks = r'(?:env\.\w+|required|whole_number|(?:environ|values)\.get)\(\s*"([A-Z_]+)"'
        read |= {*re.findall(asks, (PROJECT / path).read_text())}
    theirs = {name for name in read if name.startswith("PG")} - {"PG_BIN"}  # of libpq

    named = re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(named) == sorted(read - theirs - {"ENV_FILE"})


def check_file(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Check a server whose settings stand in a file; the keys of fields in one beside it."""
    written = {
        "field-keys": GOOD["FIELD_KEYS"],
        "production.env": text.replace("/etc/clinic", str(tmp_path)),
    }
    for name, content in written.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(content)
    return manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        environment={
            "PATH": GOOD["PATH"],
            "ENV_FILE": str(tmp_path / "production.env"),
            "VAR": str(VAR),
        },
    )


def filled_in(*names: str) -> str:
    """The example, in which an owner has filled in some settings."""
    text = EXAMPLE.read_text()
    for name in names:
        text = re.sub(rf"^{name}=.*", f"{name}={GOOD[name]}", text, flags=re.MULTILINE)
    return text


KEYS = ("SECRET_KEY", "DIGEST_KEY")


def test_a_copy_of_the_example_lacks_nothing_but_keys_and_the_clinics_own(tmp_path: Path) -> None:
    for missing in KEYS:
        done = check_file(filled_in(*OWN, *{*KEYS} - {missing}), tmp_path)
        assert f"Not started: {missing} is not set." in done.stderr
    left = check_file(filled_in(*KEYS), tmp_path)
    whole = check_file(filled_in(*OWN, *KEYS), tmp_path)

    assert left.returncode == 1
    for name in OWN:
        assert f"(clinic.E006) {name} still holds what the example says." in left.stderr
    assert whole.returncode == 0, whole.stderr


def test_a_name_that_is_no_setting_is_told(tmp_path: Path) -> None:
    more = "BACKUP_KEPT_DAYS=7\nNOTHING_LIKE_IT=1\nPGSSLROOTCERT=/etc/ssl/x.pem\n"
    done = check_file(filled_in(*OWN, *KEYS) + more, tmp_path)

    assert done.returncode == 1
    assert "sets BACKUP_KEPT_DAYS, which is no setting of the site." in done.stderr
    assert "HINT: Is BACKUPS_KEPT_DAYS meant?" in done.stderr
    assert "sets NOTHING_LIKE_IT, which is no setting of the site." in done.stderr
    assert "PGSSLROOTCERT" not in done.stderr


def test_a_line_that_sets_nothing_stops_the_start_and_is_not_quoted(tmp_path: Path) -> None:
    for slip in (
        "DIGEST_KEY = a secret",
        "  SECRET_KEY=a secret",
        "a secret",
        "S\u0415CRET_KEY=a secret",
    ):
        done = check_file(f"# Ours\n\n{slip}\n" + filled_in(*OWN, *KEYS), tmp_path)

        assert done.returncode == 1
        assert done.stderr.startswith(f"Not started: ENV_FILE names {tmp_path}/production.env, ")
        assert "whose line 3 is not NAME=value." in done.stderr
        assert "a secret" not in done.stderr


def test_a_server_that_would_send_no_mail_is_told() -> None:
    done = check(EMAIL_URL="")

    assert done.returncode == 1
    assert "EMAIL_URL is not set: no mail would leave the server." in done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"EMAIL_URL": "smtp://localhost:25"},
        {"EMAIL_URL": "smtp+ssl://mail.test:465"},
        {"TRUSTED_PROXIES": "10.0.0.0/8, fd00:1::/32, ::1/128"},
    ][:: 1 if SOAK else 2],
    ids=str,
)
def test_what_stays_on_this_machine_or_is_encrypted_is_taken(changes: dict[str, str]) -> None:
    assert check(**changes).returncode == 0


@pytest.mark.parametrize(
    "where",
    [
        "postgres://a:b@db.example/d?sslmode=verify-full",
        "postgres://a:b@one.example,two.example/d?sslmode=require",
        "postgres://a:b@127.0.0.1:1/d",
        "postgres://a:b@[::1]:1/d",
        "postgres:///d?host=/no/such/folder",
    ][:: 1 if SOAK else 2],
)
def test_a_database_on_this_machine_or_reached_by_tls_is_taken(where: str) -> None:
    done = manage(
        "diffsettings", environment={**GOOD, "DATABASE_URL": where}
    )  # it connects to none

    assert done.returncode == 0, done.stderr


def test_keys_that_lie_with_the_data_are_a_warning(tmp_path: Path) -> None:
    (VAR / "keys.env").write_text(f"DIGEST_KEY={GOOD['DIGEST_KEY']}\n")
    (VAR / "field-keys").write_text(GOOD["FIELD_KEYS"])
    keys = tmp_path / "field-keys"
    keys.write_text(GOOD["FIELD_KEYS"])

    inside = check(ENV_FILE=str(VAR / "keys.env"), FIELD_KEYS_FILE=str(VAR / "field-keys"))
    keys.chmod(0o644)
    for_all = check(FIELD_KEYS_FILE=str(keys))
    keys.chmod(0o640)
    outside = check(FIELD_KEYS_FILE=str(keys))

    assert inside.returncode == 1
    assert f"{VAR / 'keys.env'} lies in VAR" in inside.stderr
    assert f"{VAR / 'field-keys'} lies in VAR" in inside.stderr
    assert for_all.returncode == 1
    assert f"Every user may read the keys in {keys}." in for_all.stderr
    assert outside.returncode == 0, outside.stderr


def test_what_root_would_take_from_the_sites_own_user_is_refused(tmp_path: Path) -> None:
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(tmp_path, 65534, -1)

    done = manage("migrate", "--verbosity=0", environment={**GOOD, "VAR": str(tmp_path)})

    told = f"Not started: VAR, {tmp_path}, belongs to nobody, and this runs as root."
    assert done.stderr.startswith(told) is is_root
    assert ([*tmp_path.iterdir()] == []) is is_root


BAD = {
    "no address": ({"SITE_URL": ""}, "SITE_URL is not set"),
    "plain http": ({"SITE_URL": "http://clinic.example"}, "SITE_URL is 'http://clinic.example'"),
    "no network": ({"TRUSTED_PROXIES": "nginx"}, "TRUSTED_PROXIES: 'nginx'"),
    "the whole internet": ({"TRUSTED_PROXIES": "127.0.0.1/32,0.0.0.0/0"}, "holds '0.0.0.0/0'"),
    "half the internet": (
        {"TRUSTED_PROXIES": "128.0.0.0/1"},
        "TRUSTED_PROXIES holds '128.0.0.0/1'",
    ),
    "all of IPv6": ({"TRUSTED_PROXIES": "::/0"}, "TRUSTED_PROXIES holds '::/0'"),
    "mail in the clear": (
        {"EMAIL_URL": "smtp://mail.example:25"},
        "the way there is not encrypted",
    ),
    "mail to an address in the clear": (
        {"EMAIL_URL": "smtp://10.0.0.5"},
        "EMAIL_URL names another machine",
    ),
    "database in the clear": ({"DATABASE_URL": "postgres://a:b@c/d"}, "names another machine"),
    "a database asked to prefer TLS": (
        {"DATABASE_URL": "postgres://a:b@db.example/d?sslmode=prefer"},
        "Add ?sslmode=verify-full",
    ),
    "one of two databases elsewhere": (
        {"DATABASE_URL": "postgres://a:b@localhost,db.example/d"},
        "DATABASE_URL names another machine",
    ),
    "a database named by its address": (
        {"DATABASE_URL": "postgres://a:b@localhost/d?hostaddr=192.0.2.9"},
        "DATABASE_URL names another machine",
    ),
    "a database that claims to be here": (
        {"DATABASE_URL": "postgres://a:b@db.example/d?host=localhost"},
        "DATABASE_URL names another machine",
    ),
    "a database named by a service": (
        {"DATABASE_URL": "postgres:///d?service=elsewhere"},
        "DATABASE_URL names another machine",
    ),
    "a database named by libpq's own variable": (
        {"DATABASE_URL": "postgres:///d", "PGHOST": "db.example"},
        "DATABASE_URL names another machine",
    ),
    "an address named by libpq's own variable": (
        {"DATABASE_URL": "postgres://a:b@localhost/d", "PGHOSTADDR": "192.0.2.9"},
        "DATABASE_URL names another machine",
    ),
    "one key for two things": ({"DIGEST_KEY": GOOD["SECRET_KEY"]}, "DIGEST_KEY is another key"),
    "an earlier key for two things": (
        {"SECRET_KEY_FALLBACKS": f"x,{GOOD['DIGEST_KEY']}"},
        "DIGEST_KEY is another key",
    ),
    "a field key for two things": ({"DIGEST_KEY": GOOD["FIELD_KEYS"]}, "DIGEST_KEY is another key"),
    "static files in VAR": ({"STATIC": str(VAR / "static")}, "STATIC lies in VAR"),
    "no mail address": ({"EMAIL_URL": "https://mail.example"}, "EMAIL_URL must begin with smtp://"),
    "no localhost": ({"SITE_URL": "http://127.0.0.1"}, "http:// only on localhost"),
    "with a path": ({"SITE_URL": "https://clinic.example/x"}, "without a path"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS holds '*'. List"),
    "an address for a host": ({"ALLOWED_HOSTS": "https://x.test"}, "holds 'https://x.test'. List"),
    "a password with marks in it": (
        {"EMAIL_URL": "smtp+tls://me:pa#ss@mail.test:587"},
        "EMAIL_URL cannot be read. In its user and password, write %40 for @",
    ),
    "a password with a slash in it": (
        {"DATABASE_URL": "postgres://a:b/c@localhost:5432/d"},
        "DATABASE_URL cannot be read. In its user and password",
    ),
    "no mail server": ({"EMAIL_URL": "smtp+tls://"}, "EMAIL_URL names no mail server"),
    "no sender": ({"EMAIL_FROM": "appointments"}, "EMAIL_FROM is 'appointments', no address"),
    "no scheme": ({"DATABASE_URL": "clinic"}, "DATABASE_URL must begin with postgres://"),
    "an empty file of keys": ({"FIELD_KEYS_FILE": os.devnull}, f"{os.devnull} holds no key."),
    "no secret": ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
    "weak secret": ({"SECRET_KEY": "secret"}, "SECRET_KEY is too weak"),
    "no keys": ({"FIELD_KEYS": ""}, "FIELD_KEYS is not set"),
    "bad key": ({"FIELD_KEYS": "abc"}, "FIELD_KEYS: key 1 is not a Fernet key"),
    "no key file": ({"FIELD_KEYS_FILE": "/no/such"}, "FIELD_KEYS_FILE names /no/such"),
    "no digest key": ({"DIGEST_KEY": ""}, "DIGEST_KEY is not set"),
    "short digest key": ({"DIGEST_KEY": "short"}, "DIGEST_KEY is too weak"),
    "plain digest key": ({"DIGEST_KEY": "a" * 40}, "DIGEST_KEY is too weak"),
    "the tests' key": ({"DIGEST_KEY": "for-tests-only" * 4}, "is the one of the tests"),
    "the tests' secret key": ({"SECRET_KEY": "for-tests-only" * 4}, "is the one of the tests"),
    "the tests' earlier key": (
        {"SECRET_KEY_FALLBACKS": "for-tests-only" * 4},
        "is the one of the tests",
    ),
    "the tests' field key": (
        {"FIELD_KEYS": f"{GOOD['FIELD_KEYS']},Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE="},
        "is the one of the tests",
    ),
    "no host": ({"SITE_URL": "https://"}, "SITE_URL is 'https:/"),
    "a port that browsers leave out": ({"SITE_URL": "https://x.test:443"}, "Leave out its port"),
    "a mail as long as its lease": ({"MAIL_SECONDS": "600"}, "a whole number from 1 to 60."),
    "no port": ({"SITE_URL": "https://clinic.example:abc"}, "SITE_URL is"),
    "high port": ({"SITE_URL": "https://clinic.example:99999"}, "SITE_URL is"),
    "a query": ({"SITE_URL": "https://clinic.example?x=1"}, "SITE_URL is"),
    "a password": ({"SITE_URL": "https://user:pw@clinic.example"}, "SITE_URL is"),
    "half an address": ({"SITE_URL": "https://[::1"}, "SITE_URL is"),
    "a family of hosts": ({"ALLOWED_HOSTS": "clinic.example, .com"}, "ALLOWED_HOSTS holds '.com'"),
    "database port": ({"DATABASE_URL": "postgres://a:b@c:port/d"}, "DATABASE_URL cannot be read"),
    "no time zone": ({"CLINIC_TIME_ZONE": ""}, "CLINIC_TIME_ZONE is not set"),
    "bad time zone": ({"CLINIC_TIME_ZONE": "Mars"}, "CLINIC_TIME_ZONE is 'Mars'"),
    "other database": ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must begin with postgres://"),
    "a word for a number": ({"BODY_SECONDS": "ten"}, "BODY_SECONDS is 'ten'. Set it to a whole"),
    "no backup kept": ({"BACKUPS_KEPT_DAYS": "0"}, "BACKUPS_KEPT_DAYS is '0'"),
    "less than nothing": ({"BACKUPS_KEPT_DAYS": "-3"}, "BACKUPS_KEPT_DAYS is '-3'"),
    "half a process": ({"WEB_CONCURRENCY": "0.5"}, "WEB_CONCURRENCY is '0.5'"),
    "a time with its unit": ({"HEADER_SECONDS": "5s"}, "HEADER_SECONDS is '5s'"),
    "too much for any machine": ({"PAGE_CACHE_MB": "9" * 9}, "PAGE_CACHE_MB is '999999999'"),
    "an unknown form of the log": ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be line or json"),
    "a folder for a file": ({"ENV_FILE": "/tmp"}, "ENV_FILE names /tmp, which"),
    "no env file": ({"ENV_FILE": "/no/such"}, "ENV_FILE names /no/such"),
}


# Each starts the whole of manage.py; `make test` tries one of three.
TRIED = dict([*BAD.items()][:: 1 if SOAK else 3])


@pytest.mark.parametrize(("changes", "message"), TRIED.values(), ids=TRIED.keys())
def test_a_bad_setting_is_named_in_one_line(changes: dict[str, str], message: str) -> None:
    done = check(**changes)

    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.startswith("Not started: ")
    assert len(done.stderr.strip().splitlines()) == 1


# Numbers of a format, a protocol or a technique: nobody could choose another.
NO_RULES = {"SCHEMA", "LINE", "_AFTER_ALL_TIME", "HOUR", "LEFT", "WRONG", "DATABASE_AWAY"}
NO_RULES |= {
    "BEFORE_ALL_OTHERS",
    "EVERY",
    "REFRESH",
    "WIDE",
    "QUALITY",
    "MAX_PAIRS",
    "MAX_WORDS",
    "_TO_NINETEEN",
}


def test_the_numbers_of_rules_stand_in_the_settings_alone() -> None:
    found = set()
    for app in ("clinic_site", "conditions", "appointments"):
        for path in {*(PROJECT / app).rglob("*.py")} - {PROJECT / "clinic_site" / "settings.py"}:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                    inside = list(ast.walk(node.value))
                    kinds = {type(each.value) for each in inside if isinstance(each, ast.Constant)}
                    names = {each.id for each in inside if isinstance(each, ast.Name)}
                    if kinds and kinds <= {int, float} and names <= {"dt", "timedelta"}:
                        found.add(ast.unparse(node).split()[0].rstrip(":"))
    assert {name for name in found if name.isupper()} == NO_RULES


def test_djangos_own_server_would_leave_no_layer_out(settings) -> None:
    assert settings.WSGI_APPLICATION == "clinic_site.wsgi.application"
