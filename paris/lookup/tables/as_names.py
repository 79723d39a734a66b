"""Reads the names of ASes: from a table that has one in each line, or from JSON by number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.lookup.tables import reading

if TYPE_CHECKING:
    from collections.abc import Collection
    from re import Pattern

    from paris.lookup.tables.base import Head, Say


class _Layout(NamedTuple):
    """How a kind of table begins, and a line of it; the JSON of pyasn has no lines."""

    begin: Pattern[str]
    line: Pattern[str] | None


_NUMBER: Final = r"(?P<number>\d{1,10})"
_LAYOUTS: Final = (
    # asns.csv of bgp.tools
    _Layout(
        re.compile(r"asn,name\b"),
        re.compile(rf'AS{_NUMBER},("(?P<quoted>([^"]|"")*)"|(?P<name>[^,]*))(,.*)?\s*'),
    ),
    # asn.txt of RIPE NCC
    _Layout(
        re.compile(r"\d+ .*, [A-Z]{2}\r?\n"), re.compile(rf"{_NUMBER} (?P<name>.*), [A-Z]{{2}}\s*")
    ),
    # names for pyasn: {"64500": "EXAMPLE-NET"}
    _Layout(re.compile(r'\{\s*"\d+"\s*:\s*"'), None),
)


def recognises(head: Head) -> bool:
    """Whether a file begins as such a table does."""
    return _layout(head) is not None


def find(file: str, numbers: Collection[int], say: Say) -> dict[int, str]:
    """The names of those ASes that the table has. Raises FormatError."""
    layout = _layout(reading.head(file))
    if layout is None or layout.line is None:
        document = reading.document(file)
        names = document if isinstance(document, dict) else {}
        return {
            number: name for number in numbers if isinstance(name := names.get(str(number)), str)
        }
    found = {}
    for line in reading.lines(file):
        match = layout.line.fullmatch(line)
        if match and (number := int(match["number"])) in numbers:
            fields = match.groupdict()
            found[number] = (fields.get("quoted") or fields["name"] or "").replace('""', '"')
    return found


def _layout(head: Head) -> _Layout | None:
    text = head.begin.decode("utf-8", "replace")
    return next((layout for layout in _LAYOUTS if layout.begin.match(text)), None)
