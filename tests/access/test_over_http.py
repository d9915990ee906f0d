"""What must hold of staff's accounts, asked over HTTP of the running site, on each database."""

import re

import pytest

from tests.make import PASSWORD, code_now
from tests.running import Person, Site, Visitor, run_sql

pytestmark = pytest.mark.sqlite_first

PEOPLE = "/admin/clinic_site/user/"


@pytest.fixture
def stranger(site: Site) -> Person:
    return Person(site.address)


def signed_in(site: Site, name: str, *roles: str) -> Person:
    cookie = site.cookie_of(name, *roles)
    return Person(site.address, {cookie["name"]: cookie["value"]})


def account(site: Site, made: str) -> int:
    return int(site.shell(f"from tests.make import *; print({made}.pk)"))


def refused(site: Site, actor: str) -> int:
    """How many refusals of theirs are on record."""
    count = (
        f"SELECT count(*) FROM clinic_site_auditevent WHERE action='refused' AND actor='{actor}'"
    )
    return int(run_sql(site.environment, count)[0][0])


def people(site: Site) -> list[tuple]:
    columns = "id, username, password, is_superuser, epoch"
    return run_sql(site.environment, f"SELECT {columns} FROM clinic_site_user ORDER BY id")


def test_a_manager_makes_nobody_a_superuser_and_touches_none(site: Site) -> None:
    mia = signed_in(site, "mia-http", "manager")
    eva = account(site, "make_account('eva-http', 'editor')")
    root = account(site, "make_account('root-http', is_superuser=True)")
    before = people(site)

    for pk, values in (
        (eva, {"is_superuser": "on"}),
        (root, {"password": "x" * 20}),
        (root, {"email": "x@clinic.example"}),
    ):
        page = f"{PEOPLE}{pk}/change/"
        answer = mia.send(page, at=f"{PEOPLE}{eva}/change/", username="eva-http", **values)
        assert answer.status == 403

    assert people(site) == before
    assert refused(site, "mia-http") == 3
    for path in ("/admin/auth/group/", "/admin/auth/permission/"):
        assert mia.get(path).status == 404


def test_a_password_alone_opens_no_page_of_the_admin(site: Site, stranger: Person) -> None:
    account(site, "with_password('pat-http', 'manager', 'editor')")

    right = stranger.send("/admin/login/", username="pat-http", password=PASSWORD)

    assert right.status == 303
    assert right.headers["Location"].endswith("/admin/login/code/")
    assert "clinic_session" not in stranger.cookies
    for path in ("", "conditions/condition/", "clinic_site/user/", "account/", "again/", "kept/"):
        answer = stranger.get(f"/admin/{path}")
        assert answer.status in {302, 303}, path
        assert "/admin/login/" in answer.headers["Location"], path


def test_an_invitation_opens_once_and_for_a_day(site: Site, stranger: Person) -> None:
    def invited(name: str) -> str:
        link = site.manage("invite", name, "--role", "editor").strip()
        return link.removeprefix(site.address)

    used = invited("lee-http")
    page = stranger.get(used)
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page.text)
    assert key
    typed: dict[str, object] = {"username": "lee-http", "first_name": "Lee", "last_name": "Lee"}
    typed |= {"password": PASSWORD, "repeated": PASSWORD, "sealed": page.value_of("sealed")}
    token = page.value_of("csrfmiddlewaretoken")
    typed |= {"code": code_now(key[1].replace(" ", "")), "csrfmiddlewaretoken": token}
    assert page.headers["Referrer-Policy"] == "origin"  # so that no log of a file gets the token
    accepted = stranger.post(used, typed)
    assert "Keep these codes" in accepted.words
    assert stranger.get("/admin/").status == 200

    old = invited("old-http")
    assert Person(site.address).get(old).status == 200
    back = "from clinic_site.models import Invitation; from datetime import timedelta as d;"
    site.shell(f"{back} i = Invitation.objects.latest('pk'); i.made_at -= d(hours=25); i.save()")

    del typed["csrfmiddlewaretoken"]
    for path in (used, old):
        another = Person(site.address)
        assert "This invitation is over" in another.get(path).words
        assert "This invitation is over" in another.send(path, at="/admin/login/", **typed).words
        assert another.get("/admin/").status == 302


def test_who_may_not_opens_no_request_and_publishes_nothing(site: Site) -> None:
    made = "from tests.make import *; r = make_request(); print(r.pk, r.reference, make_condition().pk)"
    request, reference, condition = site.shell(made).split()
    eve, sam = signed_in(site, "eve-http", "editor"), signed_in(site, "sam-http", "scheduler")
    requests = "/admin/appointments/appointmentrequest/"
    publish = f"/admin/conditions/condition/{condition}/publish/"

    for path in ("/admin/", "/admin/conditions/condition/", "/admin/clinic_site/notice/"):
        assert reference not in eve.get(path).text
        assert "appointmentrequest" not in eve.get(path).text
    for path in (requests, f"{requests}{request}/change/", f"{requests}find/"):
        answer = eve.get(path)
        assert answer.status == 403
        assert reference not in answer.text
    answer = sam.send(publish, at="/admin/", clinical_change="no", revision="1")

    assert answer.status == 403
    assert refused(site, "sam-http") == 1
    live = f"SELECT live_id FROM conditions_page WHERE id={condition}"
    assert run_sql(site.environment, live) == [(None,)]


def test_a_stolen_cookie_ends_with_the_password(site: Site) -> None:
    thief = signed_in(site, "ana-http", "editor")
    assert thief.get("/admin/").status == 200

    site.shell("from tests.make import with_password; with_password('ana-http', 'editor')")

    assert thief.get("/admin/").status == 302


def test_the_admin_is_at_localhost_where_a_passkey_can_be_made(site: Site) -> None:
    elsewhere = Visitor(site.address.replace("localhost", "127.0.0.1"))

    answer = elsewhere.get("/admin/")

    assert answer.status in {301, 302, 307, 308}
    assert answer.headers["Location"].startswith(f"{site.address}/admin/")
