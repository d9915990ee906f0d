"""What public pages never do, whatever is sent to them; what staff supply in other languages."""

import logging

import pytest
from django.test import Client

from clinic_site.models import Notice
from tests.running import Visitor

pytestmark = pytest.mark.on_sqlite


@pytest.mark.parametrize(
    "cookie", ["clinic_session=", "clinic_session=abc", "clinic_csrf=x; messages=y"]
)
@pytest.mark.parametrize("path", ["/", "/nowhere/", "/appointments/request/"])
def test_a_cookie_sent_in_gets_none_back(visitor: Visitor, cookie: str, path: str) -> None:
    answer = visitor.get(path, Cookie=cookie)

    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", ["/appointments/request/", "/contact/", "/admin/login/"])
def test_a_huge_body_is_refused_with_the_phone_number(visitor: Visitor, path: str) -> None:
    answer = visitor.post(path, b"x" * (17 * 1024 * 1024))

    assert answer.status == 413
    assert "605-217-5617" in answer.words


def test_a_token_never_gets_into_the_log(visitor: Visitor, site) -> None:
    visitor.post("/appointments/received/secret-token-one/", b"")
    visitor.get("/appointments/received/secret-token-two/")

    log = (site.var.parent / f"{site.var.name}.log").read_text()
    assert "/appointments/received/(token)/" in log
    assert "secret-token" not in log


@pytest.mark.django_db
def test_a_notices_lines_are_marked_with_their_language(client: Client) -> None:
    notice = Notice.objects.create(slug="language-help", title="Language help", required=True)
    assert notice.is_missing

    for language, text in (("es", "Línea"), ("ar", "سطر"), ("zh-Hant", "行")):
        notice.lines.create(language=language, text=text)

    page = client.get(notice.get_absolute_url()).text
    assert '<p lang="es" dir="ltr">Línea</p>' in page
    assert '<p lang="ar" dir="rtl">سطر</p>' in page
    assert '<p lang="zh-Hant" dir="ltr">行</p>' in page
    assert "not on the site yet" not in page
    assert not Notice.objects.prefetch_related("lines").get().is_missing


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["", " \n "])
@pytest.mark.parametrize("required", [True, False])
def test_an_empty_notice_says_how_to_get_it(client: Client, body: str, required: bool) -> None:
    notice = Notice.objects.create(slug="n", title="Privacy", body=body, required=required)

    page = client.get(notice.get_absolute_url()).text

    assert '<a class="phone" href="tel:+16052175617">605-217-5617</a>, and we will read it' in page
    assert "send it to you" in page


@pytest.mark.django_db
def test_what_people_search_for_is_not_logged(client: Client, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/search/", {"q": "my secret trouble"})

    assert "secret trouble" not in caplog.text
