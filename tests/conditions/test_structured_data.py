"""What search engines are told: in range of schema.org, and only what the page shows."""

import copy
import dataclasses
import json
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from django.conf import settings
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.models import Clinic, OpeningHours, Physician
from clinic_site.plain import list_items, plain
from clinic_site.structured_data import breadcrumbs, clinic_data, physician_data, to_script
from conditions.content.document import ConditionDocument, Section, TreatmentDocument
from conditions.content.files import read_yaml
from conditions.models import Review
from conditions.rendering import CONDITION_LISTS, page_data, page_text, render_page
from tests.schema_org import PROPERTIES, faults

pytestmark = pytest.mark.on_sqlite

CONTENT = Path(settings.BASE_DIR) / "conditions" / "content"
SITE = settings.SITE_URL
MENU = "Conditions Physicians"
REVIEW = Review(reviewer_name="Dr. Jane Doe", reviewed_on=date(2025, 3, 14))
# What is not a text that people read: types, addresses, codes, dates.
NOT_WORDS = {
    *("@type", "@id", "url", "image", "inLanguage", "lastReviewed", "procedureType"),
    *("dayOfWeek", "opens", "closes", "codingSystem"),
}


def text_of(slug: str) -> str:
    return (CONTENT / f"{slug}.yaml").read_text(encoding="utf-8")


CONDITION = ConditionDocument.from_yaml(text_of("spinal-compression-fractures"))
TREATMENTS = [TreatmentDocument.from_yaml(text_of(slug)) for slug in CONDITION.treatments]


def describe_condition(document: ConditionDocument = CONDITION, **values: Any) -> dict[str, Any]:
    return page_data(
        document,
        **{
            "treatments": TREATMENTS,
            "clinic": Clinic(),
            "review": None,
            "picture_address": None,
            **values,
        },
    )


def describe_treatment(document: TreatmentDocument, **values: Any) -> dict[str, Any]:
    return page_data(
        document,
        **{
            "clinic": Clinic(),
            "review": None,
            "picture_address": None,
            **values,
        },
    )


def the_physician() -> Physician:
    written = read_yaml(text_of("neal-khurana"), "neal-khurana.yaml")
    return Physician(**{key: value for key, value in written.items() if key != "type"})


def describe_physician(who: Physician | None = None) -> dict[str, Any]:
    return physician_data(
        who or the_physician(),
        clinic=Clinic(),
        picture_address=f"{SITE}/pictures/{'0' * 64}",
    )


def open_clinic() -> Clinic:
    """A clinic with all that it may have, in the database."""
    clinic = Clinic.objects.create(
        pk=1, street="1 Main St", city="Sioux Falls", state="SD", postal_code="57104"
    )
    for weekday in (0, 1):
        OpeningHours.objects.create(
            clinic=clinic, weekday=weekday, opens=time(8), closes=time(16, 30)
        )
    return clinic


def with_body(kind: str, body: str) -> ConditionDocument:
    """The shipped condition with one more section."""
    section = Section(kind=kind, heading="More", body=body)
    others = [each for each in CONDITION.sections if each.kind != kind]
    return dataclasses.replace(CONDITION, sections=(*others, section))


