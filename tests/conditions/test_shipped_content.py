"""The shipped page says all that the clinic and the facts say, and repeats none of the slips."""

import re

import pytest

from tests.visitor import Visitor

CONDITION = "/conditions/spinal-compression-fractures/"
TREATMENTS = ["/treatments/vertebroplasty/", "/treatments/kyphoplasty/", "/treatments/sacroplasty/"]

# What the page must say, a fact a row: words that stand in it in this order.
FACTS = {
    "clinic": "Vascular & Interventional Specialists",
    "short name": r"\(VIS\)",
    "phone": "605-217-5617",
    "physician": "Dr. Neal Khurana",
    "specialty": "interventional radiologist",
    "certified": "board certified",
    "fellowship": "fellowship trained",
    "interest": "special interest the care and treatment of chronic venous disease",
    "experience": "experienced with many conditions.*endovascular treatments.*inside the blood vessels",
    "bones of the spine": "Your spine is made of bones called vertebrae",
    "vertebral body": "thick, rounded part, called the vertebral body",
    "small break": "small break in that part",
    "thoracic": "most common place is the middle of the spine.*thoracic",
    "osteoporosis": "Most of these breaks come from osteoporosis",
    "leads to": "can bring pain.*hard to move.*hunched look",
    "women over 50": "Osteoporosis is common in women over 50",
    "older women": "older women get these breaks more than other groups",
    "men too": "But men get them too.*about the same share of men and women",
    "slight strain": "Back pain, above all when you strain your back just a little",
    "standing": "worse when you stand or walk.*better when you lie down",
    "tingling": "Tingling or numbness in your back.*pinched nerve or nerve damage. "
    "If you have new numbness or weakness in your legs or groin, call 911",
    "moving less": "Moving less than before.*Trouble when you bend or twist",
    "height": "Loss of height",
    "kyphosis": r"hunched, curved or stooped spine \(doctors call it kyphosis\)",
    "diagnosis": "An X-ray, a CT scan or an MRI scan can confirm the break",
    "weak bones": "Osteoporosis, since weak bones break more easily",
    "injury": "An injury, hard activity, or another sudden movement",
    "vitamin D": "enough vitamin D and calcium",
    "tobacco": "Do not smoke. If you smoke now, stop. Do not use other tobacco",
    "drinking": "Do not drink heavily",
    "exercise": "Exercise regularly. Do more weight-bearing exercise.*muscles strong",
    "density test": "over 50, ask your doctor about a bone density test",
    "bone medicine": "over 50, ask your doctor about medicine that slows bone loss",
    "sudden pain": "back hurts all of a sudden, get medical help",
    "minimally invasive": "minimally invasive.*lower your pain.*normal curve and function",
    "augmentation": "Vertebral augmentation is the family name",
    "kyphoplasty aim": "bring back the shape and curve of the spine, above all if a more severe break",
    "sacroplasty": "sacral insufficiency fracture.*lower part of the spine by the low back and pelvis. Bone cement goes in through a needle and makes the bone stable",
    "reach out": "Reach out to us. We will walk with you",
    "screening": "If you have not had a break like this, you can ask us for a screening",
    "911 numbness": "Call 911.*new numbness between your legs or around your buttocks",
    "911 urine": "trouble passing urine.*loss of control of your bladder or bowels",
    "911 legs": "new weakness or numbness in one or both legs",
    "911 fall": "back pain after a bad fall or a crash",
    "911 chest": "back pain with chest pain or trouble breathing",
    "soon 50": "Call us or your doctor soon if your back hurts and: you are 50 or over, and the pain is sudden",
    "soon osteoporosis": "you have osteoporosis, and the pain is sudden and new",
    "soon cancer": "you have had cancer",
    "soon fever": "fever, chills, or weight loss without a reason",
    "soon night": "the pain is there at night",
    "soon steroids": "steroid medicine for a long time",
    "soon weeks": "not better after 4 to 6 weeks",
}


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS.keys())
def test_the_page_states_the_fact(visitor: Visitor, fact: str) -> None:
    assert re.search(fact, visitor.get(CONDITION).words, re.IGNORECASE)


def test_sacral_insufficiency_fractures_are_named(visitor: Visitor) -> None:
    assert "sacral insufficiency fracture" in visitor.get("/treatments/sacroplasty/").words


@pytest.mark.parametrize("path", [CONDITION, *TREATMENTS])
def test_the_balloon_never_belongs_to_vertebroplasty(visitor: Visitor, path: str) -> None:
    sentences = re.split(r"(?<=[.:?])\s", visitor.get(path).words)

    for sentence in sentences:
        if "balloon" in sentence.lower() and "vertebroplasty" in sentence.lower():
            # Where both words meet, the sentence says that there is none.
            assert re.search(r"no balloon|only kyphoplasty|\bNo\b", sentence), sentence
    assert "also called vertebroplasty" not in " ".join(sentences)


def test_vertebroplasty_says_that_no_balloon_is_used(visitor: Visitor) -> None:
    page = visitor.get("/treatments/vertebroplasty/")

    assert "No balloon is used" in page.words
    assert "<span>Balloon</span>" not in page.text
    assert "<span>Balloon</span>" in visitor.get("/treatments/kyphoplasty/").text


@pytest.mark.parametrize("path", [CONDITION, *TREATMENTS])
def test_no_other_disease_is_pasted_in(visitor: Visitor, path: str) -> None:
    words = visitor.get(path).words

    assert "aort" not in words.lower()
    ends = words[words.index("Next steps") :]
    assert "spinal compression fracture" in words
    assert "call 605-217-5617 or send us a request" in ends


def test_the_page_has_emergency_advice_sources_risks_and_its_review_state(visitor: Visitor) -> None:
    page = visitor.get(CONDITION)

    assert page.words.index("Call 911 or go to an emergency room now") < page.words.index(
        "In short"
    )
    assert "Sources" in page.words
    assert "These treatments have risks" in page.words
    assert "A clinician has not signed this page yet" in page.words
    assert "lastReviewed" not in page.text
    assert "What studies say" in page.words


def test_each_cited_number_jumps_to_its_source_and_back(visitor: Visitor) -> None:
    page = visitor.get(CONDITION)

    cited = re.findall(r'<a id="(cite-\d+-\d+)" href="#(source-\d+)"', page.text)
    assert len(cited) > 20
    for place, source in cited:
        assert page.text.count(f'id="{source}"') == 1
        assert page.text.count(f'id="{place}"') == 1
    sources = page.text[page.text.index('<ol class="sources">') :]
    backs = re.findall(r'href="#(cite-\d+-\d+)"', sources)
    assert sorted(backs) == sorted(place for place, _source in cited)
