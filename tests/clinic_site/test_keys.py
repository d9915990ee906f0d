"""Keys that are wrong shut what they cannot open, and nothing else; keys are changed by rotation."""

import io
import re
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import OperationalError, connection
from django.test import Client

from appointments.models import AppointmentRequest, Note
from appointments.tokens import new_attempt, received_token
from clinic_site.clinic import Remembered
from clinic_site.crypto import rotation
from clinic_site.crypto.fields import Ciphertext, encrypted_columns
from clinic_site.crypto.key_check import (
    KeyState,
    key_state,
    keys_are_right,
    keys_in_use,
    make_key_check,
)
from clinic_site.crypto.key_ring import CannotRead, encrypt
from clinic_site.crypto.models import KeyCheck
from tests.forms import form_in, sent_by
from tests.make import form_answers, make_request, sign_in_as

FORM = "/appointments/request/"
QUEUE = "/admin/appointments/appointmentrequest/"
pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def set_keys(settings) -> Callable[..., None]:
    """Start anew, as a process with other keys would."""

    def set_keys(**keys: object) -> None:
        for name, value in keys.items():
            setattr(settings, name, value)
        keys_in_use.forget()

    return set_keys


@pytest.fixture
def staff() -> Client:
    return sign_in_as("scheduler")


def run(*command: str) -> tuple[int, str]:
    """Run a command of manage.py; return its exit code and all it printed."""
    out = io.StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


WRONG = {
    "FIELD_KEYS": {"FIELD_KEYS": [new_key()]},
    "DIGEST_KEY": {"DIGEST_KEY": "another key, another key, another key"},
}
each_wrong_key = pytest.mark.parametrize(("name", "keys"), WRONG.items(), ids=WRONG)


def test_with_the_right_keys_all_is_open(staff: Client) -> None:
    stored = make_request()

    assert key_state() is KeyState.RIGHT
    assert staff.get(FORM).status_code == 200
    assert staff.get(f"/appointments/received/{received_token(stored.attempt)}/").status_code == 200
    assert staff.get(QUEUE).status_code == 200
    assert "docs/operations.md" not in staff.get("/admin/").text


@each_wrong_key
def test_a_wrong_key_shuts_the_form_and_the_public_pages_go_on(
    client: Client, set_keys, name: str, keys: dict[str, object]
) -> None:
    stored = make_request()
    set_keys(**keys)

    form = client.get(FORM)
    confirmation = client.get(f"/appointments/received/{received_token(stored.attempt)}/")
    sent = client.post(FORM, form_answers(new_attempt(), message="It hurts <here>"))

    for answer in (form, confirmation, sent):
        assert answer.status_code == 503
        assert "605-217-5617" in answer.text
        assert answer["Cache-Control"] == "no-store"
        assert name not in answer.text  # that is for staff
    assert "cannot be sent or looked up online" in form.text
    assert stored.reference not in confirmation.text
    assert "We did not receive your request" in sent.text
    assert "It hurts &lt;here&gt;" in sent.text
    assert "Ana María López" in sent.text
    assert AppointmentRequest.objects.count() == 1
    for path in ("/", "/conditions/", "/contact/", "/healthz"):
        assert client.get(path).status_code == 200


@each_wrong_key
def test_a_wrong_key_shuts_the_queue_and_staff_are_told_which(
    set_keys, name: str, keys: dict[str, object]
) -> None:
    stored = make_request()
    set_keys(**keys)
    staff = sign_in_as("scheduler")  # anew: a session begun under another key is not found
    change = f"{QUEUE}{stored.pk}/change/"

    answers = [
        staff.get(QUEUE),
        staff.get(change),
        staff.post(change, {"do": "save", "text": "She said: <noon>", "version": "1"}),
        staff.post(f"{QUEUE}enter/", {"message": "She said: <noon>"}),
    ]

    for answer in answers:
        assert answer.status_code == 503
        assert name in answer.text
        assert stored.reference not in answer.text
        for key in keys.values():
            assert str(key) not in answer.text
    for answer in answers[2:]:  # what they typed is sent once more, when that works again
        sent = dict(sent_by(form_in(answer.text)))
        assert "She said: <noon>" in sent.values()
    assert AppointmentRequest.objects.get().status == "new"
    todo = staff.get("/admin/").text.partition('id="tasks"')[2]
    assert name in todo.partition("</li>")[0]


