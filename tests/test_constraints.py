"""Each named constraint: the database refuses what breaks it, whatever wrote it."""

import datetime as dt
import secrets
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

import appointments.models
from appointments.models import AppointmentRequest, NameWord, Note, StatusChange
from clinic_site.access.models import User
from clinic_site.models import (
    AuditEvent,
    Clinic,
    ClosedDay,
    Invitation,
    KeptForm,
    KeyCheck,
    LanguageLine,
    MailChoice,
    Notice,
    OpeningHours,
    OutboxMessage,
    Physician,
    Picture,
    RecoveryCode,
    TotpDevice,
    WorkerBeat,
)
from conditions.models import (
    Address,
    LoadedContent,
    Offer,
    Page,
    Presence,
    Review,
    Revision,
    Section,
    WorkingCopy,
)
from tests.make import make_account, make_condition, make_request, make_treatment


def hours(opens: int = 9, closes: int = 17, weekday: int = 0) -> OpeningHours:
    clinic = Clinic.objects.get_or_create(pk=1)[0]
    return OpeningHours(
        clinic=clinic, weekday=weekday, opens=dt.time(opens), closes=dt.time(closes)
    )


def picture(**values: object) -> Picture:
    valid = {"hash": "a" * 64, "alt": "A spine", "content": b"x", "width": 10, "height": 10}
    return Picture(**{**valid, **values})


def physician(**values: object) -> Physician:
    return Physician(**{"slug": "a", "name": "Dr. A", "specialty": "x", "bio": "y", **values})


def revision(number: int, slug: str = "") -> Revision:
    slug = slug or uuid.uuid4().hex
    page = Page.objects.filter(ref=slug).first() or make_condition(slug=slug)
    return Revision(page=page, number=number, title="x", summary="y", document={"type": "x"})


def review(**values: object) -> Review:
    signed = revision(2)
    signed.save()
    day = dt.date(2026, 1, 1)
    due = day + dt.timedelta(days=1)
    valid = {"revision": signed, "reviewer_name": "Dr. A", "reviewed_on": day, "next_due": due}
    return Review(**{**valid, **values})


def line(text: str = "Línea") -> LanguageLine:
    notice = Notice.objects.get_or_create(slug="a", title="A")[0]
    return LanguageLine(notice=notice, language="es", text=text)


def confirmed_by_oneself() -> User:
    user = make_account("a")
    return changed(user, confirmed_name="Dr. A", name_confirmed_by=user)


def request(**values: object) -> AppointmentRequest:
    stored = make_request()
    for name, value in values.items():
        setattr(stored, name, value)
    return stored


def one_request() -> AppointmentRequest:
    return AppointmentRequest.objects.first() or make_request()


def mail(**values: object) -> OutboxMessage:
    return OutboxMessage(**{"kind": "patient_received", "reference": "VIS-7K3M-9RQF", **values})


def closed_day() -> ClosedDay:
    clinic = Clinic.objects.get_or_create(pk=1)[0]
    return ClosedDay(clinic=clinic, day=dt.date(2026, 12, 25))


def mail_choice() -> MailChoice:
    return MailChoice(user=desk(), kind="digest")


def desk() -> User:
    return make_account("desk")


def recovery_code(**values: object) -> RecoveryCode:
    return RecoveryCode(**{"user": desk(), "hash": "a" * 64, **values})


def invitation(**values: object) -> Invitation:
    hash = secrets.token_hex(32)
    return Invitation(**{"user": desk(), "hash": hash, "reason": "new", **values})


def kept_form(**values: object) -> KeptForm:
    return KeptForm(**{"user": desk(), "key": "a" * 64, "sent": "[]", **values})


def twice(make):
    make().save()
    return make()


def a_page() -> Page:
    return Page.objects.first() or make_condition()


def offer() -> Offer:
    condition, treatment = a_page(), Page.objects.filter(ref="rest").first() or make_treatment()
    return Offer(condition_id=condition.pk, treatment_id=treatment.pk, position=0)


def section(**values: object) -> Section:
    valid = {"page": a_page(), "kind": "causes", "heading": "x", "position": 0}
    return Section(**{**valid, **values})


def working_copy() -> WorkingCopy:
    return WorkingCopy(page=a_page(), person=desk(), document={"type": "x"}, opened={"a": "b"})


def presence() -> Presence:
    return Presence(thing=a_page(), person=desk())


def request_presence() -> appointments.models.Presence:
    thing = AppointmentRequest.objects.first() or make_request()
    return appointments.models.Presence(thing=thing, person=desk())


