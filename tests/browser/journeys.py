"""What several stories in a browser begin with."""

from playwright.sync_api import Page, expect

from tests.running import Site


def sign_in(page: Page, site: Site) -> None:
    """Sign in to the admin as the first member of staff."""
    page.goto("/admin/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