def test_people_who_may_not_see_requests_learn_nothing_of_the_keys(set_keys) -> None:
    client = sign_in_as("editor")
    set_keys(FIELD_KEYS=[new_key()])

    assert client.get(QUEUE).status_code == 403
    client.logout()
    assert client.get(QUEUE).status_code == 302


def test_every_page_of_the_queue_is_kept_shut(staff: Client, set_keys) -> None:
    stored = make_request()
    set_keys(FIELD_KEYS=[new_key()])

    for pattern in admin.site.get_model_admin(AppointmentRequest).urls:
        path = re.sub(r"<(path:object_id|int:pk)>", str(stored.pk), str(pattern.pattern))
        path = path.replace("<str:reference>", stored.reference)
        assert "<" not in path
        for answer in (staff.get(QUEUE + path), staff.post(QUEUE + path)):
            assert answer.status_code == 503, path


def test_the_form_is_shown_without_the_database(
    client: Client, set_keys, monkeypatch, django_assert_num_queries
) -> None:
    set_keys(FIELD_KEYS=[new_key()])
    for remembered in Remembered.everything:
        remembered.look()
    monkeypatch.setattr(Remembered, "in_background", True)  # as in a web process

    with django_assert_num_queries(0):
        assert client.get(FORM).status_code == 503
        keys_in_use.forget()  # as at a start with the database away
        assert client.get(FORM).status_code == 200


def test_keys_once_seen_right_need_no_database_until_they_are_seen_wrong(
    monkeypatch, set_keys, django_assert_num_queries
) -> None:
    monkeypatch.setattr(Remembered, "in_background", True)
    with django_assert_num_queries(1):
        assert keys_are_right()  # nobody has looked yet
    keys_in_use.look()
    with django_assert_num_queries(0):
        assert keys_are_right()

    # Another process has brought all under a key that this one lacks.
    KeyCheck.objects.update(value=Ciphertext(Fernet(new_key()).encrypt(b"x").decode()))
    keys_in_use.look()

    assert not keys_are_right()


def test_without_the_database_nothing_is_taken_until_the_keys_were_tried(
    client: Client, monkeypatch, caplog
) -> None:
    def away() -> KeyState:
        raise OperationalError("away, with words that nobody should read")

    monkeypatch.setattr("clinic_site.crypto.key_check.key_state", away)
    monkeypatch.setattr(keys_in_use, "read", away)

    answer = client.post(FORM, form_answers(new_attempt(), message="Still here"))

    assert answer.status_code == 503
    assert "Still here" in answer.text
    assert AppointmentRequest.objects.count() == 0
    assert "nobody should read" not in caplog.text


def test_the_commands_tell_that_the_database_is_away(monkeypatch) -> None:
    def away() -> KeyState:
        raise OperationalError("away, with words that nobody should read")

    for command in ("check_keys", "reencrypt"):
        monkeypatch.setattr(f"clinic_site.management.commands.{command}.key_state", away)

    line = "The keys were not checked: the database is away (OperationalError).\n"
    assert run("check_keys", "--start") == (4, line)
    code, said = run("reencrypt")
    assert code == 4
    assert said.startswith("Stopped: the database is away (OperationalError). What is done stays")