def walk(data: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every name and value at any depth, lists flattened; a node comes before what is in it."""
    if isinstance(data, list):
        for each in data:
            yield from walk(each, key)
        return
    yield key, data
    if isinstance(data, dict):
        for name, value in data.items():
            yield from walk(value, name)


def values_of(data: Any, *names: str) -> list[Any]:
    return [value for name, value in walk(data) if name in names]


def names_of(data: dict[str, Any], name: str) -> list[str]:
    """What the things of a list property are called."""
    return [each["name"] for each in data["about"][name]]


def words(element: Element) -> str:
    """What an element of the page says, without citations and without lists inside it."""

    def texts(element: Element) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if child.tag not in {"sup", "ul", "ol", "div"}:
                yield from texts(child)
            yield child.tail or ""

    return " ".join("".join(texts(element)).split())


def items_on_the_page(document: ConditionDocument, kind: str) -> list[str]:
    """The list items that a reader of the page's HTML sees in the sections of a kind."""
    return [
        words(item)
        for section in render_page(document).sections
        if section.kind == kind
        for top in html5lib.parseFragment(str(section.html), namespaceHTMLElements=False)
        for block in (top if top.tag == "details" else [top])
        if block.tag in {"ul", "ol"}
        for item in block
    ]


def one_line(*texts: str) -> str:
    return " ".join(" ".join(texts).split())


SHIPPED = {
    "condition": describe_condition(review=REVIEW, picture_address=f"{SITE}/pictures/1"),
    **{document.slug: describe_treatment(document, review=REVIEW) for document in TREATMENTS},
    "physician": describe_physician(),
    "clinic": clinic_data(Clinic()),
}


# In range of schema.org


@pytest.mark.parametrize("data", SHIPPED.values(), ids=SHIPPED.keys())
def test_every_type_property_and_value_is_in_range(data: dict[str, Any]) -> None:
    assert faults(data) == []


@pytest.mark.django_db
def test_the_table_holds_nothing_that_is_not_used() -> None:
    coded = describe_condition(dataclasses.replace(CONDITION, icd10_code="M80.08XA"))
    everything = [*SHIPPED.values(), coded, clinic_data(open_clinic())]

    assert {name for name, _value in walk(everything)} - {"", "@type", "@id"} == set(PROPERTIES)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown type": ({"@type": "HealthPage"}, "unknown type HealthPage"),
    "no type": ({"@type": None}, "unknown type None"),
    "unknown type inside": ({"about": {"@type": "Disease"}}, "unknown type Disease"),
    "unknown property": ({"reviewDate": "2025-03-14"}, "reviewDate: unknown property"),
    "another type's property": ({"cause": {"@type": "MedicalCause"}}, "has no such property"),
    "text for a date": ({"lastReviewed": "last spring"}, "'last spring' is not ['Date']"),
    "therapy for a reviewer": ({"reviewedBy": {"@type": "MedicalTherapy"}}, "is not one of"),
    "text for a reviewer": ({"reviewedBy": "Dr. Jane Doe"}, "is not ['Organization', 'Person']"),
    "clinic for an audience": ({"audience": {"@type": "MedicalClinic"}}, "is not one of"),
    "path for an address": ({"url": "/contact/"}, "'/contact/' is not ['URL']"),
    "path for an id": ({"@id": "/contact/"}, "is no address"),
    "number for a text": ({"name": 911}, "911 is not ['Text']"),
    "empty text": ({"name": " "}, "is not ['Text']"),
    "empty list": ({"image": []}, "empty"),
    "an enumeration's value out of it": (
        {"name": "https://schema.org/Monday"},
        "is not ['Text']",
    ),
    "surgery for a treatment": (
        {
            "about": {
                "@type": "MedicalCondition",
                "possibleTreatment": {"@type": "SurgicalProcedure"},
            }
        },
        "unknown type SurgicalProcedure",
    ),
    "a test for a treatment": (
        {"about": {"@type": "MedicalCondition", "possibleTreatment": {"@type": "MedicalTest"}}},
        "MedicalTest is not one of",
    ),
    "a bare address for a step": (
        {"breadcrumb": {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "item": SITE}]}},
        "is not ['Thing']",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_out_of_range_is_found(change: dict[str, Any], message: str) -> None:
    data = copy.deepcopy(SHIPPED["condition"]) | change

    assert len(faults(data)) == 1
    assert message in faults(data)[0]


@pytest.mark.parametrize("data", SHIPPED.values(), ids=SHIPPED.keys())
def test_nothing_is_called_surgery(data: dict[str, Any]) -> None:
    assert "Surgical" not in json.dumps(values_of(data, "@type", "procedureType"))


# What the page shows, and nothing else


@pytest.mark.parametrize("kind", CONDITION_LISTS)
def test_the_lists_are_the_page_s_own(kind: str) -> None:
    name, type_ = CONDITION_LISTS[kind]
    data = describe_condition()

    names, items = names_of(data, name), items_on_the_page(CONDITION, kind)
    assert [item[: len(name)] for name, item in zip(names, items, strict=True)] == names != []
    assert {each["@type"] for each in data["about"][name]} == {type_}


