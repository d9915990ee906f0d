"""Screenshots of every page, for `make screenshots`: var/screenshots.

Phone and desk, light and dark, with errors showing, and the printed pages as PDF. The two that
README.md shows go to docs/screenshots/.
"""

import datetime as dt
import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import tests.environment  # noqa: F401  # from it the settings are read

os.environ["DJANGO_SETTINGS_MODULE"] = "clinic_site.settings"
django.setup()

from tests.browser.journeys import sign_in  # noqa: E402
from tests.running import (  # noqa: E402
    PROJECT,
    Site,
    free_port,
    launch_chromium,
    local_environment,
    start_site,
    stop_site,
)

CONDITION = "/conditions/spinal-compression-fractures/"
SIZES = {360: 740, 1280: 800}
PAGES = {
    "home": "/",
    "conditions": "/conditions/",
    "condition": CONDITION,
    "care-without-a-procedure": "/treatments/care-without-a-procedure/",
    "vertebroplasty": "/treatments/vertebroplasty/",
    "kyphoplasty": "/treatments/kyphoplasty/",
    "sacroplasty": "/treatments/sacroplasty/",
    "physicians": "/physicians/",
    "physician": "/physicians/neal-khurana/",
    "contact": "/contact/",
    "form": "/appointments/request/",
    "search": "/search/?q=bone",
    "search-none": "/search/?q=no-such-word",
    "search-empty": "/search/",
    "privacy": "/notices/privacy/",
    "accessibility": "/notices/accessibility/",
    "nondiscrimination": "/notices/nondiscrimination/",
    "language-help": "/notices/language-help/",
    "notice-missing": "/notices/privacy-practices/",
    "not-found": "/no-such-page/",
    "status-find": "/appointments/status/",
    "status-gone": "/appointments/status/forged/",
}
NOT_THERE = {"not-found", "status-gone"}
QUEUE = "/admin/appointments/appointmentrequest/"
ADMIN_PAGES = {
    "admin": "/admin/",
    "admin-requests": QUEUE,
    "admin-find": f"{QUEUE}find/",
    "admin-enter": f"{QUEUE}enter/",
    "admin-visits": f"{QUEUE}visits/",
    "admin-report": f"{QUEUE}report/",
    "admin-audit": "/admin/clinic_site/auditevent/",
    "admin-mails": "/admin/clinic_site/outboxmessage/",
    "admin-mail-choices": "/admin/clinic_site/mailchoice/",
    "admin-conditions": "/admin/conditions/condition/",
    "admin-condition": "/admin/conditions/condition/5/change/",
    "admin-preview": "/admin/conditions/condition/5/preview/",
    "admin-publish": "/admin/conditions/condition/5/publish/",
    "admin-history": "/admin/conditions/condition/5/revisions/",
    "admin-sign": "/admin/conditions/condition/5/sign/",
    "admin-clinic": "/admin/clinic_site/clinic/1/change/",
    "admin-account": "/admin/account/",
}
PRINTED = {*PAGES, "confirmation", "status", "status-copy", "status-scheduled"}
PRINTED |= {"admin-request", "admin-visits"}


def form_with_errors(page: Page) -> None:
    """Send the form with what people get wrong."""
    page.goto(PAGES["form"])
    page.get_by_label("Phone number").fill("555")
    page.get_by_text("Help us prepare (optional)").click()
    page.get_by_label("Month").fill("2")
    page.get_by_label("Day", exact=True).fill("30")
    page.get_by_label("Year").fill("1950")
    page.get_by_role("button", name="Send the request").click()


def confirmation(page: Page) -> None:
    """Send a request."""
    page.goto(PAGES["form"])
    page.get_by_label("An appointment").check()
    page.get_by_label("Patient's full name").fill("Ana María López")
    page.get_by_label("Phone number").fill("605-555-0142")
    # Words of its own, as equal ones would be asked about.
    page.get_by_label("What would you like us to know?").fill(f"It hurts. {secrets.token_hex(3)}")
    page.get_by_role("button", name="Send the request").click()


