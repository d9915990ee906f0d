"""What an editor writes in the site's notation, as patients, search and checks read it."""

import pytest
from django.test import Client

from conditions.models import Section
from conditions.publishing import publish
from tests.make import make_condition


@pytest.mark.django_db
def test_a_screen_reader_says_how_urgent_each_card_is(client: Client) -> None:
    condition = make_condition()
    Section.objects.create(
        page=condition,
        kind="see_doctor",
        heading="Call us today if:",
        body="- you cannot sleep\n\nWe answer.\n\n::: routine Call us for a visit if:\n\n- it lasts\n:::",
    )
    publish(page=condition, by=None, meaning=True)

    page = client.get("/conditions/sore-back/").text

    for words in (
        '<div class="care care-emergency"><h2 id="emergency-heading">'
        '<span class="hidden">Emergency: </span>Call 911 if:</h2>',
        '<div class="care care-today"><h2 id="see-doctor-heading">'
        '<span class="hidden">Today: </span>Call us today if:</h2>',
        '</div>\n<p>We answer.</p>\n<div class="care care-routine"><h3>'
        '<span class="hidden">Routine: </span>Call us for a visit if:</h3>',
    ):
        assert words in page
