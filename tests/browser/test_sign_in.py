"""Getting in with a real browser: an invitation, passkeys, and all of it without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from clinic_site.access.roles import Role
from tests.make import PASSWORD, code_now
from tests.running import Site, launch_chromium

NAMES = {"First name": "Lee", "Last name": "Ode"}


@pytest.fixture(scope="module")
def whole_chromium(playwright: Playwright) -> Iterator[Browser]:
    """The whole browser: its engine alone has no passkeys."""
    with launch_chromium(playwright, whole=True) as browser:
        yield browser


@pytest.fixture
def device(whole_chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser on a device that unlocks passkeys by a finger, which is always there."""
    context = whole_chromium.new_context(base_url=site.address)
    yield context
    context.close()


def open_with_finger(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    browser = context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return page


def is_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_with_a_passkey_one_sets_up_an_account_and_comes_back(
    device: BrowserContext, site: Site
) -> None:
    page = open_with_finger(device)
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text))

    # Somebody opens their invitation, and makes a passkey.
    page.goto(site.manage("invite", "lee", "--role", "editor").strip())
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    for label, name in NAMES.items():
        page.get_by_label(label).fill(name)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="If you lose this device")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Keep these codes")).to_be_visible()
    code = page.locator(".codes li").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    is_in(page)

    # Signed out, they come back by the passkey alone.
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/conditions/condition/")
    tab = device.new_page()
    tab.goto("/admin/conditions/condition/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile(r"^[^?]+/admin/conditions/condition/$"))
    # In a second tab, the sign-in leads on as well.
    tab.get_by_role("button", name="Sign in with a passkey").click()
    expect(tab).to_have_url(re.compile(r"^[^?]+/admin/conditions/condition/$"))
    tab.close()

    # They make another passkey a while later, and are asked again who they are.
    page.get_by_role("link", name="Your account").click()
    site.shell(
        "from django.contrib.sessions.models import Session as S;"
        "from clinic_site.access.sessions import SessionStore as Store\n"
        "for row in S.objects.all():\n"
        "    values = row.get_decoded(); values['proved_at'] = 0\n"
        "    S.objects.filter(pk=row.pk).update(session_data=Store().encode(values))"
    )
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    expect(page.get_by_text("Nothing was done yet")).to_have_count(1)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text("8 codes are left")).to_be_visible()
    assert code.count("-") == 3
    assert [text for text in violations if "Content Security" in text] == []


def test_a_passkey_that_is_not_used_says_so(device: BrowserContext, site: Site) -> None:
    page = open_with_finger(device)
    page.goto("/admin/")

    # The device has none for this site.
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("status")).to_have_text(re.compile("No passkey was used"))


@pytest.fixture
def page_without_script(chromium: Browser, site: Site) -> Iterator[Page]:
    """A browser that runs no script."""
    context = chromium.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def test_without_javascript_an_app_does(page_without_script: Page, site: Site) -> None:
    page = page_without_script
    page.goto(site.manage("invite", "may", "--role", "editor").strip())
    expect(page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    page.get_by_label("First name").fill("May")
    page.get_by_label("Last name").fill("Day")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_text("You cannot scan it?").click()
    secret = page.locator(".key").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill(code_now(secret))
    page.get_by_role("button", name="Finish with the app").click()
    code = page.locator(".codes li").last.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    is_in(page)

    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/account/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    page.get_by_label("Username").fill("may")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.get_by_label("New password").fill("short")
    page.get_by_label("The same once more").fill("short")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()


def test_at_the_printed_address_one_is_in_within_a_minute(chromium: Browser, site: Site) -> None:
    page = chromium.new_page()
    page.goto(site.invitation)
    page.get_by_label("Username").fill("jo")
    for label, name in NAMES.items():
        page.get_by_label(label).fill(name)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Later").click()
    is_in(page)
    expect(page.get_by_text("You are in without a second factor")).to_be_visible()
    shown = "from clinic_site.access.models import User as U; jo = U.objects.get(username='jo'); print(jo, *jo.roles)"
    assert {*site.shell(shown).split()} == {"jo", *Role}
    page.close()
