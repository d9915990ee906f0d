"""The shipped pages say what the clinic and the facts say, in few and plain words, and no slip."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conditions.content.checks import check
from conditions.content.document import (
    ConditionDocument,
    PageDocument,
    Section,
    TreatmentDocument,
)
from conditions.content.readability import page_grade, section_grade
from tests.running import Site, Visitor

pytestmark = pytest.mark.on_sqlite

CONDITION = "/conditions/spinal-compression-fractures/"
CARE = "/treatments/care-without-a-procedure/"
VERTEBROPLASTY = "/treatments/vertebroplasty/"
KYPHOPLASTY = "/treatments/kyphoplasty/"
SACROPLASTY = "/treatments/sacroplasty/"
PHYSICIAN = "/physicians/neal-khurana/"
PROCEDURES = [VERTEBROPLASTY, KYPHOPLASTY, SACROPLASTY]
PAGES = [CONDITION, CARE, *PROCEDURES]

# What the clinic itself says, and when to call: words that stand on the page in this order.
FACTS = {
    CONDITION: {
        "clinic": r"Vascular & Interventional Specialists",
        "phone": r"605-217-5617",
        "physician": r"Dr. Neal Khurana",
        "specialty": r"interventional radiologist",
        "what": r"bones of your spine are called vertebrae.*small break.*thick, rounded part.*vertebral body",
        "fracture": r"doctors say fracture",
        "where": r"pink part: the middle of the spine.*thoracic.*where the two meet.*T12, L1 and L2",
        "leads to": r"You may notice: back pain.*moving less.*hunched, curved or stooped",
        "cause": r"What causes it Most often, osteoporosis",
        "women": r"women over 50.*older women.*about the same share in men and women.*Men get them too",
        "strain": r"back pain, above all when you strain your back a little",
        "standing": r"worse when you stand or walk, and somewhat better when you lie down",
        "tingling": r"tingling or numbness in your back.*pinched nerve or nerve damage.*Call 911",
        "moving": r"moving less, or trouble when you bend or twist",
        "shorter": r"loss of height",
        "kyphosis": r"hunched, curved or stooped spine \(kyphosis\)",
        "scans": r"An X-ray, CT scan or MRI scan can confirm the fracture",
        "risk": r"osteoporosis an injury, hard activity, or a sudden movement",
        "vitamin D": r"Get enough vitamin D and calcium",
        "exercise": r"Exercise regularly.*weight-bearing.*muscles strong",
        "tobacco": r"Do not smoke or use other tobacco.*1-800-QUIT-NOW",
        "drinking": r"Do not drink heavily",
        "over 50": r"over 50, ask your doctor about a bone density test, and about medicine that",
        "aim": r"lower the pain, and to bring your spine closer to its normal curve and function",
        "invasive": r"minimally invasive ?: we work through a needle",
        "reach out": r"Reach out to us. We will walk with you",
        "screening": r"no symptoms and no such fracture so far\? Ask for a screening",
        "911 numbness": r"Call 911.*new numbness between your legs or around your buttocks",
        "911 legs": r"new weakness or numbness in one or both legs",
        "911 bladder": r"trouble peeing, or loss of control of your bladder or bowels",
        "911 crash": r"back pain after a bad fall or crash",
        "911 chest": r"back pain with chest pain or trouble breathing",
        "spinal cord": r"nerves or your spinal cord \(the main nerve bundle.*are being squeezed",
        "today 50": r"today if.*sudden and new, and you are 50 or over or have osteoporosis",
        "today pain": r"today if.*pain keeps you from standing, walking or sleeping, despite medicine",
        "today cancer": r"you have cancer, or have had it",
        "today steroids": r"you have used steroid medicine for a long time",
        "today fever": r"fever or chills, or lose weight without trying",
        "today shape": r"your back has changed its shape.*does not ease with rest, or is worse at night",
        "closed": r"closed, call your doctor or go to urgent care. Not sure.*\? Call 911",
        "visit": r"visit if: the pain is not better after 4 to 6 weeks.*Severe pain needs care now",
        "decision": r"Wait, or have a procedure\?.*paid for this page.*You and we choose together",
        "medicine": r"side effects of medicine \(stomach, kidneys\), more easily in older people",
        "whom": r"lasting pain makes.*medical care has failed. The UK guide says: only for severe",
        "not wait": r"walking or sleeping, despite medicine.*choose together. Severe pain needs care now, whatever",
        "waiting helps": r"half \(53 in 100\) felt better while.*60 in 100 had little pain left",
        "same trial": r"47 did not.*still in that trial, without cement.*usual care, but knew what they",
        "waiting harms": r"40 in 100 still had pain.*even with stronger medicine.*Pain can last a year",
        "untreated": r"not treated at all, it can bring lasting pain, lost height, a stooped.*pneumonia",
        "height": r"45 in 100 people after a pretend.*8 in 100 after cement.*A maker partly paid",
        "new fractures": r"10 trials.*over 65, there were probably no more new fractures with cement",
        "another fracture": r"spine, the risk of another there is about five times as high",
        "harms": r"leaked about half the time, mostly without harm. Fewer than 1 in 100.*rarely, death",
        "both sides": r"44 in 100.*21 in 100.*All five.*no important benefit.*no support for routine use",
        "against usual care": r"less against a pretend procedure than against usual care, more when",
        "other trials": r"three other trials \(78, 131 and 180 people\) it was no better",
        "months": r"3\.9 of 10 with cement, and 5\.1.*no clear difference in disability",
        "not suited": r"not suit a fracture that does not hurt, is healing well, or needs surgery",
        "kyphoplasty": r"probably helps more.*the maker paid.*they knew what they got",
        "curve": r"spine's curve had changed by 3\.1 degrees, and by 0\.8 without it.*bring back some of the height",
        "bones that leaked": r"leaks in 82 in 100 bones, and none in 18.*leaks in 73 in 100 bones, and none",
        "sacroplasty": r"fell from 8.3 to 3.6 of 10: before and after, not against other care",
        "cancer": r"fractures from weak bones. With cancer, ask us",
        "easing": r"pain eases over about 4 to 6 weeks. But not for everyone",
        "steroids": r"at risk.*long use of steroid medicine",
        "bones": r"65 or over.*promptly.*bone medicine.*Never stop or delay a bone medicine without your doctor",
        "who says so": r"Specialists paid for this page, and offers these procedures",
    },
    CARE: {
        "what": r"pain medicine a short rest, and then moving again physical therapy.*a brace",
        "medicine": r"acetaminophen, anti-inflammatory medicine or, for a short time, something",
        "side effects": r"Older people get side effects more easily, of the stomach and kidneys",
        "waiting": r"53 in 100 people.*60 in 100 had little pain left.*40 in 100 still had pain",
        "height": r"45 in 100 people after a sham.*8 in 100 after cement. A company.*paid",
        "untreated": r"lasting pain, lost height, a stooped back.*pressure sores or pneumonia",
        "severe": r"Severe pain needs care now, whatever you choose",
        "brace": r"not clear whether a brace helps",
        "bones": r"65 or over, have them treated promptly.*Never stop or delay a bone medicine",
        "both sides": r"less than 1 point of 10.*against a sham.*no important benefit.*44 in.*21 in",
        "disability": r"no clear difference in disability",
        "not suited": r"pressure on a nerve, can need surgery. Then cement does not suit you",
        "today 50": r"sudden and new, and you are 50 or over or have osteoporosis",
        "who says so": r"We offer procedures with bone cement. Keep that in mind",
        "911": r"between your legs.*bladder or bowels.*bad fall or crash.*trouble breathing",
    },
    VERTEBROPLASTY: {
        "no balloon": r"No balloon is used",
        "family": r"Doctors may call this and kyphoplasty vertebral augmentation",
        "leaks": r"in about half, mostly without harm. Rarely, surgery.*in 82 in 100 bones",
        "veins": r"along veins, one of which can lead to the spinal canal",
        "new fractures": r"New fractures. Trials found no clear increase",
        "sham": r"five trials known up to November 2017",
        "trials": r"Four of the five are.*The fifth is in the Cochrane review",
        "later trial": r"In a later trial.*numbing medicine.*somewhat better with cement",
        "waiting": r"60 in 100 had little pain left.*40 in 100 still had pain",
        "who says so": r"Vascular & Interventional Specialists offers this treatment",
    },
    KYPHOPLASTY: {
        "balloon": r"The balloon is taken out. Then cement goes",
        "aim": r"normal shape, curve and function",
        "kyphosis": r"above all for people with kyphosis from a more severe fracture",
        "height": r"may bring back some of the height, but the change in the curve was small",
        "leaks": r"in 73 in 100 bones. In a study of vertebroplasty.*rarely surgery was needed",
        "no sham": r"Kyphoplasty was never compared with a sham",
        "paid for": r"The maker of the product paid for the trial",
    },
    PHYSICIAN: {
        "specialty": r"interventional radiologist",
        "certified": r"board certified",
        "fellowship": r"fellowship trained",
        "interest": r"special interest.*chronic venous disease",
        "experience": r"inside the blood vessels \( ?endovascular.*many conditions and with endovascular",
    },
    SACROPLASTY: {
        "what": r"sacral insufficiency fracture.*bone cement into the sacrum to make it stable",
        "where": r"lower part of your spine. It sits by your low back and your pelvis",
        "one kind": r"one kind of fracture in the sacrum \(a sacral insufficiency fracture\)",
        "nerves": r"harm to nerves or the spinal cord",
        "no comparison": r"None of the studies had a group of people without the treatment",
    },
}

# What is not true, or not known, and so stands nowhere.
UNTRUE = [
    r"aort",
    r"also called vertebroplasty",
    r"restore",
    r"live longer|longer lives?",
    r"leaves? out (fractures|breaks)",
    r"(three|four) trials",
    r"1 in \d\b(?! ?00)",
    r"7 in 1,000",
    r"denosumab",
    r"cancer of the blood",
    r"cement (holds|makes)",
    r"what it is used for",
    r"229 of 431(?! felt better while they were being screened)",
]


def _documents() -> list[PageDocument]:
    kinds: dict[str, type[PageDocument]] = {
        "conditions": ConditionDocument,
        "treatments": TreatmentDocument,
    }
    folder = Path(__file__).parents[2] / "conditions" / "content"
    return [
        kinds[path.split("/")[1]].from_yaml((folder / f"{path.split('/')[2]}.yaml").read_text())
        for path in PAGES
    ]


Words = Callable[[str], str]


@pytest.fixture(scope="module")
def words(site: Site) -> Words:
    """What a reader sees on a page; asked for once, as many stories look at it."""
    return functools.cache(lambda path: Visitor(site.address).get(path).words)


@pytest.mark.parametrize(
    ("path", "fact"),
    [(path, fact) for path, facts in FACTS.items() for fact in facts.values()],
    ids=[f"{path.split('/')[2]}: {name}" for path, facts in FACTS.items() for name in facts],
)
def test_the_page_states_the_fact(words: Words, path: str, fact: str) -> None:
    assert re.search(fact, words(path), re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("untrue", UNTRUE)
def test_no_page_says_what_is_not_true(words: Words, path: str, untrue: str) -> None:
    assert not re.search(untrue, words(path), re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES)
def test_the_balloon_never_belongs_to_vertebroplasty(words: Words, path: str) -> None:
    text = words(path)
    text = text[: text.rindex(" Sources ")]  # one of the sources has both in its title
    for sentence in re.split(r"(?<=[.:?])\s", text):
        if "balloon" in sentence.lower() and "vertebroplasty" in sentence.lower():
            # Where both words meet, the sentence says that there is none, or asks why.
            assert re.search(r"no balloon|only kyphoplasty|\bnot vertebroplasty", sentence), (
                sentence
            )


def test_only_kyphoplasty_is_tagged_with_a_balloon(visitor: Visitor) -> None:
    assert "<li>Balloon</li>" not in visitor.get(VERTEBROPLASTY).text
    assert "<li>Balloon</li>" in visitor.get(KYPHOPLASTY).text


@pytest.mark.parametrize("document", _documents(), ids=PAGES)
def test_the_page_is_plain_and_has_no_finding(document: PageDocument) -> None:
    assert check(document) == []
    assert 3.5 <= page_grade(document) <= 7
    for section in document.sections:
        assert (section_grade(section) or 0) <= 8, section.heading
    cells = [text for part, text in document.citing() if part.startswith("comparison-")]
    beside = Section(kind="evidence", heading="", body="\n\n".join(cells))
    assert (section_grade(beside) or 0) <= 6


@pytest.mark.parametrize("document", _documents(), ids=PAGES)
def test_a_raw_count_stands_only_in_a_source(document: PageDocument) -> None:
    for _part, text in document.citing():
        assert not re.search(r"\b\d{2,} of \d{3}", text)


@pytest.mark.parametrize("document", _documents(), ids=PAGES)
def test_the_names_of_trials_and_groups_stand_only_in_folds_and_sources(
    document: PageDocument,
) -> None:
    for _part, text in document.citing():
        open_text = re.sub(r"(?ms)^::: fold .*?^:::$", "", text)
        assert not re.search(r"\b(VERTOS|VAPOUR|FREE|NICE|ASBMR|AHRQ|DXA)\b", open_text)


@pytest.mark.parametrize("document", _documents(), ids=PAGES)
def test_after_each_picture_of_people_stands_what_to_ask(document: PageDocument) -> None:
    for section in document.sections:
        for after in section.body.split("::: people")[1:]:
            asked = after.split(":::")[1].strip().split("\n\n")[0]
            assert re.search(r"Ask us|and ask:", asked), section.heading


@pytest.mark.parametrize("path", [CARE, *PROCEDURES])
def test_a_treatment_says_first_what_its_page_is_for(visitor: Visitor, path: str) -> None:
    lead = re.search(r'<p class="lead">(.*?)</p>', visitor.get(path).text)

    assert lead
    assert re.search(r"spine.*who it may suit, its risks, and (how|when) to get", lead[1])
    assert len(lead[1]) < 200


@pytest.mark.parametrize("path", PROCEDURES)
def test_a_procedure_tells_its_risks_what_to_do_and_when_to_call(
    visitor: Visitor, path: str
) -> None:
    page = visitor.get(path)

    assert "Signs that mean 911" in page.words
    for kind in ("suits", "not-suited", "risks", "preparing", "afterwards", "evidence"):
        assert f'<section id="{kind}"' in page.text
    assert "Questions to ask us" in page.words
    assert page.text.index('<section id="preparing"') < page.text.index('<section id="procedure"')
    signs = r"weakness or numbness in your legs.*between your legs.*bladder or bowels.*chest pain"
    assert re.search(f"Call 911 if you have:.*{signs}", page.words)
    assert re.search(r"Call us today if you have:.*fever.*redness.*fluid", page.words)


def test_an_unsigned_page_says_so(visitor: Visitor) -> None:
    page = visitor.get(CONDITION)

    assert "A clinician has not signed this page yet" in page.words
    assert "lastReviewed" not in page.text


def test_each_cited_number_jumps_to_its_source_and_back(visitor: Visitor) -> None:
    for path in PAGES:
        page = visitor.get(path)

        cited = re.findall(r'<a id="(cite-\d+-\d+)" href="#(source-\d+)"', page.text)
        assert cited
        for place, source in cited:
            assert page.text.count(f'id="{source}"') == 1
            assert page.text.count(f'id="{place}"') == 1
        sources = page.text[page.text.index('<ol class="sources">') :]
        backs = re.findall(r'href="#(cite-\d+-\d+)"', sources)
        assert sorted(backs) == sorted(place for place, _source in cited)
