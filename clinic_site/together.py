"""A form that was sent, put together with what others saved since it was opened.

It carries what it showed. What only others changed since is taken over, what both changed stays
as it was typed, and whoever sent it is told of either before anything is saved.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import BaseForm, BaseModelFormSet, Field
from django.http import QueryDict
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.phones import phone_as_read

Values = dict[str, Any]  # of one row's fields, as JSON holds them
Rows = dict[str, Values]  # "" is the row itself, "lines 7" the seventh of its lines


@dataclass(frozen=True)
class Difference:
    """What others saved of one field or row, and whether the form keeps what was typed there.

    `anchor` is the id of its input; "" where there is none any more.
    """

    label: str
    anchor: str
    theirs: str
    mine_stands: bool


def shown_by(form: BaseForm, formsets: Sequence[BaseModelFormSet]) -> Rows:
    """Return what an unsent form shows, with its rows."""
    shown = {"": _values(form)}
    for formset in formsets:
        for row in formset.initial_forms:
            shown[f"{formset.prefix} {row.instance.pk}"] = _values(row)
    return json.loads(json.dumps(shown, default=_as_text))


def put_together(
    post: QueryDict, opened: Rows, form: BaseForm, formsets: Sequence[BaseModelFormSet]
) -> list[Difference]:
    """Put what others saved since `opened` into `post`; return where that differs from it.

    `form` and `formsets` are unsent ones of the row as it is saved now.
    """
    now = shown_by(form, formsets)
    told = list(_merge_fields(post, form, opened[""], now[""]))
    for formset in formsets:
        start = f"{formset.prefix} "
        before, theirs = (
            {key.removeprefix(start): row for key, row in shown.items() if key.startswith(start)}
            for shown in (opened, now)
        )
        if before != theirs:
            told += _merge_rows(post, formset, before, theirs)
    return told


def _merge_fields(
    post: QueryDict, form: BaseForm, before: Values, theirs: Values, row: str = "", start: str = ""
) -> Iterator[Difference]:
    for name, field in _fields(form).items():
        if theirs[name] == before.get(name) or not _differs(field, theirs[name], post, name):
            continue
        mine_stands = _differs(field, before.get(name), post, name)
        if not mine_stands:
            _write(post, name, theirs[name])
        label, read = f"{row}{field.label}", _read(field, theirs[name])
        yield Difference(label, f"id_{start}{name}", read, mine_stands)


def _merge_rows(
    post: QueryDict, formset: BaseModelFormSet, before: Rows, theirs: Rows
) -> Iterator[Difference]:
    form, prefix = formset.empty_form, str(formset.prefix)
    sent = _take_rows(post, prefix)
    known = {str(row["id"]): row for row in sent if row.get("id")}
    new = [row for row in sent if not row.get("id")]
    rows: list[QueryDict] = []
    for key, values in theirs.items():
        name, start = _name(formset, before.get(key, values)), f"{prefix}-{len(rows)}-"
        same = [each for each in new if not _any_differs(each, form, values)]
        if key in known:
            row = known.pop(key)
            yield from _merge_fields(row, form, before.get(key, {}), values, f"{name}: ", start)
        elif same:
            row = same[0]
            new.remove(row)
        else:
            row = QueryDict(mutable=True)
            for field, value in values.items():
                _write(row, field, value)
            yield Difference(name, f"id_{start}{next(iter(values))}", _("added"), mine_stands=False)
        row["id"] = key
        rows.append(row)
    again = []
    for key, row in known.items():  # those that others removed
        if "DELETE" in row:
            continue
        values = before.get(key, {})
        is_mine = _any_differs(row, form, values)
        if is_mine:
            row["id"] = ""
            again.append(row)
        yield Difference(_name(formset, values), "", _("removed"), is_mine)
    every = [*rows, *again, *new]
    for number, row in enumerate(every):
        for field, sent_values in row.lists():
            post.setlist(f"{prefix}-{number}-{field}", sent_values)
    post[f"{prefix}-TOTAL_FORMS"] = str(len(every))
    post[f"{prefix}-INITIAL_FORMS"] = str(len(rows))


def _take_rows(post: QueryDict, prefix: str) -> list[QueryDict]:
    """Take the rows of a formset out of `post`, in order, and return the fields of each."""
    rows: dict[int, QueryDict] = {}
    for name in list(post):
        if found := re.fullmatch(rf"{prefix}-(\d{{1,4}})-(.+)", name):
            row = rows.setdefault(int(found[1]), QueryDict(mutable=True))
            row.setlist(found[2], post.pop(name))
    return [rows[number] for number in sorted(rows)]


def _fields(form: BaseForm) -> dict[str, Field]:
    """Return the fields that people fill in."""
    return {each.name: each.field for each in form.visible_fields() if each.name != "DELETE"}


def _values(form: BaseForm) -> Values:
    return {name: form[name].value() for name in _fields(form)}


def _as_text(value: Any) -> str:
    return phone_as_read(value) if isinstance(value, PhoneNumber) else str(value)


def _any_differs(post: QueryDict, form: BaseForm, values: Values) -> bool:
    fields = _fields(form).items()
    return any(_differs(field, values.get(name), post, name) for name, field in fields)


def _differs(field: Field, value: Any, post: QueryDict, name: str) -> bool:
    """Whether what was sent under a name says something else than a value."""
    with contextlib.suppress(ValidationError):  # such as of a picture that is gone
        value = field.to_python(value)
    return field.has_changed(value, field.widget.value_from_datadict(post, {}, name))


def _write(post: QueryDict, name: str, value: Any) -> None:
    """Put a value into `post` as a browser would send it."""
    post.pop(name, None)
    if value is not False:  # an empty box is not sent
        post[name] = "on" if value is True else "" if value is None else str(value)


def _read(field: Field, value: Any) -> str:
    """Return a value as people read it."""
    if value in (None, ""):
        return _("(empty)")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    labels = (str(label) for key, label in getattr(field, "choices", ()) if str(key) == str(value))
    return next(labels, str(value))


def kind_of(formset: BaseModelFormSet) -> str:
    """Return what a row of these is: Closed day."""
    return capfirst(str(cast(type[Model], formset.model)._meta.verbose_name))


def _name(formset: BaseModelFormSet, values: Values) -> str:
    """Return what a row is called: Closed day 2026-12-25."""
    fields = _fields(formset.empty_form).items()
    words = ", ".join(_read(field, values.get(name)) for name, field in fields)
    return f"{kind_of(formset)} {Truncator(words).chars(60)}"
