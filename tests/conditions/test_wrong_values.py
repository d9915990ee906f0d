"""A content file with a value of a wrong type is told with its line, and never breaks the loading."""

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic_site.models import (
    Clinic,
    ClosedDay,
    LanguageLine,
    Notice,
    OpeningHours,
    Physician,
    Picture,
)
from tests.generated import SOAK

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

CLINIC = "type: clinic\nname: Clinic\nshort_name: C\nphone: '+16052175617'\n"
VALUES = (
    *("yes", "no", "~", "true", "[a]", "{a: b}", "5", "-1", "1.5", ".inf", "99999999999999999999"),
    *("8:30", "20261225", "2026-12-25", "2026-12-25 08:00:00", "Monday", "''", "'8'", "[]", "0o17"),
    *(r'"\uD800"', r'"\0"', f"'{'x' * 5000}'", "!!binary aGk=", "!!set {a}", "&a [*a]", "'%d'"),
)
FILES = {
    Clinic: CLINIC,
    Notice: "type: notice\nslug: a\ntitle: b\n",
    Physician: "type: physician\nslug: a\nname: b\n",
    Picture: f"type: picture\nhash: {'a' * 64}\n",
}
LISTS = {
    OpeningHours: f"{CLINIC}opening_hours:\n- ",
    ClosedDay: f"{CLINIC}closed_days:\n- ",
    LanguageLine: f"{FILES[Notice]}lines:\n- ",
}
COLUMNS = [
    (start, field.name)
    for model, start in (*FILES.items(), *LISTS.items())
    for field in model._meta.fields
    if f"{field.name}: " not in start
]


# Every value and every column; in `make soak` each with each.
@pytest.mark.parametrize(("start", "column"), COLUMNS)
def test_a_value_of_a_wrong_type_is_told_with_its_line(
    tmp_path: Path, start: str, column: str
) -> None:
    refused = []
    path = tmp_path / "file.yaml"
    for value in VALUES if SOAK else VALUES[COLUMNS.index((start, column)) % 4 :: 4]:
        path.write_text(f"{start}{column}: {value}\n", encoding="utf-8")
        try:
            call_command("load_content", str(path), replace=True, verbosity=0)
        except CommandError as error:
            refused.append(str(error))
    assert len(refused) >= (
        5 if SOAK else 1
    )  # no column takes lists, names with values, sets or bytes
    assert [each for each in refused if not re.search(r"file\.yaml, line [1-9]\d*: ", each)] == []
