"""Reads the networks of Internet exchange points (IXP) from the JSON of PeeringDB."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from paris.errors import FormatError
from paris.lookup.tables import reading
from paris.lookup.tables.base import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mda.model import IPAddress
    from paris.lookup.tables.base import Head, Prefix, Say, Sought


def recognises(head: Head) -> bool:
    """Whether a file may be such JSON: it is an object, which `find` looks into."""
    return head.begin.lstrip().startswith(b"{")


def find(file: str, sought: Sought, say: Say) -> dict[IPAddress, Entry]:
    """The exchange of each address that lies in the network of one. Raises FormatError.

    The file is a dump of PeeringDB, with the names of exchanges, or the answer of its
    `/api/ixpfx`, without.
    """
    document = reading.document(file)
    names, exchanges = _by_id(document, "ix", "name"), _by_id(document, "ixlan", "ix_id")
    rows = (*_rows(document, "ixpfx"), *_members(document))
    prefixes = [(prefix, row) for row in rows if (prefix := _prefix(row)) is not None]
    if not prefixes:
        raise FormatError(f"{file}: this JSON has no networks of exchange points (ixpfx)")
    found: dict[IPAddress, Entry] = {}
    for prefix, row in sorted(prefixes, key=lambda pair: pair[0].prefixlen):
        name = _at(names, _at(exchanges, row.get("ixlan_id")))
        entry = Entry(prefix, name=name if isinstance(name, str) else "", is_exchange=True)
        ends = int(prefix.network_address), int(prefix.broadcast_address)
        found |= dict.fromkeys(sought.within(prefix.version, *ends), entry)
    return found


def _by_id(document: object, table: str, member: str) -> dict[int, object]:
    """A member of the rows of a table in a dump, by their numbers."""
    numbered = ((row.get("id"), row.get(member)) for row in _rows(document, table))
    return {number: value for number, value in numbered if isinstance(number, int)}


def _at(values: Mapping[int, object], number: object) -> object:
    return values.get(number) if isinstance(number, int) else None


def _rows(document: object, table: str) -> Iterator[dict[str, object]]:
    """The rows of a table in a dump."""
    return _members(document.get(table)) if isinstance(document, dict) else iter(())


def _members(answer: object) -> Iterator[dict[str, object]]:
    """The objects that an answer has as its data."""
    data = answer.get("data") if isinstance(answer, dict) else None
    return (row for row in data if isinstance(row, dict)) if isinstance(data, list) else iter(())


def _prefix(row: Mapping[str, object]) -> Prefix | None:
    text, status = row.get("prefix"), row.get("status", "ok")  # or deleted, or pending
    try:
        return ip_network(text) if isinstance(text, str) and status == "ok" else None
    except ValueError:
        return None