def test_the_treatments_are_those_of_the_page_in_its_order() -> None:
    treatments = describe_condition()["about"]["possibleTreatment"]

    names = ["Care without a procedure", "Vertebroplasty", "Kyphoplasty", "Sacroplasty"]
    assert [each["name"] for each in treatments] == names
    assert {each["@type"] for each in treatments} == {"MedicalTherapy"}


def test_an_item_is_named_without_the_warnings_that_follow_it() -> None:
    data = describe_condition(with_body("symptoms", "- weak legs at 8.3 km. **Call 911.**\n- pain"))

    assert names_of(data, "signOrSymptom")[-2:] == ["weak legs at 8.3 km.", "pain"]
    for word in ("911", "Do not stop", "Free help"):
        assert word not in json.dumps(describe_condition()["about"])


def test_how_it_is_done_is_told_in_steps_without_what_stands_about_the_pictures() -> None:
    for document in TREATMENTS:
        about = describe_treatment(document)["about"]
        assert ("needle" in about["howPerformed"]) is document.uses_needle
        assert ("procedureType" in about) is document.uses_needle
        assert "picture" not in about["howPerformed"].replace("X-ray pictures", "")
        assert "other places" not in about["preparation"]
        assert "Call 911" in about["followup"]


def test_sacroplasty_is_told_to_be_for_the_sacrum_and_for_no_other_fracture() -> None:
    sacroplasty = describe_condition()["about"]["possibleTreatment"][-1]

    assert "Only for a fracture of the sacrum" in sacroplasty["description"]
    assert "ompression" not in json.dumps(describe_treatment(TREATMENTS[-1]))


def test_a_page_that_shows_no_treatments_tells_of_none() -> None:
    sections = tuple(each for each in CONDITION.sections if each.kind != "treatments")
    data = describe_condition(dataclasses.replace(CONDITION, sections=sections))

    assert "possibleTreatment" not in data["about"]


def test_a_property_without_a_value_is_left_out() -> None:
    sections = tuple(each for each in CONDITION.sections if each.kind == "emergency")
    data = describe_condition(dataclasses.replace(CONDITION, sections=sections), treatments=[])

    assert set(data["about"]) == {"@type", "name", "url"}
    assert faults(data) == []


def test_items_of_care_cards_and_of_lists_in_lists_do_not_count() -> None:
    body = (
        "You may feel:\n\n- **pain**[^a] at\n  night & day\n  - in bed\n- [heat](/contact/)\n\n"
        "::: today Call us if:\n\n- it lasts\n:::\n\n1. tired legs\n\n   ::: routine Rest:\n"
        "   - a day\n   :::\n\n   of late\n\n| a | b |\n|---|---|\n| c | d |"
    )

    assert list_items(body) == ["pain at night & day", "heat", "tired legs of late"]
    document = with_body("symptoms", body)
    assert names_of(describe_condition(document), "signOrSymptom")[-3:] == list_items(body)
    assert items_on_the_page(document, "symptoms")[-3:] == list_items(body)


def test_items_of_a_list_in_a_fold_count_and_people_do_not() -> None:
    body = "- pain\n\n::: fold Less common\n\n- heat\n\n::: people Of 100\n\n- 5 in 100 itch[^a]\n:::\n:::"

    assert list_items(body) == ["pain", "heat"]
    assert plain(body) == "pain\nLess common\nheat\nOf 100\n5 in 100 itch"


def test_plain_words_keep_what_is_read_and_drop_the_marks() -> None:
    body = (
        "### Now\n\nIt **eases**.[^a][^b]\nSoon.\n\n::: today Call if:\n\n- it lasts\n:::\n\n<b>\\*"
    )

    assert plain(body) == "Now\nIt eases. Soon.\nCall if:\nit lasts\n<b>*"
    assert plain("[^a]") == ""


def test_a_page_s_text_is_all_of_its_words() -> None:
    text = page_text(CONDITION)

    assert text.startswith(CONDITION.summary)
    assert all(plain(point) in text for point in CONDITION.key_points)
    assert all(section.heading in text for section in CONDITION.sections)
    assert "\nA man\nNot enough proof to say\n" in text
    assert "[^" not in text
    assert "**" not in text


