"""What a browser sends for a form of the admin as it is shown."""

from typing import Any

import html5lib
from django.test import Client


def sent_for(client: Client, address: str) -> dict[str, Any]:
    """Read the form at this address as a browser does."""
    return sent_by(client.get(address).text)


def sent_by(page: str) -> dict[str, Any]:
    """Read a page's form of a model: the names and values of its controls, buttons left out."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    form = next(each for each in tree.iter("form") if each.get("id", "").endswith("_form"))
    sent: dict[str, Any] = {}
    for each in form.iter():
        name, kind = each.get("name"), each.get("type")
        if not name or each.get("disabled") is not None:
            continue
        if each.tag == "textarea":
            sent[name] = (each.text or "").removeprefix("\n")
        elif each.tag == "select":
            chosen = [o for o in each.iter("option") if o.get("selected") is not None]
            sent[name] = (chosen or [next(each.iter("option"))])[0].get("value", "")
        elif kind == "checkbox":
            sent |= {name: each.get("value", "on")} if each.get("checked") is not None else {}
        elif each.tag == "input" and kind not in ("submit", "file"):
            sent[name] = each.get("value", "")
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def save(client: Client, address: str, form: dict[str, Any]) -> str:
    """Send a form; return "saved", or the page that says why it was not."""
    answer = client.post(address, form)
    if answer.status_code == 302:
        return "saved"
    return answer.text
