"""Managers look after accounts and roles; what nobody may do by them is refused, and on record."""

from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import Group
from django.db.models import ProtectedError
from django.test import Client

from appointments.models import Note
from clinic_site.access.invitations import reset_access
from clinic_site.access.models import InvitationReason, User
from clinic_site.access.people import PeopleAdmin, PersonForm
from clinic_site.access.roles import Role
from clinic_site.models import AuditEvent, MailChoice
from tests.forms import Filled, form_in, sent_by
from tests.make import by, make_account, make_request, sign_in_as, signed_in
from tests.running import Site

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

PEOPLE = "/admin/clinic_site/user/"


@pytest.fixture
def mia() -> Client:
    return sign_in_as("manager", name="mia")


def page_of(user: User) -> str:
    return f"{PEOPLE}{user.pk}/change/"


def sent(user: User, **changed: object) -> dict[str, object]:
    """What a browser sends for this account's page; a box that is not ticked is not sent."""
    shown: dict[str, object] = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
    }
    shown |= {"credentials": "", "physician": "", "groups": [*user.roles]}
    shown["is_active"] = "on" if user.is_active else None
    opened = {f"initial-{name}": value for name, value in shown.items()}
    values = {**opened, **shown, **changed}
    return {name: value for name, value in values.items() if value is not None}


def on_record() -> list[tuple[str, str, str, str]]:
    rows = AuditEvent.objects.exclude(action="refused").order_by("pk")
    return [(each.actor, each.action, each.references, each.detail) for each in rows]


def refused() -> int:
    return AuditEvent.objects.filter(action="refused", subject_kind="account").count()


def as_it_stands(user: User) -> dict[str, object]:
    return {
        **User.objects.filter(pk=user.pk).values().get(),
        "roles": User.objects.get(pk=user.pk).roles,
    }


