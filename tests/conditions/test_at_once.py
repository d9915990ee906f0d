"""What several people do in the same moment, on a database where they can: PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from django.db import connections

from clinic_site.access.roles import make_roles
from conditions.admin import PageAdmin
from conditions.models import Page
from tests.audit import remove_triggers
from tests.conditions.editing import change, editor
from tests.forms import Filled
from tests.make import make_condition, sign_in_as

pytestmark = [pytest.mark.needs_postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _roles() -> Iterator[None]:
    make_roles(None)
    yield
    remove_triggers()  # they come back after the flush


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each gives, all begun in one moment."""
    ready = threading.Barrier(len(works))

    def work(what: Callable[[], Any]) -> Any:
        ready.wait()
        try:
            return what()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(work, works))


def test_of_pages_published_at_one_address_at_once_one_is_and_the_others_are_told() -> None:
    pages = [make_condition(slug=f"sore-back-{number}") for number in range(3)]
    for page in pages:
        form = Filled(sign_in_as("editor", name=page.ref), change(page), "edit")
        form.type("slug", "sore-back").press("_save")
    views = [
        Filled(sign_in_as("editor", name=page.ref), change(page).replace("change", "publish"))
        for page in pages
    ]

    answers = at_once(*(lambda view=view: view.press("clinical_change", "no") for view in views))

    assert [each.status_code for each in answers] == [200, 200, 200]
    (live,) = Page.objects.exclude(live=None)
    told = [each.text for each in answers if "Published as number" not in each.text]
    assert len(told) == 2
    for text in told:
        assert "Another page has, or had, the address “sore-back”. Choose another." in text
    assert live.addresses.get().slug == "sore-back"


def test_of_pages_begun_under_one_title_at_once_each_has_a_name_of_its_own() -> None:
    browsers = [sign_in_as("editor", name=name) for name in ("anna", "bo", "cy")]
    forms = [Filled(each, "/admin/conditions/condition/add/") for each in browsers]
    for form in forms:
        form.type("title", "Sore back")

    answers = at_once(*(lambda form=form: form.press("") for form in forms))

    assert [each.status_code for each in answers] == [200, 200, 200]
    refs = Page.objects.order_by("ref").values_list("ref", flat=True)
    assert list(refs) == ["sore-back", "sore-back-2", "sore-back-3"]


def test_a_page_is_not_deleted_under_a_colleague_who_types(monkeypatch) -> None:
    page = make_condition()
    form = editor(sign_in_as("editor", name="colleague"), page).type("summary", "Of an hour.")
    staff = sign_in_as("editor", name="staff")
    delete, typed = PageAdmin.delete_model, []

    def work() -> int:
        try:
            return form.client.post(form.address, form.fields | {"_save": "1"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:

        def delete_as_they_save(*args: Any) -> None:
            typed.append(pool.submit(work))
            wait(typed, timeout=0.5)
            delete(*args)

        monkeypatch.setattr(PageAdmin, "delete_model", delete_as_they_save)
        staff.post(change(page).replace("change", "delete"), {"post": "yes"})

    assert (typed[0].result(), Page.objects.exists()) in [(302, True), (404, False)]