def test_the_row_that_tells_is_made_once_and_only_by_keys_that_open_what_is_stored(
    client: Client, set_keys, settings
) -> None:
    right = settings.FIELD_KEYS
    make_request()
    KeyCheck.objects.all().delete()
    app = apps.get_app_config("clinic_site")

    set_keys(FIELD_KEYS=[new_key()])
    make_key_check(app)
    assert key_state() is KeyState.NOT_MADE_YET
    assert client.get(FORM).status_code == 503
    code, said = run("check_keys", "--start")
    assert code == 3
    assert said.startswith("Stopped: The keys cannot be checked")

    set_keys(FIELD_KEYS=right)
    make_key_check(app)
    made = KeyCheck.objects.values_list("value").get()
    make_key_check(app)
    assert key_state() is KeyState.RIGHT
    assert KeyCheck.objects.values_list("value").get() == made


def test_check_keys_tells_what_each_key_opens_and_what_none_does(set_keys, settings) -> None:
    old, new, lost = settings.FIELD_KEYS[0], new_key(), new_key()
    make_request()
    set_keys(FIELD_KEYS=[lost])
    unread = make_request(visit_place="Room 2")
    set_keys(FIELD_KEYS=[new, old])
    make_request()

    code, said = run("check_keys")

    assert code == 3
    lines = said.splitlines()
    assert lines[:2] == ["FIELD_KEYS: right", "DIGEST_KEY: right"]
    assert lines[2].startswith("Values that key 1 (")
    assert lines[2].endswith(" opens: 1")
    assert lines[3].endswith(" opens: 2")  # and the row that tells
    assert lines[4:] == [
        "Values that no key opens: 2",
        "  AppointmentRequest.answers: 1",
        "  AppointmentRequest.visit_place: 1",
        *(f"  {unread.reference} ({name})" for name in ("visit_place", "answers")),
    ]
    for key in (old, new, lost):
        assert key not in said


@each_wrong_key
def test_check_keys_names_the_wrong_one(set_keys, name: str, keys: dict[str, object]) -> None:
    set_keys(**keys)

    for command in (["check_keys"], ["check_keys", "--start"]):
        code, said = run(*command)
        assert code == 3
        assert name in said
    lines = run("check_keys")[1].splitlines()
    assert [line.partition(".")[0] for line in lines[:2]] == [
        f"{each}: wrong" if each == name else f"{each}: right" for each in WRONG
    ]
    code, said = run("reencrypt")
    assert code == 3
    assert said.startswith(f"Stopped: {name}")


def test_a_key_that_is_lost_can_be_given_up(client: Client, set_keys) -> None:
    lost = make_request()
    set_keys(FIELD_KEYS=[new_key()], DIGEST_KEY="another key, another key, another key")

    code, said = run("check_keys", "--accept")

    assert code == 3  # what is lost stays lost, and is told each time
    assert lost.reference in said
    assert run("check_keys", "--start") == (0, "")
    keys_in_use.forget()
    assert client.post(FORM, form_answers(new_attempt())).status_code == 303


def test_a_long_list_of_what_no_key_opens_is_cut(set_keys) -> None:
    for _each in range(24):
        make_request()
    set_keys(FIELD_KEYS=[new_key()])

    lines = run("check_keys")[1].splitlines()

    assert lines[-1] == "  and others"
    assert len([line for line in lines if "VIS-" in line]) == 20


def test_rotation_brings_all_under_the_new_key_and_the_old_one_can_go(set_keys, settings) -> None:
    old, new = settings.FIELD_KEYS[0], new_key()
    before = make_request(message="Before")
    set_keys(FIELD_KEYS=[new, old])
    between = make_request(message="Between")

    code, said = run("reencrypt")

    assert code == 0
    assert re.search(
        r"anew, from key 2 \(.{8}\): 2$", said, re.MULTILINE
    )  # the row that tells is one
    assert "now: 3\n" in said
    assert "anew" not in run("reencrypt")[1]
    set_keys(FIELD_KEYS=[new])
    assert key_state() is KeyState.RIGHT
    for stored, message in ((before, "Before"), (between, "Between")):
        read = AppointmentRequest.objects.get(pk=stored.pk)
        assert read.answer("message") == message
    assert read.visit_place == ""
    assert run("check_keys")[0] == 0