def changed(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    return row


BROKEN = {
    "clinic_is_one_row": lambda: Clinic(pk=2),
    "clinic_has_name": lambda: Clinic(pk=1, name=""),
    "clinic_has_phone": lambda: Clinic(pk=1, phone=""),
    "clinic_answer_within_hours_positive": lambda: Clinic(pk=1, answer_within_hours=0),
    "clinic_keep_requests_days_positive": lambda: Clinic(pk=1, keep_requests_days=0),
    "clinic_idle_minutes_in_range": lambda: Clinic(pk=1, idle_minutes=61),
    "user_has_username": lambda: User(username="", password="!"),
    "user_name_confirmed_by_another": confirmed_by_oneself,
    "user_confirmed_name_has_confirmer": lambda: changed(make_account("a"), confirmed_name="Dr. A"),
    "totp_device_once_an_account": lambda: twice(
        lambda: TotpDevice(user=desk(), name="a phone", secret="A" * 32)
    ),
    "recovery_code_hash_is_sha256": lambda: recovery_code(hash="short"),
    "invitation_hash_is_sha256": lambda: invitation(hash="short"),
    "invitation_reason_known": lambda: invitation(reason="whim"),
    "invitation_open_once": lambda: twice(invitation),
    "kept_form_key_is_sha256": lambda: kept_form(key="short"),
    "closed_day_once": lambda: twice(closed_day),
    "opening_hours_weekday_known": lambda: hours(weekday=7),
    "opening_hours_open_before_close": lambda: hours(opens=17, closes=9),
    "opening_hours_once": lambda: twice(hours),
    "physician_has_name": lambda: physician(name=""),
    "notice_has_title": lambda: Notice(slug="a", title=""),
    "picture_hash_is_sha256": lambda: picture(hash="a"),
    "picture_has_alt": lambda: picture(alt=""),
    "picture_size_in_range": lambda: picture(width=1201),
    "page_kind_known": lambda: changed(make_condition(), kind="gossip"),
    "page_ref_once": lambda: twice(lambda: Page(kind="condition", ref="a")),
    "page_slug_once": lambda: changed(
        make_treatment(), slug=changed(make_condition(), slug="a").save() or "a"
    ),
    "address_once": lambda: twice(lambda: Address(page=a_page(), slug="a")),
    "offer_once": lambda: twice(offer),
    "working_copy_once": lambda: twice(working_copy),
    "conditions_presence_once": lambda: twice(presence),
    "appointments_presence_once": lambda: twice(request_presence),
    "section_kind_known": lambda: section(kind="gossip"),
    "section_has_heading": lambda: section(heading=""),
    "section_kind_once": lambda: twice(section),
    "revision_published_by_hand": lambda: changed(
        revision(2), by_hand=False, published_at=timezone.now()
    ),
    "revision_number_positive": lambda: revision(0),
    "revision_number_once_a_page": lambda: twice(lambda: revision(2, slug="sore-back")),
    "review_has_reviewer_name": lambda: review(reviewer_name=""),
    "review_due_after_reviewed": lambda: review(next_due=dt.date(2026, 1, 1)),
    "language_line_once": lambda: twice(line),
    "language_line_has_text": lambda: line(text=""),
    "loaded_content_once": lambda: twice(lambda: LoadedContent(type="notice", slug="a")),
    "request_has_reference": lambda: request(reference="X"),
    "request_content_hash_is_sha256": lambda: request(content_hash="short"),
    "request_status_known": lambda: request(status="lost"),
    "request_origin_known": lambda: request(origin="fax"),
    "request_suspicion_known": lambda: request(suspicion="gut"),
    "request_close_reason_known": lambda: request(status="closed", close_reason="x"),
    "request_scheduled_has_visit": lambda: request(status="scheduled"),
    "request_closed_has_reason": lambda: request(status="closed"),
    "name_word_once": lambda: twice(lambda: NameWord(request=one_request(), index="a" * 64)),
    "name_word_is_sha256": lambda: NameWord(request=make_request(), index="a"),
    "note_kind_known": lambda: Note(request=make_request(), kind="gossip"),
    "status_change_has_status": lambda: StatusChange(request=make_request(), to_status=""),
    "audit_has_actor": lambda: AuditEvent(action="viewed", actor=""),
    "key_check_is_one_row": lambda: changed(KeyCheck.of_these_keys(), pk=2),
    "key_check_blind_is_sha256": lambda: changed(KeyCheck.objects.get(), blind="short"),
    "mail_state_known": lambda: mail(state="lost"),
    "mail_sent_has_time": lambda: mail(state="sent"),
    "mail_is_for_someone": lambda: mail(reference=""),
    "mail_choice_once": lambda: twice(mail_choice),
    "worker_beat_is_one_row": lambda: WorkerBeat(pk=2, at=timezone.now()),
}


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_the_database_refuses(broken) -> None:
    row = broken()

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    with pytest.raises(ValidationError):
        row.full_clean()


@pytest.mark.django_db
def test_the_same_attempt_and_the_same_reference_stand_once() -> None:
    stored = make_request()

    for same in ({"attempt": stored.attempt}, {"reference": stored.reference}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_request(**same)


@pytest.mark.django_db
def test_what_is_right_passes() -> None:
    for row in (hours(), physician(), picture(), Notice(slug="a", title="b")):
        row.full_clean(exclude=["photo"])
        row.save()
    invitation(used_at=timezone.now()).save()
    for account_row in (recovery_code(), invitation(), kept_form()):
        account_row.full_clean(exclude=["made_by", "used_at"])
        account_row.save()
    make_request().full_clean()
    make_condition().full_clean()
