"""What stories in a browser share: signing in, and the ways in which a page is shown."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from clinic_site.access.roles import Role
from tests.running import Site


def sign_in(page: Page, site: Site) -> None:
    """Have someone with every role signed in, and open the admin."""
    site.sign_in_as(page.context, *Role, name="staff")
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


@dataclass(frozen=True)
class State:
    """A way in which somebody sees a page."""

    width: int = 360
    height: int = 740
    dark: bool = False
    forced_colors: bool = False
    text: int = 100  # percent


STATES = {
    "on a phone": State(),
    "dark, on a desk": State(width=1280, dark=True),
    "forced colours": State(width=1280, forced_colors=True),
    "320 px wide": State(width=320),
    "200% text": State(text=200),
}


def show(page: Page, state: State) -> None:
    """Show the open page in this state, without loading it anew."""
    page.set_viewport_size({"width": state.width, "height": state.height})
    page.emulate_media(
        color_scheme="dark" if state.dark else "light",
        forced_colors="active" if state.forced_colors else "none",
    )
    # The browser's own setting for the size of text, as a person changes it.
    browser = page.context.new_cdp_session(page)
    browser.send("Page.setFontSizes", {"fontSizes": {"standard": 16 * state.text // 100}})
    browser.detach()
    # A colour that changes little by little would be measured on its way.
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")
