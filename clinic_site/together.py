"""A form that was sent, put together with what others saved since it was opened.

It carries what it showed. What only others changed since is taken over, what both changed stays
as it was typed, and whoever sent it is told of either before anything is saved.
"""

import contextlib
import json
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
Shown = dict[str, Values]  # "" is the row itself, "lines 7" the seventh of its lines


@dataclass(frozen=True)
class Difference:
    """What others saved of one field or row, and whether the form keeps what was typed there.

    `anchor` is the id of its input; "" where there is none any more.
    """

    label: str
    anchor: str
    theirs: str
    mine_stands: bool


def shown_by(form: BaseForm, formsets: Sequence[BaseModelFormSet]) -> Shown:
    """Return what an unsent form shows, with its rows."""
    shown = {"": _values(form)}
    for formset in formsets:
        for row in formset.initial_forms:
            shown[f"{formset.prefix} {row.instance.pk}"] = _values(row)
    return json.loads(json.dumps(shown, default=_as_text))


def put_together(
    post: QueryDict, opened: Shown, form: BaseForm, formsets: Sequence[BaseModelFormSet]
) -> list[Difference]:
    """Put what others saved since `opened` into `post`; return where that differs from it.

    `form` and `formsets` are unsent ones of the row as it is saved now.
    """
    now = shown_by(form, formsets)
    told = list(_merge_fields(post, form, "", "", opened.get("", {}), now[""]))
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
    post: QueryDict, form: BaseForm, start: str, row: str, before: Values, theirs: Values
) -> Iterator[Difference]:
    for name, field in _fields(form).items():
        if theirs[name] == before.get(name) or not _differs(
            field, theirs[name], post, start + name
        ):
            continue
        mine_stands = _differs(field, before.get(name), post, start + name)
        if not mine_stands:
            _write(post, start + name, theirs[name])
        label = f"{row}: {field.label}" if row else capfirst(str(field.label))
        yield Difference(label, f"id_{start}{name}", _read(field, theirs[name]), mine_stands)


def _merge_rows(
    post: QueryDict, formset: BaseModelFormSet, before: Shown, theirs: Shown
) -> Iterator[Difference]:
    start, form = str(formset.prefix), formset.empty_form
    total = post.get(f"{start}-TOTAL_FORMS", "")
    if not total.isdecimal():
        return  # Django says so
    sent = [(n, str(post.get(f"{start}-{n}-id", ""))) for n in range(min(int(total), 1000))]
    kept: list[tuple[int | None, str]] = []  # the row as it was sent, and its key; "" is a new one
    added = [key for key in theirs if key not in {key for _n, key in sent}]
    for n, key in sent:
        values = before.get(key, {})
        is_mine = _any_differs(post, form, f"{start}-{n}-", values)
        if key and key not in theirs:
            is_mine = is_mine and f"{start}-{n}-DELETE" not in post
            kept += [(n, "")] if is_mine else []
            yield Difference(_name(formset, values), "", _("removed"), is_mine)
        elif not key and is_mine:
            same = [
                each
                for each in added
                if not _any_differs(post, form, f"{start}-{n}-", theirs[each])
            ]
            kept.append((None, same[0]) if same else (n, ""))
            added = [each for each in added if each not in same]
        else:
            kept.append((n, key))
    kept = sorted([*kept, *((None, key) for key in added)], key=lambda row: not row[1])
    _write_rows(post, start, kept, theirs)
    for number, (place, key) in enumerate(kept):
        row_start = f"{start}-{number}-"
        if place is not None and key:
            name = _name(formset, before.get(key, {}))
            yield from _merge_fields(post, form, row_start, name, before.get(key, {}), theirs[key])
        elif key in added:
            first = next(iter(_fields(form)))
            name = _name(formset, theirs[key])
            yield Difference(name, f"id_{row_start}{first}", _("added"), mine_stands=False)


def _write_rows(
    post: QueryDict, start: str, rows: list[tuple[int | None, str]], theirs: Shown
) -> None:
    """Make these rows those of `post`: each as it was sent, or as others saved it."""
    sent = {key: post.pop(key) for key in list(post) if key.startswith(f"{start}-")}
    for number, (n, key) in enumerate(rows):
        if n is None:
            for name, value in theirs[key].items():
                _write(post, f"{start}-{number}-{name}", value)
        for name, values in sent.items():
            if name.startswith(f"{start}-{n}-"):
                post.setlist(f"{start}-{number}-{name.removeprefix(f'{start}-{n}-')}", values)
        post[f"{start}-{number}-id"] = key
    known = sum(1 for _n, key in rows if key)
    post |= {f"{start}-TOTAL_FORMS": str(len(rows)), f"{start}-INITIAL_FORMS": str(known)}


def _fields(form: BaseForm) -> dict[str, Field]:
    """Return the fields that people fill in."""
    hidden = {each.name for each in form.hidden_fields()} | {"DELETE"}
    return {name: field for name, field in form.fields.items() if name not in hidden}


def _values(form: BaseForm) -> Values:
    found = {}
    for name, field in _fields(form).items():
        value = field.prepare_value(form.get_initial_for_field(field, name))
        found[name] = value.replace("\r\n", "\n").strip() if isinstance(value, str) else value
    return found


def _as_text(value: Any) -> str:
    return phone_as_read(value) if isinstance(value, PhoneNumber) else str(value)


def _any_differs(post: QueryDict, form: BaseForm, start: str, values: Values) -> bool:
    fields = _fields(form).items()
    return any(_differs(field, values.get(name), post, start + name) for name, field in fields)


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
    fields = _fields(formset.empty_form)
    parts = (_read(fields[name], value) for name, value in values.items() if name in fields)
    return f"{kind_of(formset)} {Truncator(', '.join(parts)).chars(60)}"