@pytest.mark.parametrize(
    "more",
    [
        {"is_superuser": "on"},
        {"is_staff": "on"},
        {"password": "correct horse battery"},
        {"user_permissions": "1"},
        {"epoch": "7"},
        {"confirmed_name": "Dr. Eva"},
        {"name_confirmed_by": "1"},
        {"last_login": "2026-01-01"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_name_that_the_form_lacks_is_refused_with_all_the_rest(
    mia: Client, more: dict[str, str]
) -> None:
    eva = make_account("eva", "editor")
    before = as_it_stands(eva)

    answer = mia.post(page_of(eva), sent(eva, groups=["manager"], **more))

    assert answer.status_code == 403
    assert "Nothing was changed." in answer.text
    assert as_it_stands(eva) == before
    assert (
        mia.post(f"{PEOPLE}add/", {"username": "new", "is_active": "on", **more}).status_code == 403
    )
    assert not User.objects.filter(username="new").exists()
    assert refused() == 2


@pytest.mark.parametrize("values", [{"email": "x@clinic.example"}, {"password": "x" * 20}, {}])
def test_nobody_touches_a_superuser(mia: Client, values: dict[str, str]) -> None:
    root, admin = make_account("root", is_superuser=True), make_account("admin", is_superuser=True)
    before = as_it_stands(root)

    for browser in (mia, signed_in(admin)):
        assert browser.get(page_of(root)).status_code == 200  # to be read
        assert "_save" not in browser.get(page_of(root)).text
        assert browser.post(page_of(root), sent(root, **values)).status_code == 403
        assert (
            browser.post(page_of(root).replace("change", "delete"), {"post": "yes"}).status_code
            == 403
        )
        assert browser.post(page_of(root).replace("change", "confirm-name")).status_code == 403

    assert as_it_stands(root) == before
    assert AuditEvent.objects.filter(action="refused").count() == 6


def test_a_manager_gives_and_takes_roles_and_that_is_on_record(mia: Client) -> None:
    eva = make_account("eva", "editor", "manager")

    assert mia.post(page_of(eva), sent(eva, groups=["editor", "clinician"])).status_code == 302
    mia.post(
        page_of(eva), sent(User.objects.get(pk=eva.pk), email="eva@clinic.example", last_name="Roe")
    )

    assert User.objects.get(pk=eva.pk).roles == {Role.EDITOR, Role.CLINICIAN}
    assert on_record() == [
        ("mia", "roles_changed", "eva", "+clinician -manager"),
        ("mia", "people_changed", "eva", "last_name, email"),
    ]


def test_the_form_has_four_boxes_and_no_other_group(mia: Client) -> None:
    Group.objects.create(name="directors")

    page = mia.get(f"{PEOPLE}add/").text

    assert page.count('name="groups"') == 4
    assert "directors" not in page + mia.get(PEOPLE).text
    for words in ("is_superuser", "is_staff", "user_permissions", "password"):
        assert f'name="{words}"' not in page


def test_a_new_account_is_of_staff_and_on_record(mia: Client) -> None:
    mia.post(f"{PEOPLE}add/", {"username": "eva", "is_active": "on", "groups": ["scheduler"]})

    eva = User.objects.get(username="eva")
    assert (eva.is_staff, eva.is_superuser, eva.has_usable_password()) == (True, False, False)
    assert on_record() == [
        ("mia", "people_changed", "eva", "added"),
        ("mia", "roles_changed", "eva", "+scheduler"),
    ]


def test_a_manager_does_not_set_their_own_roles_nor_end_their_own_account(mia: Client) -> None:
    me = User.objects.get(username="mia")
    before = as_it_stands(me)
    assert 'name="groups"' not in mia.get(page_of(me)).text
    own = {"first_name": "Mia", "last_name": "", "email": "", "credentials": "", "physician": ""}

    assert mia.post(page_of(me), {**own, "groups": [*Role]}).status_code == 403
    assert mia.post(page_of(me), {**own, "is_active": "on"}).status_code == 403
    assert as_it_stands(me) == before
    assert mia.post(page_of(me), own).status_code == 302

    me = User.objects.get(username="mia")
    assert (me.first_name, me.roles, me.is_active) == ("Mia", {Role.MANAGER}, True)
    assert mia.get("/admin/").status_code == 200


def test_somebody_always_looks_after_people() -> None:
    eva = make_account("eva", "manager", "editor")
    root = signed_in(make_account("root", "manager", is_superuser=True))

    for values in ({"groups": ["editor"]}, {"is_active": None}):
        answer = root.post(page_of(eva), sent(eva, **values))
        assert "Nobody would look after people any more." in answer.text
    assert as_it_stands(eva)["roles"] == {Role.MANAGER, Role.EDITOR}

    make_account("mia", "manager")
    assert root.post(page_of(eva), sent(eva, groups=["editor"])).status_code == 302


def test_an_account_that_is_deactivated_is_out_at_once_and_stays_out(mia: Client) -> None:
    eva = make_account("eva", "editor")
    browser = signed_in(eva)

    mia.post(page_of(eva), sent(eva, is_active=None))
    assert browser.get("/admin/").status_code == 302
    assert on_record() == [("mia", "deactivated", "eva", "")]

    mia.post(page_of(eva), sent(User.objects.get(pk=eva.pk), is_active="on"))
    assert User.objects.get(pk=eva.pk).is_active
    assert browser.get("/admin/").status_code == 302  # the old session does not come back
    assert on_record()[1:] == [("mia", "people_changed", "eva", "is_active")]


def test_only_an_account_that_never_did_anything_is_deleted(mia: Client) -> None:
    used, named, new = make_account("used"), make_account("named"), make_account("new")
    signed_in(used)
    note = Note.objects.create(request=make_request(), kind="no_answer", by=named)
    MailChoice.objects.create(user=new, kind="new_request")  # what is its own goes with it

    for user, status in ((used, 403), (named, 403), (new, 302)):
        address = page_of(user).replace("change", "delete")
        assert mia.post(address, {"post": "yes"}).status_code == status

    with pytest.raises(ProtectedError):
        named.delete()  # in the shell
    assert {*User.objects.values_list("username", flat=True)} == {"mia", "used", "named"}
    assert Note.objects.get(pk=note.pk).by == named
    assert on_record() == [("mia", "people_changed", "new", "deleted")]
    bulk = {"action": "delete_selected", "_selected_action": [named.pk], "post": "yes"}
    mia.post(PEOPLE, bulk)
    assert User.objects.filter(pk=named.pk).exists()


def test_of_an_account_that_a_colleague_deletes_what_was_typed_is_shown(mia: Client) -> None:
    new = make_account("new", email="new@clinic.example")
    page, way_in = page_of(new), page_of(new).replace("change", "way-in")
    typed = sent(new, first_name="Newton-Müller")
    new.delete()

    for address, data in ((page, typed), (way_in, {"do": "invite"})):
        gone = mia.post(address, data)
        assert gone.status_code == 404
        assert "This is not there any more" in gone.text
        assert "no-store" in gone["Cache-Control"]
        assert ("Newton-Müller" in gone.text) == ("Copy from below" in gone.text) == (data is typed)
    assert sign_in_as("scheduler").post(page, typed).status_code == 403
    assert AuditEvent.objects.filter(action="refused").count() == 1


def test_an_account_that_is_deleted_while_it_is_saved_is_gone(mia: Client) -> None:
    new = make_account("new")
    clean = PersonForm.clean

    def after_a_colleague(form: PersonForm) -> Any:
        User.objects.filter(username="new").delete()
        return clean(form)

    with mock.patch.object(PersonForm, "clean", after_a_colleague):
        gone = mia.post(page_of(new), sent(new, first_name="Newton-Müller"))

    assert gone.status_code == 404
    assert "Newton-Müller" in gone.text


def test_the_name_stays_once_somebody_has_signed_in_by_it(mia: Client) -> None:
    eva, new = make_account("eva", "editor"), make_account("new", "editor")
    signed_in(eva)

    mia.post(
        page_of(eva), sent(User.objects.get(pk=eva.pk), username="kim", email="e@clinic.example")
    )
    mia.post(page_of(new), sent(new, username="ben"))

    assert {*User.objects.values_list("username", "email")} == {
        ("mia", ""),
        ("eva", "e@clinic.example"),
        ("ben", ""),
    }


def test_no_two_accounts_have_names_that_differ_by_capitals_alone(mia: Client) -> None:
    make_account("éva")
    eva, old = make_account("eva", "editor"), make_account("MIA", "editor")  # from before

    for answer in (
        mia.post(f"{PEOPLE}add/", {"username": "ÉVA", "is_active": "on"}),
        mia.post(page_of(eva), sent(eva, username="Mia")),
    ):
        assert "Somebody else has this name. Choose another." in answer.text
    assert mia.post(page_of(eva), sent(eva, username="Eva")).status_code == 302
    assert mia.post(page_of(old), sent(old, first_name="Mia")).status_code == 302

    assert {*User.objects.values_list("username", "first_name")} == {
        *(("mia", ""), ("éva", ""), ("Eva", ""), ("MIA", "Mia"))
    }


def test_a_save_undoes_no_password_that_was_set_meanwhile(mia: Client) -> None:
    eva = make_account("eva", "editor")
    stale = User.objects.get(pk=eva.pk)
    eva.set_password("correct horse battery")
    eva.save()
    eva.end_sessions()

    # The admin reads its row before it writes it: here, before all of the above.
    with mock.patch.object(PeopleAdmin, "get_object", return_value=stale):
        assert mia.post(page_of(eva), sent(eva, first_name="Eva")).status_code == 302

    now = User.objects.get(pk=eva.pk)
    assert (now.first_name, now.epoch) == ("Eva", 1)
    assert now.check_password("correct horse battery")


def test_a_page_opened_before_a_colleague_saved_undoes_nothing_of_that(mia: Client) -> None:
    # Given a page of eva that mia has open,
    eva = make_account("eva", "editor", "clinician", email="eva@clinic.example")
    opened = Filled(mia, page_of(eva), "user_form")

    # when another manager closes the account, takes a role away and gives one,
    before = Filled(sign_in_as("manager", name="max"), page_of(eva), "user_form")
    before.type("email", "roe@clinic.example").type("groups", "clinician", "manager")
    before.type("is_active").press("_save")
    # and mia then gives it a name and another role,
    opened.type("last_name", "Roe").type("groups", "editor", "clinician", "scheduler")
    opened.press("_save")

    # then both is so.
    eva = User.objects.get(pk=eva.pk)
    assert (eva.last_name, eva.email, eva.is_active) == ("Roe", "roe@clinic.example", False)
    assert eva.roles == {Role.CLINICIAN, Role.MANAGER, Role.SCHEDULER}
    assert on_record()[-2:] == [
        ("mia", "people_changed", "eva", "last_name"),
        ("mia", "roles_changed", "eva", "+scheduler"),
    ]


def test_a_first_role_is_given_also_where_the_form_came_back(mia: Client) -> None:
    eva = make_account("eva")
    form = Filled(mia, page_of(eva), "user_form").type("groups", "editor").type("email", "eva@")

    refused = form.press("_save").text
    form.fields = {}
    for name, value in sent_by(form_in(refused, "user_form")):
        form.fields.setdefault(name, []).append(value)
    form.type("email", "eva@clinic.example").press("_save")

    eva = User.objects.get(pk=eva.pk)
    assert (eva.email, eva.roles) == ("eva@clinic.example", {Role.EDITOR})


def test_a_manager_who_was_reset_changes_their_own_address_no_more(mia: Client) -> None:
    me, max_ = User.objects.get(username="mia"), make_account("max", "manager")
    values = {"first_name": "", "last_name": "", "credentials": "", "physician": ""}
    save = PeopleAdmin.save_model

    def after_a_reset(*args: Any) -> None:
        reset_access(user=User.objects.get(pk=me.pk), by=by(max_), reason=InvitationReason.MISUSE)
        save(*args)

    with mock.patch.object(PeopleAdmin, "save_model", after_a_reset):
        answer = mia.post(page_of(me), {**values, "email": "mine@evil.example"})

    assert answer.status_code == 303
    assert User.objects.get(pk=me.pk).email == ""


def test_the_list_is_narrowed_to_a_role(mia: Client) -> None:
    make_account("eva", "editor", "scheduler")
    make_account("sam", "scheduler")
    make_account("root", "editor", is_superuser=True)

    shown = mia.get(PEOPLE, {"groups__name": "editor"}).context["cl"].result_list
    assert [each.username for each in shown] == ["eva", "root"]
    assert "editor, scheduler" in mia.get(PEOPLE).text
    assert ">superuser<" in mia.get(PEOPLE).text


AT_ONCE = """
import concurrent.futures, logging, threading
from django.db import connection
from clinic_site.access.models import User, active_with
from tests.make import make_account, signed_in
logging.disable()
for other in active_with("manager"):
    other.groups.clear()
pair = [make_account(name, "manager") for name in ("one", "two")]
browsers = [signed_in(user) for user in pair]
start = threading.Barrier(2)
def demote(number):
    sent = {"first_name": "", "last_name": "", "email": "", "credentials": "", "physician": ""}
    sent |= {"initial-groups": "manager", "initial-is_active": "on"}
    start.wait()
    try:
        address = f"/admin/clinic_site/user/{pair[1 - number].pk}/change/"
        browsers[number].post(address, {**sent, "is_active": "on"}, headers={"host": "localhost"})
    finally:
        connection.close()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    list(pool.map(demote, range(2)))
print(active_with("manager").count())
"""


def test_two_who_take_the_role_from_each_other_at_once_leave_one_manager(site: Site) -> None:
    assert site.shell(AT_ONCE).splitlines()[-1] == "1"