def test_no_text_of_a_condition_is_invented() -> None:
    shown = one_line(
        *(CONDITION.title, page_text(CONDITION), Clinic().name, Clinic().phone.as_e164, MENU),
        *(text for each in TREATMENTS for text in (each.title, plain(each.comparison.what))),
    )

    assert not_shown(describe_condition(), shown) == []


def test_the_only_treatment_is_told_as_on_its_card() -> None:
    only = describe_condition(treatments=TREATMENTS[1:2])["about"]["possibleTreatment"]

    assert [each["description"] for each in only] == [TREATMENTS[1].summary]


@pytest.mark.parametrize("document", TREATMENTS, ids=lambda document: document.slug)
def test_no_text_of_a_treatment_is_invented(document: TreatmentDocument) -> None:
    shown = one_line(
        *(document.title, page_text(document), CONDITION.title),
        *(Clinic().name, Clinic().phone.as_e164, MENU),
    )

    assert not_shown(describe_treatment(document), shown) == []


def test_no_text_of_a_physician_is_invented() -> None:
    who = the_physician()
    shown = one_line(
        *(who.name, who.role, who.interests, plain(who.bio)),
        *(Clinic().name, Clinic().phone.as_e164, MENU),
    )

    assert not_shown(describe_physician(), shown) == []


def not_shown(data: dict[str, Any], shown: str) -> list[str]:
    """The texts of the data that people cannot read in what is shown."""
    texts = [
        value for name, value in walk(data) if isinstance(value, str) and name not in NOT_WORDS
    ]
    assert len(texts) > 8
    return [text for text in texts if one_line(text) not in shown]


def test_an_invented_text_would_be_found() -> None:
    data = describe_condition()
    data["about"]["cause"].append({"@type": "MedicalCause", "name": "bad luck"})

    assert "bad luck" in not_shown(data, page_text(CONDITION))


# Review and code


@pytest.mark.parametrize("document", [CONDITION, *TREATMENTS], ids=lambda document: document.slug)
def test_the_review_is_told_only_where_there_is_one(document: Any) -> None:
    describe = describe_condition if document is CONDITION else describe_treatment

    assert values_of(describe(document), "lastReviewed", "reviewedBy") == []
    signed = describe(document, review=REVIEW)
    assert signed["lastReviewed"] == "2025-03-14"
    assert signed["reviewedBy"] == {"@type": "Person", "name": "Dr. Jane Doe"}


def test_the_code_is_told_only_where_it_is_set() -> None:
    assert CONDITION.icd10_code == ""
    assert "code" not in describe_condition()["about"]
    coded = describe_condition(dataclasses.replace(CONDITION, icd10_code="M80.08XA"))
    assert coded["about"]["code"] == {
        "@type": "MedicalCode",
        "codeValue": "M80.08XA",
        "codingSystem": "ICD-10-CM",
    }
    assert faults(coded) == []


# Addresses, the way here, the clinic, the physician


@pytest.mark.parametrize("data", SHIPPED.values(), ids=SHIPPED.keys())
def test_every_address_is_the_site_s_own(data: dict[str, Any]) -> None:
    addresses = values_of(data, "url", "@id", "image")

    assert addresses != []
    assert [address for address in addresses if not address.startswith(f"{SITE}/")] == []


def test_the_address_is_the_canonical_one() -> None:
    path = "/conditions/spinal-compression-fractures/"

    assert describe_condition()["url"] == SITE + path
    assert describe_treatment(TREATMENTS[1])["url"] == f"{SITE}/treatments/vertebroplasty/"


def test_the_way_to_a_page_counts_from_one() -> None:
    steps = breadcrumbs(("Conditions", f"{SITE}/conditions/"), clinic=Clinic(name="The Clinic"))[
        "itemListElement"
    ]

    assert [(step["position"], step["name"], step["item"]["@id"]) for step in steps] == [
        (1, "The Clinic", f"{SITE}/"),
        (2, "Conditions", f"{SITE}/conditions/"),
    ]
    for data in (SHIPPED["condition"], SHIPPED["kyphoplasty"], SHIPPED["physician"]):
        steps = data["breadcrumb"]["itemListElement"]
        assert [step["position"] for step in steps] == [1, 2, 3]
        assert steps[-1]["item"]["@id"] == data["url"]


