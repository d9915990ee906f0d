"""The first page leads to what is published, whatever that is."""

import pytest
from django.test import Client

from tests.make import make_condition, published

pytestmark = pytest.mark.on_sqlite


@pytest.mark.django_db
def test_the_way_to_read_follows_what_is_published(client: Client) -> None:
    page = client.get("/").text
    assert "Read about" not in page
    assert "Our pages are being written." in page

    published(make_condition(), clinical_change=True)
    assert 'href="/conditions/sore-back/">Read about a sore back</a>' in client.get("/").text

    published(make_condition(slug="sore-knee", title="Sore knee"))
    page = client.get("/").text
    assert '<a class="button" href="/conditions/">Read about what we treat</a>' in page
    assert "Read about a sore back" not in page
