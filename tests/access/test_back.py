"""A form of staff that holds nothing personal may be kept by the browser; all else may not."""

import pytest
from django.core.management import call_command

from clinic_site.access.roles import Role
from tests.make import make_one_of_each, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]


def test_only_forms_without_anything_personal_are_kept_for_back() -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    rows = make_one_of_each()
    staff = sign_in_as(*Role)

    def kept(path: str) -> str:
        answer = staff.get("/admin/" + path.format(**rows))
        assert answer.status_code == 200, path
        return answer["Cache-Control"]

    for path in (
        *("conditions/condition/{condition}/change/", "conditions/treatment/add/"),
        "conditions/condition/{condition}/publish/",
        *("clinic_site/clinic/1/change/", "clinic_site/physician/{physician}/change/"),
        *("clinic_site/notice/{notice}/change/", "clinic_site/picture/add/"),
    ):
        assert kept(path) == "private, no-cache", path
    for path in (
        *("", "clinic_site/user/{user}/change/", "clinic_site/auditevent/"),
        *("appointments/appointmentrequest/{request}/change/", "clinic_site/outboxmessage/"),
        *("appointments/appointmentrequest/enter/", "appointments/appointmentrequest/find/"),
        *("appointments/appointmentrequest/visits/", "appointments/appointmentrequest/report/"),
    ):
        assert "no-store" in kept(path), path