class Request:
    """A request from its confirmation to its end, as its patient and as staff see it."""

    def __init__(self, number: int) -> None:
        self.address = f"{QUEUE}{number}/change/"
        self.status = self.reference = ""

    def before_sign_in(self) -> dict[str, Callable[[Page], object]]:
        """What its patient sees first."""
        return {
            "confirmation": confirmation,
            "status": self.look,
            "status-change-errors": lambda page: page.get_by_role(
                "button", name="Ask for this change"
            ).click(),
            "status-find-errors": self.find_wrongly,
            "status-copy-ask": lambda page: page.goto(f"{self.status}copy/"),
            "status-copy": self.copy,
        }

    def as_staff(self) -> dict[str, Callable[[Page], object]]:
        """What staff do with it, and what its patient then sees."""
        return {
            "admin-request": lambda page: page.goto(self.address),
            "admin-request-errors": lambda page: self.schedule(page, "2000-01-06"),
            "admin-found": self.found,
            "status-scheduled": self.visit,
            "admin-record": lambda page: page.goto(f"{QUEUE}record/{self.reference}/"),
            "status-cancel": lambda page: page.goto(f"{self.status}cancel/"),
            "status-cancelled": lambda page: page.get_by_role(
                "button", name="Yes, cancel it"
            ).click(),
        }

    def look(self, page: Page) -> None:
        """Follow the link of the confirmation."""
        page.get_by_role("link", name="See or change my request").click()
        self.status = page.url
        self.reference = page.locator(".reference").inner_text()

    def find_wrongly(self, page: Page) -> None:
        """Ask with a reference that is none."""
        page.goto(PAGES["status-find"])
        page.get_by_label("Your reference").fill("VIS-12")
        page.get_by_role("button", name="Show my request").click()

    def copy(self, page: Page) -> None:
        """Show what was sent."""
        page.get_by_label("Phone number").fill("605-555-0142")
        page.get_by_role("button", name="Show it").click()

    def found(self, page: Page) -> None:
        """Find it by a word of its name."""
        page.goto(f"{QUEUE}find/")
        page.get_by_label("Reference, name, phone or email").fill("López")
        page.get_by_role("button", name="Find", exact=True).click()

    def schedule(self, page: Page, day: str) -> None:
        """Set a visit."""
        page.goto(self.address)
        page.get_by_label("Schedule a visit").or_(page.get_by_label("Change the visit")).check()
        page.get_by_label("Day", exact=True).fill(day)
        page.get_by_label("Time", exact=True).fill("14:00")
        page.get_by_label("Place").fill("Second floor, room 2")
        page.get_by_role("button", name="Save", exact=True).click()

    def visit(self, page: Page) -> None:
        """Set a visit for a week from now, and look as its patient."""
        self.schedule(page, f"{dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)}")
        page.goto(self.status)


def take_all(browser: Browser, site: Site, folder: Path) -> int:
    """Take every screenshot; return how many."""
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    looks = [(size, scheme) for size in SIZES.items() for scheme in schemes]
    for number, ((width, height), scheme) in enumerate(looks, start=1):
        request = Request(number)
        steps: dict[str, Callable[[Page], object]] = {
            **{name: opener(address) for name, address in PAGES.items()},
            "form-errors": form_with_errors,
            **request.before_sign_in(),
            "admin-login": lambda page: page.goto("/admin/"),
            "signed-in": lambda page: sign_in(page, site),
            **{name: opener(address) for name, address in ADMIN_PAGES.items()},
            **request.as_staff(),
        }
        page = browser.new_page(
            base_url=site.address,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
        )
        for name, open_it in steps.items():
            open_it(page)
            load_pictures(page)
            tall = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, tall)})
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
            page.set_viewport_size({"width": width, "height": height})
            if name in PRINTED and (width, scheme) == (1280, "light"):
                page.pdf(path=folder / f"{name}.pdf", format="Letter")
        page.close()
    return len(list(folder.iterdir()))


def opener(address: str) -> Callable[[Page], object]:
    """Return what opens an address in a page, and fails where it is not there."""

    def open_it(page: Page) -> None:
        answer = page.goto(address)
        if answer is None or not (answer.ok or address in {PAGES[name] for name in NOT_THERE}):
            sys.exit(f"Stopped: {address} cannot be opened.")

    return open_it


def load_pictures(page: Page) -> None:
    """Load the pictures that a browser would load as the reader comes near."""
    page.wait_for_load_state()
    page.evaluate(
        """() => Promise.all([...document.images].map(image => {
            image.loading = 'eager';
            return image.decode();
        }))"""
    )


def take_for_readme(browser: Browser, site: Site, folder: Path) -> None:
    """Take the two that README.md shows: the first view, in few colours, so that it is small."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (width, height) in {"phone": (360, 740), "desktop": (1280, 800)}.items():
        page = browser.new_page(
            base_url=site.address, viewport={"width": width, "height": height}, color_scheme="light"
        )
        page.goto(CONDITION)
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)
        page.close()


def main() -> None:
    """Start the site on an empty database, take the pictures, and say where they are."""
    folder = PROJECT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.png"), *folder.glob("*.pdf")):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="clinic-look-", ignore_cleanup_errors=True) as state:
        var = Path(state) / "var"
        site = start_site(var, local_environment(var), free_port())
        try:
            with (
                sync_playwright() as playwright,
                launch_chromium(playwright, whole=True) as browser,
            ):
                count = take_all(browser, site, folder)
                take_for_readme(browser, site, PROJECT / "docs" / "screenshots")
        finally:
            stop_site(site)
    sys.stdout.write(f"{count} files in {folder}\n")
