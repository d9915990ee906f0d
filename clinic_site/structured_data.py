"""What the pages about the clinic say, for search engines: JSON-LD, schema.org 30.

They say only what the page shows; what has no value is left out. Addresses are absolute.
"""

import calendar
import json
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic_site.models import Clinic, Physician
from clinic_site.plain import plain

Data = dict[str, Any]
VOCABULARY = "https://schema.org"
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def to_script(data: Data) -> SafeString:
    """Return JSON for a `<script type="application/ld+json">`; no text in it can end the script."""
    whole = {"@context": VOCABULARY, **data}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308  has no <, > or &


def clinic_data(clinic: Clinic) -> Data:
    """Return the clinic as its contact page shows it."""
    address = given(
        streetAddress=clinic.street,
        addressLocality=clinic.city,
        addressRegion=clinic.state,
        postalCode=clinic.postal_code,
    )
    address = address and {"@type": "PostalAddress", **address}
    hours = [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": f"{VOCABULARY}/{calendar.day_name[each.weekday]}",
            "opens": each.opens.isoformat(),
            "closes": each.closes.isoformat(),
        }
        for each in clinic.hours
    ]
    return clinic_node(clinic) | given(address=address, openingHoursSpecification=hours)


def physician_data(physician: Physician, *, clinic: Clinic, picture_address: str | None) -> Data:
    """Return a physician's page, about a Person.

    schema.org's Physician is an organization, a business with opening hours: it has no job title
    and works for no one, and its medicalSpecialty has no word for interventional radiology.
    """
    address = absolute("physician", physician.slug)
    shown_specialty = "" if physician.title else physician.specialty
    person = given(
        name=physician.name,
        url=address,
        jobTitle=physician.title,
        description=plain(physician.bio),
        knowsAbout=[each for each in (shown_specialty, physician.interests) if each],
        image=picture_address,
        worksFor=clinic_node(clinic),
    )
    way = [(_("Physicians"), absolute("physician_list")), (physician.name, address)]
    return {
        "@type": "ProfilePage",
        "url": address,
        "name": physician.name,
        "inLanguage": "en",
        "mainEntity": {"@type": "Person", **person},
        "breadcrumb": breadcrumbs(*way, clinic=clinic),
    }


def breadcrumbs(*steps: tuple[str, str], clinic: Clinic) -> Data:
    """Return the way from the home page to this one: each step below home by name and address."""
    home = (clinic.name, absolute("home"))
    # A bare address would be a text, and `item` takes a thing.
    items = [
        {"@type": "ListItem", "position": n, "name": name, "item": {"@type": "WebPage", "@id": url}}
        for n, (name, url) in enumerate([home, *steps], start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def clinic_node(clinic: Clinic) -> Data:
    """Return what every page shows of the clinic."""
    home, phone = absolute("home"), clinic.phone.as_e164
    return {"@type": "MedicalClinic", "name": clinic.name, "url": home, "telephone": phone}


def absolute(view: str, *args: str) -> str:
    """Return the absolute address of a page, by the name of its URL."""
    return settings.SITE_URL + reverse(view, args=args)


def given(**properties: Any) -> Data:
    """Return the properties that have a value."""
    return {name: value for name, value in properties.items() if value}