def test_a_new_clinic_tells_its_name_and_phone_alone() -> None:
    assert clinic_data(Clinic(phone="605-217-5617")) == {
        "@type": "MedicalClinic",
        "name": "Vascular & Interventional Specialists",
        "url": f"{SITE}/",
        "telephone": "+16052175617",
    }


@pytest.mark.django_db
def test_a_clinic_tells_the_address_and_hours_that_it_has_given() -> None:
    data = clinic_data(open_clinic())

    assert faults(data) == []
    assert data["address"] == {
        "@type": "PostalAddress",
        "streetAddress": "1 Main St",
        "addressLocality": "Sioux Falls",
        "addressRegion": "SD",
        "postalCode": "57104",
    }
    assert [each["dayOfWeek"] for each in data["openingHoursSpecification"]] == [
        "https://schema.org/Monday",
        "https://schema.org/Tuesday",
    ]
    assert data["openingHoursSpecification"][0]["closes"] == "16:30:00"


@pytest.mark.django_db
def test_a_page_about_health_does_not_repeat_the_clinic_s_address() -> None:
    data = describe_condition(clinic=open_clinic())

    assert values_of(data, "address", "openingHoursSpecification") == []


def test_a_physician_is_a_person_who_works_for_the_clinic() -> None:
    person = describe_physician()["mainEntity"]

    assert person["@type"] == "Person"
    assert person["name"] == "Dr. Neal Khurana"
    assert person["worksFor"]["telephone"] == "+16052175617"
    assert person["knowsAbout"] == [
        "The care and treatment of chronic venous disease (long-term trouble with the veins)"
    ]
    assert person["jobTitle"] == "Interventional radiologist"


def test_a_physician_without_a_title_is_told_by_the_specialty_that_the_page_shows() -> None:
    who = the_physician()
    who.title = ""

    person = describe_physician(who)["mainEntity"]
    assert "jobTitle" not in person
    assert person["knowsAbout"][0] == who.role == "Interventional radiology"


# In the page


def test_no_text_can_end_the_script() -> None:
    attack = "</script><script>alert(1)</script>"
    data = describe_condition(with_body("symptoms", f"- {attack} <!-- & more"))

    script = to_script(data)

    assert "<" not in script
    page = html5lib.parse(
        f'<script type="application/ld+json">{script}</script>', namespaceHTMLElements=False
    )
    (found,) = page.iter("script")
    assert json.loads(found.text or "") == {"@context": "https://schema.org", **data}
    assert names_of(data, "signOrSymptom")[-1] == f"{attack} <!-- & more"


@given(st.text())
def test_any_text_comes_through_the_script_whole(text: str) -> None:
    script = to_script({"@type": "Thing", "name": text})

    assert not set("<>&") & set(script)
    assert json.loads(script)["name"] == text


def social(**values: Any) -> dict[str, str]:
    """The properties that _social.html gives, by name."""
    html = render_to_string(
        "_social.html",
        {
            "title": CONDITION.title,
            "description": CONDITION.summary,
            "type": "article",
            "clinic": Clinic(),
            "canonical": describe_condition()["url"],
            **values,
        },
    )
    metas = html5lib.parse(html, namespaceHTMLElements=False).iter("meta")
    return {meta.get("property") or meta.get("name"): meta.get("content") for meta in metas}


def test_a_shared_link_shows_what_the_page_is() -> None:
    assert social() == {
        "og:type": "article",
        "og:site_name": "Vascular & Interventional Specialists",
        "og:title": "Spinal compression fractures",
        "og:description": CONDITION.summary,
        "og:url": f"{SITE}/conditions/spinal-compression-fractures/",
        "description": CONDITION.summary,
        "twitter:card": "summary",
    }


def test_a_shared_link_shows_the_picture_in_full_address() -> None:
    address = f"{SITE}/pictures/{'0' * 64}"
    given = social(picture_address=address, picture_alt='A "wedge" of bone')

    assert given["og:image"] == address
    assert given["og:image:alt"] == 'A "wedge" of bone'
