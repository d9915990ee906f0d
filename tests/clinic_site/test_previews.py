"""What has no drafts is looked at on the public page before it is saved."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from clinic_site.models import Clinic, Notice, OpeningHours, Physician
from tests.forms import save, sent_by_page, sent_for
from tests.make import make_picture, sign_in_as

CLINIC = "/admin/clinic_site/clinic/1/change/"
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]


@pytest.fixture
def anna() -> Client:
    return sign_in_as("manager", "editor", name="anna")


@pytest.fixture
def clinic() -> Clinic:
    return Clinic.objects.create(pk=1, city="Sioux Falls", time_zone="America/Chicago")


def test_a_preview_shows_what_was_typed_on_the_public_page_and_keeps_nothing(
    anna: Client, clinic: Clinic
) -> None:
    form = sent_for(anna, CLINIC) | {"city": "Brandon", "introduction": "We listen."}
    form |= {"opening_hours-0-weekday": "0", "opening_hours-0-opens": "8"}
    preview = form | {"opening_hours-0-closes": "noon", "_preview": "Preview the contact page"}

    page = anna.post(CLINIC, preview).text

    assert "Preview: nothing is saved yet" in page
    assert "<address>Brandon</address>" in page
    assert "8:00 AM to 12:00 PM" in page
    assert "application/ld+json" not in page
    first = anna.post(CLINIC, preview | {"_preview": "Preview the first page"}).text
    assert "We listen." in first
    assert not OpeningHours.objects.exists()
    assert Clinic.objects.get().city == "Sioux Falls"
    assert not LogEntry.objects.exists()
    # What is wrong is told, with all that was typed, and nothing of it is kept either.
    page = anna.post(CLINIC, preview | {"opening_hours-0-closes": "5"}).text
    assert "Write 5:00 am or 5:00 pm." in page
    assert sent_by_page(page)["introduction"] == "We listen."
    assert Clinic.objects.get().city == "Sioux Falls"
    assert save(anna, CLINIC, sent_by_page(page) | {"opening_hours-0-closes": "17"}) == "saved"
    assert str(OpeningHours.objects.get()) == "Monday 08:00 to 17:00"


def test_new_and_hidden_pages_can_be_looked_at_too(anna: Client) -> None:
    add = "/admin/clinic_site/physician/add/"
    new = {"slug": "ada", "name": "Dr. Ada Stone", "specialty": "Backs", "bio": "Likes **walks**."}
    form = sent_for(anna, add) | new | {"_preview": "Preview the page"}
    form.pop("active")

    page = anna.post(add, form).text

    assert "<strong>walks</strong>" in page
    assert not Physician.objects.exists()
    notice = "/admin/clinic_site/notice/add/"
    new = {"slug": "way", "title": "The way", "body": "Left.", "_preview": "Preview the page"}
    line = {"lines-TOTAL_FORMS": "1", "lines-0-language": "ar", "lines-0-text": "سطر"}
    page = anna.post(notice, sent_for(anna, notice) | {"lines-0-position": "0"} | new | line).text
    assert '<p lang="ar" dir="rtl">سطر</p>' in page
    assert not Notice.objects.exists()


def test_a_button_of_no_preview_saves(anna: Client, clinic: Clinic) -> None:
    form = sent_for(anna, CLINIC) | {"city": "Brandon", "_preview": "of an earlier release"}

    assert save(anna, CLINIC, form) == "saved"
    assert Clinic.objects.get().city == "Brandon"


def test_a_preview_shows_a_photo_that_no_page_shows_yet(anna: Client) -> None:
    picture = make_picture()
    add = "/admin/clinic_site/physician/add/"
    new = {"slug": "ada", "name": "Dr. Ada Stone", "specialty": "Backs", "bio": "Likes walks."}
    form = sent_for(anna, add) | new | {"photo": str(picture.pk), "_preview": "Preview the page"}

    page = anna.post(add, form).text

    assert f'src="{picture.address_for_staff}"' in page
    assert Client().get(picture.get_absolute_url()).status_code == 404
