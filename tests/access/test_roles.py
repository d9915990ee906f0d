"""What each role may do stands in the code, and nothing else grants it."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import Client

from clinic_site.access.models import User
from clinic_site.access.roles import Role
from tests.forms import Filled
from tests.generated import SOAK
from tests.make import make_account, sign_in_as, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

QUEUE = "/admin/appointments/appointmentrequest/"
# Who opens each list; it shows one row of what the role works with.
LISTS = {
    "conditions/condition/": {"editor", "clinician"},
    "conditions/condition/add/": {"editor"},
    "conditions/treatment/": {"editor", "clinician"},
    "clinic_site/picture/": {"editor"},
    "clinic_site/physician/": {"editor"},
    "clinic_site/notice/": {"editor", "manager"},
    "clinic_site/clinic/": {"manager"},
    "clinic_site/user/": {"manager"},
    "clinic_site/user/add/": {"manager"},
    "clinic_site/auditevent/": {"manager"},
    "clinic_site/outboxmessage/": {"scheduler", "manager"},
    "clinic_site/mailchoice/": {*Role, "nobody"},  # their own
    "appointments/appointmentrequest/": {"scheduler"},
    "appointments/appointmentrequest/find/": {"scheduler"},
    "appointments/appointmentrequest/enter/": {"scheduler"},
    "appointments/appointmentrequest/visits/": {"scheduler"},
    "appointments/appointmentrequest/report/": {"scheduler", "manager"},
    "appointments/appointmentrequest/record/VIS-7K3M-9RQF/": {"manager"},
}


# tests/admin_table.txt says it of every page; `make soak` tries each of these.
@pytest.mark.parametrize("path", list(LISTS)[:: 1 if SOAK else 4])
def test_a_page_opens_for_its_roles_alone_whatever_djangos_permissions_say(path: str) -> None:
    Permission.objects.all().delete()  # as in a database that was just migrated

    opened = {
        who
        for who in ("nobody", *Role)
        if sign_in_as(*({who} & {*Role}), name=who).get(f"/admin/{path}").status_code == 200
    }

    assert opened == LISTS[path]


def test_several_roles_may_do_what_each_may() -> None:
    both = sign_in_as("editor", "scheduler")

    assert both.get(QUEUE).status_code == 200
    assert both.get("/admin/conditions/condition/").status_code == 200
    assert both.get("/admin/clinic_site/user/").status_code == 403


def test_rows_of_permissions_and_other_groups_grant_nothing() -> None:
    user = make_account("clerk")
    user.user_permissions.set(Permission.objects.all())
    group = Group.objects.create(name="directors")
    group.permissions.set(Permission.objects.all())
    user.groups.add(group)

    assert signed_in(user).get(QUEUE).status_code == 403
    assert user.get_all_permissions() == set()
    assert not user.has_module_perms("appointments")


def superuser(*roles: str) -> User:
    return make_account("root", *roles, is_superuser=True)


@pytest.mark.parametrize("roles", [[], ["scheduler"], [*Role]])
def test_a_superuser_opens_no_request_and_all_else(roles: list[str]) -> None:
    root = signed_in(superuser(*roles))

    for page in ("", "find/", "enter/", "visits/", "report/"):
        assert root.get(QUEUE + page).status_code == 403
    assert "appointmentrequest" not in root.get("/admin/").text
    for page in ("clinic_site/user/", "conditions/condition/", "clinic_site/auditevent/"):
        assert root.get(f"/admin/{page}").status_code == 200


def test_who_is_not_signed_in_or_not_active_may_do_nothing() -> None:
    gone = make_account("gone", *Role, is_active=False, is_superuser=True)

    for user in (gone, AnonymousUser()):
        assert not user.has_perm("clinic_site.view_user")
        assert not user.has_module_perms("clinic_site")


def test_groups_permissions_and_other_peoples_passwords_have_no_page() -> None:
    mia = sign_in_as("manager")
    pk = User.objects.get().pk

    for page in ("auth/group/", "auth/permission/", "auth/user/", "auth/"):
        assert mia.get(f"/admin/{page}").status_code == 404
    # Django leads what it takes for a row's number to that row's page.
    for page in (f"{pk}/password/", f"{pk}/password/change/"):
        assert mia.get(f"/admin/clinic_site/user/{page}", follow=True).redirect_chain[-1][0] == (
            "/admin/"
        )


def test_a_new_account_has_no_password_and_other_roles_end_its_sessions(client: Client) -> None:
    mia = sign_in_as("manager")
    mia.post(
        "/admin/clinic_site/user/add/",
        {"username": "eva", "is_active": "on", "groups": ["editor"]},
    )
    eva = User.objects.get(username="eva")
    assert (eva.is_staff, eva.is_superuser, eva.has_usable_password()) == (True, False, False)
    assert eva.roles == {Role.EDITOR}
    browser = signed_in(eva)
    assert browser.get("/admin/conditions/condition/").status_code == 200

    address = f"/admin/clinic_site/user/{eva.pk}/change/"
    opened = Filled(mia, address, "user_form")
    opened.type("email", "eva@clinic.example").press("_save")
    assert browser.get("/admin/").status_code == 200
    opened.type("groups", "clinician").press("_save")

    assert browser.get("/admin/").status_code == 302
    assert User.objects.get(username="eva").roles == {Role.CLINICIAN}
