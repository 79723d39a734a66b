"""Reads MaxMind DB files (.mmdb): ASes, and countries and cities. Needs maxminddb."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Final

from paris.errors import FormatError
from paris.lookup.tables import reading
from paris.lookup.tables.base import Entry, prefix_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.model import IPAddress
    from paris.lookup.tables.base import Head, Prefix, Say, Sought

_MARK: Final = b"\xab\xcd\xefMaxMind.com"
# The control byte of an integer of at most 4 bytes has its length, and of 8 bytes a type behind it.
_BUILT: Final = re.compile(rb"build_epoch(?:([\0-\x08])\x02|([\xc0-\xc4]))(.{8})", re.DOTALL)
# What vendors call these, the first that a record has counts; members of members behind a dot.
_NUMBER: Final = ("autonomous_system_number", "asn", "as_number")
_NAME: Final = ("autonomous_system_organization", "as_name", "name", "organization")
_CITY: Final = ("city.names.en", "city")
_COUNTRY: Final = ("country.iso_code", "country_code", "country")


def recognises(head: Head) -> bool:
    """Whether a file ends as a MaxMind DB does."""
    return _MARK in head.end


def built(head: Head) -> int | None:
    """When a database was built, by its description, in seconds of Unix time."""
    found = _BUILT.search(head.end + bytes(8), head.end.rindex(_MARK))
    if found is None:
        return None
    size = (found[1] or found[2])[0] & 0x0F
    return int.from_bytes(found[3][:size], "big")


def find(file: str, sought: Sought, say: Say) -> dict[IPAddress, Entry]:
    """The entry of each address that the database has one for. Raises FormatError."""
    from maxminddb import MODE_FD, InvalidDatabaseError, open_database

    found = {}
    try:
        with open_database(BytesIO(reading.content(file)), MODE_FD) as database:
            version = database.metadata().ip_version
            for address in sought:
                if address.version <= version:
                    record, length = database.get_with_prefix_len(address)
                    if isinstance(record, dict):
                        found[address] = _entry(record, prefix_of(address, length))
    except (InvalidDatabaseError, ValueError, TypeError):
        raise FormatError(f"{file}: not a sound MaxMind DB, or cut short") from None
    return found


def _entry(record: Mapping[str, object], prefix: Prefix) -> Entry:
    number = re.fullmatch(r"(?:AS)?(\d{1,10})", _first(record, _NUMBER), re.IGNORECASE)
    place = (_first(record, _CITY), _first(record, _COUNTRY))
    return Entry(
        prefix,
        numbers=(int(number[1]),) if number else (),
        name=_first(record, _NAME),
        place=" ".join(filter(None, place)),
    )


def _first(record: Mapping[str, object], names: Sequence[str]) -> str:
    """The first of these members that a record has, as text; empty without any."""
    for name in names:
        value: object = record
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str | int):
            return str(value)
    return ""