def test_rotation_leaves_what_no_key_opens_as_it_is(set_keys, settings) -> None:
    old, new, lost = settings.FIELD_KEYS[0], new_key(), new_key()
    stored = make_request()
    unread = Ciphertext(Fernet(lost).encrypt(b"Lost words").decode())
    AppointmentRequest.objects.update(change_request=unread)
    set_keys(FIELD_KEYS=[new, old])

    code, said = run("reencrypt")

    assert code == 1
    assert "Values that no key opens, left as they are: 1 " in said
    read = AppointmentRequest.objects.get(pk=stored.pk)
    assert read.phone == stored.phone
    with pytest.raises(CannotRead):
        _ = read.change_request
    set_keys(FIELD_KEYS=[new, lost])
    assert AppointmentRequest.objects.get(pk=stored.pk).change_request == "Lost words"


def test_a_row_put_back_by_another_process_is_found_on_the_next_look(
    set_keys, settings, monkeypatch
) -> None:
    old, new = settings.FIELD_KEYS[0], new_key()
    stored = make_request()
    earlier = AppointmentRequest.objects.get(pk=stored.pk)
    set_keys(FIELD_KEYS=[new, old])
    looks = []

    def put_back(progress: object, rows: int) -> None:
        looks.append(rows)
        if len(looks) == 1:
            earlier.save()  # none of its values was opened, so they go back as they came

    monkeypatch.setattr("clinic_site.management.progress.Progress.show", put_back)
    tally = rotation.reencrypt(OutputWrapper(io.StringIO()))

    assert tally.all_current
    set_keys(FIELD_KEYS=[new])
    assert AppointmentRequest.objects.get(pk=stored.pk).phone == stored.phone


def test_a_process_that_goes_on_with_the_earlier_key_is_told(
    set_keys, settings, monkeypatch
) -> None:
    old, new = settings.FIELD_KEYS[0], new_key()
    stored = make_request()
    under_old = Ciphertext(encrypt("Under the earlier key"))
    set_keys(FIELD_KEYS=[new, old])

    def write_again(progress: object, done: int) -> None:
        AppointmentRequest.objects.filter(pk=stored.pk).update(change_request=under_old)

    monkeypatch.setattr("clinic_site.management.progress.Progress.show", write_again)
    code, said = run("reencrypt")

    assert code == 1
    assert "Something still writes under an earlier key" in said
    set_keys(FIELD_KEYS=[new])  # too early: such a start is stopped
    assert key_state() is KeyState.WRONG_FIELD_KEYS


def test_every_model_with_encrypted_fields_takes_part() -> None:
    columns = dict(encrypted_columns())

    assert {AppointmentRequest, Note, KeyCheck} <= set(columns)
    assert set(columns[AppointmentRequest]) == {
        *("answers", "change_request", "set_aside_reason", "visit_place")
    }
    with connection.cursor() as cursor:
        for model, names in columns.items():
            cursor.execute(f"SELECT {', '.join(names)} FROM {model._meta.db_table}")


def test_progress_is_shown_on_a_terminal_as_it_goes_and_elsewhere_by_the_line(
    set_keys, settings, monkeypatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    make_request()
    set_keys(FIELD_KEYS=[new_key(), *settings.FIELD_KEYS])
    monkeypatch.setattr("clinic_site.management.progress.REFRESH", 0)
    monkeypatch.setattr("clinic_site.management.progress.EVERY", 0)

    screen, file = Terminal(), io.StringIO()
    call_command("reencrypt", stdout=screen)
    call_command("check_keys", stdout=file)

    assert "\r1 of 2 rows, about " in screen.getvalue()
    assert " left" in screen.getvalue()
    assert "1 of 2 rows, about 0 s left\n" in file.getvalue()
    assert "\r" not in file.getvalue()
