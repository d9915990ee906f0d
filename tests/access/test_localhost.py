"""On a person's machine the site is at localhost, where alone a browser makes passkeys."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/?next=/admin/conditions/"])
def test_the_admin_at_127_0_0_1_leads_to_localhost(client: Client, path: str) -> None:
    answer = client.get(path, headers={"host": "127.0.0.1:8000"})

    assert (answer.status_code, answer["Location"]) == (302, f"http://localhost{path}")
    assert answer.cookies == {}


def test_the_public_pages_show_at_127_0_0_1_as_well(client: Client) -> None:
    assert client.get("/contact/", headers={"host": "127.0.0.1:8000"}).status_code == 200
