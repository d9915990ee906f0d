"""What patients read is never older than a second, in whichever process they ask."""

import time

import pytest
from django.core.management import call_command

from clinic_site.access.roles import Role
from clinic_site.models import Clinic, Notice, Physician, SiteVersion
from tests.forms import sent_for
from tests.make import sign_in_as
from tests.running import Site, Visitor

PATH = "/conditions/stiff-neck/"
LOOKS = 12  # enough for both processes
PAGE = "from tests.make import *; from conditions.models import Condition;"
PAGE += "page = Condition.objects.filter(slug='stiff-neck').first();"


def read(site: Site, path: str = PATH) -> list[str]:
    """What a dozen people read, each on a line of their own."""
    return [Visitor(site.address).get(path).text for _look in range(LOOKS)]


def change(site: Site, code: str) -> None:
    site.shell(PAGE + code)


def wait_for(site: Site, words: str, path: str = PATH) -> None:
    """All read it within a second, and from then on; a busy machine gets a few more."""
    end = time.monotonic() + 5
    while not all(words in text for text in read(site, path)):
        assert time.monotonic() < end, words
        time.sleep(0.2)
    assert all(words in text for text in read(site, path))


@pytest.mark.sqlite_first
def test_each_change_reaches_every_process_and_no_other_does(site: Site) -> None:
    change(site, "published(make_condition(slug='stiff-neck', summary='Turn it.'))")
    wait_for(site, "Turn it.")
    change(site, "edited(page, summary='Turn it slowly.'); published(page)")
    wait_for(site, "Turn it slowly.")

    # A draft is no change, and neither is what was rolled back.
    change(site, "edited(page, summary='Not yet.')")
    change(
        site,
        "from django.db import transaction\n"
        "with transaction.atomic():\n"
        "    published(page)\n"
        "    transaction.set_rollback(True)",
    )
    time.sleep(1)
    assert all("Turn it slowly." in text for text in read(site))

    change(
        site,
        "from conditions.publishing.publish import unpublish\nunpublish(page=page, by=None)",
    )
    wait_for(site, "This page is no longer here", PATH)


@pytest.mark.on_postgresql
@pytest.mark.django_db
def test_whatever_staff_save_of_the_clinic_is_a_change() -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    staff = sign_in_as(Role.EDITOR, Role.MANAGER)
    for row in (Clinic.objects.get(), Physician.objects.first(), Notice.objects.first()):
        assert row is not None
        before = SiteVersion.newest()
        page = f"/admin/clinic_site/{row._meta.model_name}/{row.pk}/change/"
        form = sent_for(staff, page)
        assert SiteVersion.newest() == before
        answer = staff.post(page, form)
        assert answer.status_code == 302, answer.content
        assert SiteVersion.newest() != before, row
