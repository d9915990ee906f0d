"""Finding requests by what staff or a patient know, through blind indexes of what is encrypted.

Nothing of it gets into a URL.
"""

import datetime as dt
import hmac
import re

from django.conf import settings
from django.db.models import Q

from appointments.audit import REQUEST, record_seen
from appointments.models import AppointmentRequest
from appointments.models.request import AppointmentRequestQuerySet
from appointments.references import typed_reference
from appointments.states import ENDED
from clinic_site.actor import Actor
from clinic_site.audit.models import record_refused
from clinic_site.counters import count_of, count_up
from clinic_site.crypto.key_ring import blind_index
from clinic_site.phones import find_phone
from clinic_site.text import APOSTROPHES, folded_words, visible

_PARTED = re.compile(rf"(?<!\w)(\w[{APOSTROPHES}])\s+(?=\w)")  # O' Brien
_INITIALS = re.compile(r"(?<![\w-])\w(?:[- ]\w)+(?![\w-])")  # j-r, j r
_ONE_LETTER = re.compile(r"(?<![\w-])(\w)(?= (\w+))")  # o brien, j o brien


def phone_index(e164: str) -> str:
    """Return the index of a phone number as stored, which may have an extension.

    >>> phone_index("+16055550142") == phone_index("+16055550142;ext=12")
    True
    >>> len(phone_index("+16055550142")), phone_index("")
    (64, '')
    """
    return blind_index("phone", e164.partition(";")[0])


def phone_end_index(e164: str) -> str:
    """Return the index of the last four digits of a phone number, or of just four digits.

    >>> phone_end_index("+16055550142;ext=12") == phone_end_index("0142")
    True
    """
    return blind_index("phone end", e164.partition(";")[0][-4:])


def email_index(text: str) -> str:
    """Return the index of an email address; capitals and what nobody sees do not matter.

    >>> email_index(" Ana@Example.com\u200b ") == email_index("ana@example.com")
    True
    >>> email_index("ana@example.com") == email_index("ana@example.org")
    False
    """
    return blind_index("email", visible(text).strip().casefold())


def name_index(word: str) -> str:
    """Return the index of one of `stored_words` or `asked_words`."""
    return blind_index("name", word)


def stored_words(name: str) -> list[str]:
    r"""Return the words that a name is found by: folded, in parts and in one piece, each once.

    >>> stored_words("Zoë O'Brien-Müller (李小龍)")
    ['zoe', 'obrien', 'muller', 'obrienmuller', '李小龍', 'o', 'brien']
    >>> stored_words("J. R. Ewing"), stored_words("JR\u200b Ewing")
    (['j', 'r', 'ewing', 'jr', 'rewing'], ['jr', 'ewing'])
    """
    name = _PARTED.sub(r"\1", visible(name))
    words: dict[str, None] = {}
    for spelling in (name, re.sub(f"[{APOSTROPHES}]", "-", name)):
        folded = folded_words(spelling)
        for word in folded:
            words |= dict.fromkeys([*word.split("-"), word.replace("-", "")])
        text = " ".join(folded)
        words |= dict.fromkeys(re.sub("[- ]", "", each[0]) for each in _INITIALS.finditer(text))
        words |= dict.fromkeys("".join(pair) for pair in _ONE_LETTER.findall(text))
    return list(words)


def asked_words(name: str) -> list[str]:
    r"""Return the words that must all be among the stored ones of a name that someone looks for.

    However "J.R. Smith-O' Brien" was written, it is found, and by parts of it, too:

    >>> asked_words("J.R. Smith-O' Brien"), asked_words("J R")
    (['jr', 'smith', 'obrien'], ['jr'])
    >>> stored = set(stored_words("j r Smith O’Brien"))
    >>> [set(asked_words(name)) <= stored for name in ("JR O'Brien", "o brien", "Smith-OBrien")]
    [True, True, True]
    """
    text = " ".join(folded_words(_PARTED.sub(r"\1", visible(name))))
    text = _INITIALS.sub(lambda initials: re.sub("[- ]", "", initials[0]), text)
    return list(dict.fromkeys(text.replace("-", " ").split()))


