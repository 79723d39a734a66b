"""Reference pages that follow from the code: options, JSON, the Python interface, findings."""

from __future__ import annotations

import json
import re
from argparse import SUPPRESS
from typing import TYPE_CHECKING, Any, Final

from docs.site.pages import CHECKOUT
from paris.cli.parser import convert_parser, render_parser, survey_parser, trace_parser

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Iterator

PARSERS: Final = (trace_parser, render_parser, convert_parser, survey_parser)
SCHEMAS: Final = ("native", "comparison", "difference", "merged", "capture")
# What a program that uses ours meets, from the outside in.
MODULES: Final = (
    "paris", "paris.results", "paris.settings", "mda.trace", "mda.model", "mda.comparison",
    "mda.difference", "mda.merging", "mda.errors", "paris.errors",
)  # fmt: skip
_MARKED: Final = re.compile(r"([\\`*_{}\[\]<>#|])")
_SEVERAL: Final = ("anyOf", "oneOf")
_LIMITS: Final = {
    "minimum": "at least {}", "exclusiveMinimum": "more than {}", "maximum": "at most {}",
    "exclusiveMaximum": "less than {}", "minItems": "at least {} items",
    "maxItems": "at most {} items", "pattern": "as `{}`",
}  # fmt: skip


def options() -> str:
    """Every option of every command, as its help says it."""
    lines = ["# Options", ""]
    for make in PARSERS:
        parser = make()
        lines += [f"## {parser.prog}", "", _plain(parser.description or ""), ""]
        lines += _groups(parser)
    return "\n".join(lines)


def _groups(parser: ArgumentParser) -> Iterator[str]:
    formatter = parser._get_formatter()
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if action.help != SUPPRESS]
        if not shown:
            continue
        yield from (f"### {(group.title or '').capitalize()} of {parser.prog}", "")
        for action in shown:
            yield from (_invoked(action), f": {_plain(formatter._expand_help(action))}", "")


def _invoked(action: Action) -> str:
    """An option as it is written, with what it takes."""
    takes = action.metavar or ""
    if action.choices is not None and not takes:
        takes = "{" + ",".join(map(str, action.choices)) + "}"
    elif action.nargs != 0 and not takes and action.option_strings:
        takes = action.dest.upper()
    value = " ".join(takes) if isinstance(takes, tuple) else str(takes)
    names = action.option_strings or [""]
    return ", ".join(f"`{name} {value}`".replace("` ", "`").replace(" `", "`") for name in names)


def json_formats() -> str:
    """Every member of our JSON files, as their schemas say it."""
    lines = ["# JSON", "", "Made from the schemas against which every file is checked.", ""]
    for name in SCHEMAS:
        path = f"paris/formats/{name}.schema.json"
        schema = json.loads((CHECKOUT / path).read_text("utf-8"))
        lines += [f"## {schema['title']}", "", _plain(schema.get("description", "")), ""]
        lines += _table("", schema)
        for definition, value in schema.get("$defs", {}).items():
            lines += [f"### {definition}, of {name}", ""]
            lines += _table("", value)
    return "\n".join(lines)


def _table(name: str, schema: dict[str, Any]) -> list[str]:
    rows = [f"| {own} | {kind} | {about} |" for own, kind, about in _members(name, schema)]
    return ["| member | value | meaning |", "|---|---|---|", *rows, ""]


def _members(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The path, the kind and the meaning of a value, and of all values in it."""
    about = _plain(schema.get("description", ""))
    yield (f"`{name}`" if name else "the value", _kind(schema), about)
    yield from _inner(name, schema)


def _inner(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The same of the values in a value only."""
    for own, value in schema.get("properties", {}).items():
        yield from _members(f"{name}.{own}".strip("."), value)
    items = schema.get("items", [])
    elements = {"[]": items} if isinstance(items, dict) else _numbered(items)
    others = schema.get("additionalProperties", False)
    more = {".*": others} if isinstance(others, dict) else {}
    for step, value in (elements | more).items():
        below = f"{name}{step}".strip(".")
        yield from _members(below, value) if "description" in value else _inner(below, value)
    for several in _SEVERAL:
        for value in schema.get(several, ()):
            yield from _inner(name, value)


def _numbered(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"[{place}]": value for place, value in enumerate(items)}


def _kind(schema: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        return _plain(schema["$ref"].rpartition("/")[2].removesuffix(".schema.json"))
    for several in _SEVERAL:
        if several in schema:
            return " or ".join(map(_kind, schema[several]))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(own)}`" for own in schema["enum"])
    kinds = schema.get("type", "any")
    words = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if words == "array" and isinstance(schema.get("items"), dict):
        words = f"array of {_kind(schema['items'])}"
    limits = (text.format(schema[key]) for key, text in _LIMITS.items() if key in schema)
    return ", ".join((words, *limits)).replace("|", "\\|")


def python() -> str:
    """The modules that programs use, from their docstrings."""
    parts = ["# Python interface", "", "[From Python](python.md) shows how it is used.", ""]
    for module in MODULES:
        parts += [
            f"## {module}", "", "```{eval-rst}", f".. automodule:: {module}", "   :members:",
            "   :undoc-members:", "   :member-order: bysource", "```", "",
        ]  # fmt: skip
    return "\n".join(parts)


def findings() -> str:
    """What the scripts in findings/ show, in the words at their heads."""
    parts = [
        "# Findings", "",
        "What this project found out about systems and libraries. Each is a script that shows it.",
        "",
    ]  # fmt: skip
    for script in sorted((CHECKOUT / "findings").glob("*.sh")):
        head = []
        for line in script.read_text("utf-8").splitlines()[1:]:
            if not line.startswith("#"):
                break
            head.append(line.removeprefix("#").removeprefix(" "))
        title, *text = head
        told = "\n".join(text).strip("\n")
        parts += [f"## {_plain(title)}", "", f"`findings/{script.name}`", "",
                  f"```{{code-block}} text\n:class: prose\n\n{told}\n```", ""]  # fmt: skip
    return "\n".join(parts)


def _plain(text: str) -> str:
    """A text without any mark-up of Markdown in it."""
    return _MARKED.sub(r"\\\1", " ".join(text.split()))
