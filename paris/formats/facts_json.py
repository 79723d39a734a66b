"""Writes and reads as JSON what lookups found about addresses, and in which tables."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mda.record import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.model import IPAddress

Json = dict[str, Any]
_BUILT, _CHANGED = "built_at_unix_s", "changed_at_unix_s"


def facts(
    found: Mapping[str, Mapping[IPAddress, str]], tables: Mapping[str, Sequence[Table]]
) -> Json:
    """The members "facts" and "tables" of a document, by lookup; each only if there is any."""
    texts = {name: by_address(own) for name, own in found.items()}
    files = {name: [_table(own) for own in owns] for name, owns in tables.items()}
    return {**({"facts": texts} if texts else {}), **({"tables": files} if files else {})}


def _table(table: Table) -> Json:
    return {"file": table.file, _BUILT if table.is_built else _CHANGED: table.at_unix_s}


def by_address(texts: Mapping[IPAddress, str]) -> dict[str, str]:
    """Texts by address, in the order of addresses."""
    return {str(address): texts[address] for address in sorted(texts, key=int)}


def read_facts(document: Json) -> dict[str, dict[IPAddress, str]]:
    """The first argument of `facts`, from a document."""
    return {name: read_by_address(texts) for name, texts in document.get("facts", {}).items()}


def read_tables(document: Json) -> dict[str, tuple[Table, ...]]:
    """The second argument of `facts`, from a document."""
    return {
        name: tuple(
            Table(own["file"], own[_BUILT if _BUILT in own else _CHANGED], _BUILT in own)
            for own in owns
        )
        for name, owns in document.get("tables", {}).items()
    }


def read_by_address(texts: Mapping[str, str]) -> dict[IPAddress, str]:
    """The argument of `by_address`."""
    return {ip_address(address): text for address, text in texts.items()}