def _of_phone(text: str) -> Q | None:
    """Return what selects by a phone number, or by its last four digits; None for other text."""
    if re.fullmatch("[0-9]{4}", text):
        return Q(phone_end_index=phone_end_index(text))
    phone = find_phone(text)
    return Q(phone_index=phone_index(phone.number)) if phone else None


def find(what: str) -> AppointmentRequestQuerySet:
    """Return the requests that a text names, in the queue's order.

    A reference, an email address, a phone number or the last four digits of one, or words of a
    name (all of them must be there).
    """
    everything = AppointmentRequest.objects.order_by("queue_order", "pk")
    what = visible(what).strip()
    reference = typed_reference(what)
    if reference and AppointmentRequest.objects.filter(reference=reference).exists():
        return everything.filter(reference=reference)
    if "@" in what:
        return everything.filter(email_index=email_index(what))
    if of_phone := _of_phone(what):
        return everything.filter(of_phone)
    words = asked_words(what)[: settings.FOUND_BY_WORDS]
    found = everything if words else everything.none()
    for word in words:
        found = found.filter(name_words__index=name_index(word))
    return found


def likely_duplicates(appointment_request: AppointmentRequest) -> list[AppointmentRequest]:
    """Return other requests with the same phone or email about the time of this one."""
    at, within = appointment_request.received_at, settings.LIKELY_DUPLICATE_WITHIN
    same = Q(phone_index=appointment_request.phone_index) & ~Q(phone_index="")
    same |= Q(email_index=appointment_request.email_index) & ~Q(email_index="")
    others = AppointmentRequest.objects.filter(same, received_at__range=(at - within, at + within))
    others = others.exclude(pk=appointment_request.pk).order_by("-received_at")
    return list(others[: settings.LIKELY_DUPLICATES_SHOWN])


def of_this_phone(text: str, now: dt.datetime) -> list[AppointmentRequest] | None:
    """Return the requests of a phone number, or of one that ends in four digits, the latest first.

    Those that have not ended, and those of the last days. None where the text is no number yet.
    """
    of_phone = _of_phone(text.strip())
    if of_phone is None:
        return None
    current = ~Q(status__in=ENDED) | Q(received_at__gte=now - settings.CALLED_BEFORE_WITHIN)
    found = AppointmentRequest.objects.filter(of_phone, current).order_by("-received_at")
    return list(found[: settings.LIKELY_DUPLICATES_SHOWN])


def find_request(
    *, reference: str, phone: str, by: Actor, detail: str
) -> AppointmentRequest | None:
    """Return the request of this reference, if `phone` (in E.164) is the number it was sent with.

    None where there is none, the number is another, or too many tries of this sender, or for this
    reference, were wrong in an hour. Whatever is wrong, the answer and the work are the same, so
    that nobody learns which references there are. Tries that come at the same moment can pass the
    limit together, once an hour and by no more than the database has connections. `detail` goes on
    record. Raises DatabaseError.
    """
    counted = [f"wrong pair:{reference}", *([f"wrong pair:{by.source}"] if by.source else [])]
    too_many = count_of(*counted) >= settings.WRONG_PAIRS_AN_HOUR
    found = AppointmentRequest.objects.filter(reference=reference)
    appointment_request = found.only("reference", "attempt", "phone_index").first()
    right = hmac.compare_digest(
        appointment_request.phone_index if appointment_request else "", phone_index(phone)
    )
    if right and not too_many:
        record_seen(reference, by=by, detail=detail)
        return appointment_request
    for key in counted:
        count_up(key)
    detail = "after too many tries" if too_many else "wrong pair"
    record_refused(REQUEST, [reference], by=by, detail=detail)
    return None
