"""The name under a page is the account's, and somebody else said that it is right."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.models import AuditEvent, Physician
from conditions.models import Condition, Review
from tests.make import make_account, make_condition, published, sign_in_as, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

NEXT_YEAR = str(timezone.localdate() + dt.timedelta(days=365))


@pytest.fixture
def page() -> Condition:
    condition = make_condition()
    published(condition, clinical_change=True)
    return condition


@pytest.fixture
def mia() -> Client:
    return sign_in_as("manager", name="mia")


def clinician(*roles: str, **values: object) -> User:
    values = {"first_name": "Cleo", "last_name": "Roe", "credentials": "MD", **values}
    return make_account("cleo", *(roles or ("clinician",)), **values)


def account(user: User) -> str:
    return f"/admin/clinic_site/user/{user.pk}/"


def confirm(browser: Client, user: User, name: str = "Cleo Roe, MD") -> int:
    return browser.post(f"{account(user)}confirm-name/", {"name": name}).status_code


def sign(browser: Client, page: Condition, **more: str) -> str:
    address = f"/admin/conditions/condition/{page.pk}/sign/"
    shown = browser.get(address).text
    browser.post(address, {"number": "1", "next_due": NEXT_YEAR, "read": "on", **more})
    return shown


def test_a_page_is_signed_by_the_name_that_a_manager_confirmed(
    page: Condition, mia: Client, client: Client
) -> None:
    cleo = clinician()
    browser = signed_in(cleo)

    shown = sign(browser, page)
    assert "You cannot sign yet" in shown
    assert "<strong>Cleo Roe, MD</strong>" in shown
    assert 'value="Sign"' not in shown
    assert "mia" in shown  # whom to ask
    assert not Review.objects.exists()

    assert "Confirm the name with which cleo signs pages." in mia.get("/admin/").text
    assert "Confirm this name" in mia.get(f"{account(cleo)}change/").text
    assert confirm(mia, cleo) == 303
    assert "Confirmed by mia." in mia.get(f"{account(cleo)}change/").text
    assert "Confirm the name" not in mia.get("/admin/").text
    # What a form of his own would say counts for nothing.
    assert 'value="Sign"' in sign(browser, page, reviewer_name="Dr. Famous")

    assert [each.reviewer_name for each in Review.objects.all()] == ["Cleo Roe, MD"]
    assert "Cleo Roe, MD" in client.get("/conditions/sore-back/").text
    rows = AuditEvent.objects.filter(action__in=["name_confirmed", "signed"]).order_by("pk")
    assert [*rows.values_list("actor", "action", "references", "detail")] == [
        ("mia", "name_confirmed", "cleo", "Cleo Roe, MD"),
        ("cleo", "signed", "sore-back", "number 1"),
    ]


def test_a_linked_physician_gives_the_name(page: Condition, mia: Client) -> None:
    jane = Physician.objects.create(slug="jane", name="Dr. Jane Doe", specialty="x", bio="y")
    cleo = clinician(physician=jane)

    confirm(mia, cleo, "Dr. Jane Doe")
    sign(signed_in(cleo), page)

    assert [each.reviewer_name for each in Review.objects.all()] == ["Dr. Jane Doe"]


@pytest.mark.parametrize(
    "changed", [{"first_name": "Leo"}, {"last_name": "Poe"}, {"credentials": "DO"}, {}]
)
def test_a_changed_name_is_to_be_confirmed_anew(
    page: Condition, mia: Client, changed: dict[str, str]
) -> None:
    cleo = clinician()
    confirm(mia, cleo)
    if changed:
        sent = {"first_name": "Cleo", "last_name": "Roe", "credentials": "MD", **changed}
        groups = [group.name for group in cleo.groups.all()]
        mia.post(
            f"{account(cleo)}change/",
            {**sent, "groups": groups, "is_active": "on", "username": "cleo"},
        )
    else:
        jane = Physician.objects.create(slug="jane", name="Dr. Jane Doe", specialty="x", bio="y")
        User.objects.filter(pk=cleo.pk).update(physician=jane)

    assert "You cannot sign yet" in sign(signed_in(User.objects.get(pk=cleo.pk)), page)
    assert not Review.objects.exists()


def test_who_edits_physicians_signs_by_no_other_name(page: Condition, mia: Client) -> None:
    jane = Physician.objects.create(slug="jane", name="Dr. Jane Doe", specialty="x", bio="y")
    cleo = clinician("clinician", "editor", physician=jane)
    confirm(mia, cleo, "Dr. Jane Doe")

    Physician.objects.update(name="Dr. Famous")  # as an editor may

    sign(signed_in(cleo), page)
    assert not Review.objects.exists()


def test_nobody_confirms_their_own_name_but_the_only_manager_needs_nobody(page: Condition) -> None:
    first = clinician("clinician", "manager")
    browser = signed_in(first)

    assert "no other manager to confirm it" in browser.get(f"{account(first)}change/").text
    sign(browser, page)
    assert [each.reviewer_name for each in Review.objects.all()] == ["Cleo Roe, MD"]

    mia = make_account("mia", "manager")
    assert 'value="Sign"' in browser.get(f"/admin/conditions/condition/{page.pk}/sign/").text

    signed_in(mia)  # for the first time: from now on there is somebody to ask
    assert confirm(browser, first) == 403
    assert (
        "A manager other than you must confirm it." in browser.get(f"{account(first)}change/").text
    )
    assert "You cannot sign yet" in sign(browser, page)
    assert Review.objects.count() == 1

    # Once she has left, there is nobody again; that she was deactivated is on record.
    User.objects.filter(pk=mia.pk).update(is_active=False)
    assert 'value="Sign"' in sign(
        browser, page, next_due=f"{timezone.localdate() + dt.timedelta(days=400)}"
    )
    assert Review.objects.count() == 2


def test_only_a_manager_confirms_and_only_what_was_shown(mia: Client) -> None:
    cleo = clinician()

    assert confirm(sign_in_as("editor"), cleo) == 403
    assert mia.get(f"{account(cleo)}confirm-name/").status_code == 405
    assert confirm(mia, cleo, "Cleo Roe") == 303  # credentials came meanwhile
    assert "The name was changed meanwhile." in mia.get(f"{account(cleo)}change/").text

    assert User.objects.get(pk=cleo.pk).signs_as == ""


def test_a_superuser_signs_nothing(page: Condition) -> None:
    root = clinician("clinician", "manager", is_superuser=True)

    shown = sign(signed_in(root), page)

    assert "A superuser's account signs no page." in shown.replace("&#x27;", "'")
    assert not Review.objects.exists()


def test_a_name_that_fits_under_no_page_is_refused(mia: Client) -> None:
    cleo = clinician()
    sent = {"username": "cleo", "first_name": "C" * 100, "last_name": "R" * 30, "is_active": "on"}

    answer = mia.post(f"{account(cleo)}change/", sent)

    assert "too long to stand under a page" in answer.text
    assert User.objects.get(pk=cleo.pk).first_name == "Cleo"


def test_publishing_and_taking_off_are_on_record(page: Condition) -> None:
    editor = sign_in_as("editor", name="eve")
    editor.post(f"/admin/conditions/condition/{page.pk}/unpublish/")
    for _click in range(2):  # the second one finds it there
        editor.post(
            f"/admin/conditions/condition/{page.pk}/publish/",
            {"clinical_change": "yes", "revision": "1"},
        )

    rows = AuditEvent.objects.filter(subject_kind="page").order_by("pk")
    assert [*rows.values_list("actor", "action", "references", "detail", "source")] == [
        ("(system)", "published", "sore-back", "number 1", ""),
        ("eve", "unpublished", "sore-back", "number 1", "192.0.2.7"),
        ("eve", "published", "sore-back", "number 2", "192.0.2.7"),
    ]


def test_a_clinician_without_a_name_is_something_to_do(mia: Client, page: Condition) -> None:
    leo = make_account("leo", "clinician")

    assert "Enter the name with which leo signs pages." in mia.get("/admin/").text
    assert "Your account has no name yet for patients to read." in sign(signed_in(leo), page)
    assert "Confirm this name" not in mia.get(f"{account(leo)}change/").text
    assert confirm(mia, leo, "") == 303
    assert User.objects.get(pk=leo.pk).signs_as == ""
