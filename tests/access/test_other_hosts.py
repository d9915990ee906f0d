"""The admin is at SITE_URL, where alone passkeys, sessions and kept forms are."""

import pytest
from django.test import Client

from tests.make import PASSWORD, signed_in, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]

OTHERS = ["127.0.0.1:8000", "www.clinic.example", "LOCALHOST.clinic.example:80"]


@pytest.fixture(autouse=True)
def _other_hosts(settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", ".clinic.example"]


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/?next=/admin/conditions/"])
def test_who_opens_the_admin_under_another_name_is_led_to_its_own(
    client: Client, host: str, path: str
) -> None:
    answer = client.get(path, headers={"host": host})

    assert (answer.status_code, answer["Location"]) == (302, f"http://localhost{path}")
    assert answer.cookies == {}


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LocalHost"])
def test_no_port_and_no_letters_of_its_own_name_lead_around_in_a_circle(
    client: Client, host: str
) -> None:
    assert client.get("/admin/login/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", OTHERS)
def test_the_public_pages_show_under_each_name(client: Client, host: str) -> None:
    assert client.get("/contact/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", OTHERS)
def test_a_form_that_was_open_there_before_is_done(host: str) -> None:
    ana = with_password("ana", "editor")
    client = signed_in(ana)

    typed = {"do": "password", "password": PASSWORD * 2, "repeated": PASSWORD * 2}
    client.post("/admin/account/", typed, headers={"host": host})

    ana.refresh_from_db()
    assert ana.check_password(PASSWORD * 2)
