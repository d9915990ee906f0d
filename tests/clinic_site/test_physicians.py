"""Patients see who will treat them, where it counts, and nothing that the clinic has not said."""

import re

import pytest
from django.test import Client

from appointments.tokens import received_token
from clinic_site.clinic import Remembered
from clinic_site.models import Physician
from clinic_site.todo import open_todo
from conditions.models import Condition
from conditions.publishing.publish import unpublish
from tests.make import edited, make_condition, make_request, make_treatment, published
from tests.running import Visitor

pytestmark = pytest.mark.on_sqlite


def make_physician(name: str, **values: object) -> Physician:
    slug = name.lower().replace(" ", "-").replace(".", "")
    given = {"slug": slug, "name": name, "specialty": "Backs", "bio": "A bio.", **values}
    return Physician.objects.create(**given)


def look_again() -> None:
    """Let the pages see what the test has changed."""
    for remembered in Remembered.everything:
        remembered.forget()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"title": "Surgeon", "certifications": "Board certified"}, "Surgeon, board certified"),
        ({"certifications": "Board-certified in radiology"}, "Backs, board certified"),
        ({"certifications": "Fellowship trained, board eligible"}, "Backs"),
        ({"title": "Surgeon"}, "Surgeon"),
    ],
)
def test_a_card_says_what_the_physician_is_and_no_more(
    client: Client, values: dict[str, str], shown: str
) -> None:
    make_physician("Dr. Ada Stone", **values)

    page = client.get("/").text

    card = re.search(r'<div class="person">.*?</div>', page, re.DOTALL)
    assert card
    words = " ".join(re.sub("<[^>]+>", " ", card[0]).split())
    assert words == f"AS Dr. Ada Stone {shown}"
    assert 'href="/physicians/dr-ada-stone/"' in card[0]


@pytest.mark.parametrize("path", ["/physicians/neal-khurana/"])
def test_a_bio_says_each_thing_once(visitor: Visitor, site, path: str) -> None:
    words = visitor.get(path).words

    for once in ("board certified", "fellowship trained", "chronic venous disease"):
        assert len(re.findall(once, words, re.IGNORECASE)) == 1, once
    assert len(re.findall(r"interventional radiologist\b", words, re.IGNORECASE)) == 1
    assert "Certification Board certified" in words
    assert "Special interest The care and treatment of chronic venous disease" in words


@pytest.mark.django_db
def test_form_and_confirmation_show_all_active_physicians(client: Client) -> None:
    """One of them alone would tell what the patient has."""
    make_physician("Dr. Ada Stone")
    make_physician("Dr. Bo Hill")
    make_physician("Dr. Cy Gone", active=False)
    condition = make_condition(physicians=["dr-ada-stone"])
    published(condition, clinical_change=True)
    confirmation = f"/appointments/received/{received_token(make_request().attempt)}/"

    for path in ("/appointments/request/?condition=sore-back", confirmation):
        page = client.get(path).text
        assert "Who you may see" in page
        assert "Dr. Ada Stone" in page
        assert "Dr. Bo Hill" in page
        assert "Dr. Cy Gone" not in page

    Physician.objects.filter(slug="dr-bo-hill").update(active=False)
    look_again()
    assert "Who you will see" in client.get(confirmation).text
    Physician.objects.update(active=False)
    look_again()
    assert "Who you" not in client.get(confirmation).text


@pytest.mark.django_db
def test_what_a_physician_does_here_is_the_clinics_to_say(client: Client) -> None:
    physician = make_physician("Dr. Ada Stone")
    make_physician("Dr. Cy Gone", active=False)
    asked = "Say what Dr. Ada Stone does for the conditions on this site."

    assert "does here" not in client.get("/physicians/dr-ada-stone/").text
    tasks = {task.text: task.address for task in open_todo(bool)}
    assert tasks[asked] == f"/admin/clinic_site/physician/{physician.pk}/change/"
    assert not any("Dr. Cy Gone" in text for text in tasks)

    Physician.objects.filter(pk=physician.pk).update(practice="Treats *every* sore back.")
    page = client.get("/physicians/dr-ada-stone/").text
    assert "What Dr. Ada Stone does here" in page
    assert "Treats <em>every</em> sore back." in page
    assert asked not in {task.text for task in open_todo(bool)}


@pytest.mark.django_db
def test_a_physicians_page_leads_to_the_conditions_that_name_the_physician(client: Client) -> None:
    ada = make_physician("Dr. Ada Stone")
    make_physician("Dr. Bo Hill")
    condition = make_condition(physicians=["dr-ada-stone"])
    link = 'href="/conditions/sore-back/"'
    assert link not in client.get(ada.get_absolute_url()).text

    published(condition, clinical_change=True)
    edited(condition, physicians=())  # in the draft, which patients do not see

    assert link in client.get(ada.get_absolute_url()).text
    assert link not in client.get("/physicians/dr-bo-hill/").text
    unpublish(page=condition, by=None)
    assert link not in client.get(ada.get_absolute_url()).text


@pytest.mark.django_db
def test_a_treatment_shows_the_physicians_of_the_conditions_that_offer_it(client: Client) -> None:
    ada, bo = make_physician("Dr. Ada Stone"), make_physician("Dr. Bo Hill")
    rest = make_treatment()
    published(rest, clinical_change=True)
    assert client.get("/treatments/rest/").context["physicians"] == [ada, bo]

    condition = make_condition(physicians=["dr-bo-hill"], treatments=["rest"])
    published(condition, clinical_change=True)
    assert client.get("/treatments/rest/").context["physicians"] == [bo]

    unpublish(page=Condition.objects.get(), by=None)
    assert client.get("/treatments/rest/").context["physicians"] == [ada, bo]
