"""Content files: YAML whose every mapping remembers its file and lines, for errors that help."""

import datetime as dt
import re
from typing import Any

import yaml

from clinic_site.text import plain_text

TYPES_IN_WORDS: dict[Any, str] = {
    str: "text (put it in quotes)",
    bool: "true or false",
    int: "a whole number",
    dt.date: "a day, as 2026-12-25",
}


class ContentError(Exception):
    """A content file cannot be used; the text says where, why, and what to do."""


class Located(dict[str, Any]):
    """A mapping read from a file, with the line of each of its keys."""

    path: str
    line: int
    lines: dict[str, int]

    def place(self, key: str | None) -> str:
        """Return file and line of `key`; of the mapping's start where it is None, or not there."""
        line = self.line if key is None else self.lines.get(key, self.line)
        return f"{self.path}, line {line}"

    def error(self, key: str | None, what: str) -> ContentError:
        return ContentError(f"{self.place(key)}: {what}")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader; mappings become Located, repeated keys are refused.

    Beside text there are only whole numbers, days, true, false and null: to YAML 1.1 itself, 8:30
    is the number 510, and "no" is false.
    """

    path: str
    at = 1  # the line of the key that is being read
    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(?:0|[1-9]\d*)", "-+0123456789"),
    ("timestamp", r"\d{4}-\d\d-\d\d", "0123456789"),
    ("null", r"~|null|", ["~", "n", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z", re.ASCII), list(_first)
    )


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> Located:
    loader.flatten_mapping(node)
    located = Located()
    located.path = loader.path
    located.line = node.start_mark.line + 1
    located.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise ContentError(f"{loader.path}, line {line}: {key!r} must be a word.")
        if key in located:
            raise ContentError(f"{loader.path}, line {line}: {key!r} stands here twice. Keep one.")
        located.lines[key] = loader.at = line
        located[key] = loader.construct_object(value_node, deep=True)
    return located


def _construct_text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return plain_text(str(loader.construct_scalar(node)))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG, _construct_text)


def read_yaml(text: str, path: str) -> Located:
    """Parse one content file; raise ContentError with `path` and line where it is no YAML."""
    loader = None
    try:
        loader = _Loader(text)
        loader.path = path
        data = loader.get_single_data()
    except ContentError:
        raise
    except Exception as error:  # PyYAML's constructors raise their own: for a date that is none
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else loader.at if loader else 1
        what = getattr(error, "problem", None) or error
        raise ContentError(f"{path}, line {line}: not readable as YAML: {what}.") from error
    if not isinstance(data, Located):
        raise ContentError(f"{path}, line 1: a content file is a list of names and values.")
    return data


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper; texts of several lines stand as blocks, as a person writes them."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write_yaml(data: dict[str, Any]) -> str:
    """Return `data` as a content file that `read_yaml` takes back without loss."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
