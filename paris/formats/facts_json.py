"""Writes and reads as JSON what lookups found about addresses."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress

Facts = dict[str, dict[str, str]]


def facts(found: Mapping[str, Mapping[IPAddress, str]]) -> dict[str, Facts]:
    """The member "facts" of a document: text by address, by lookup. Empty without any lookup."""
    if not found:
        return {}
    return {"facts": {name: by_address(texts) for name, texts in found.items()}}


def by_address(texts: Mapping[IPAddress, str]) -> dict[str, str]:
    """Texts by address, in the order of addresses."""
    return {str(address): texts[address] for address in sorted(texts, key=int)}


def read_facts(document: Mapping[str, Facts]) -> dict[str, dict[IPAddress, str]]:
    """The argument of `facts`, from a document."""
    return {name: read_by_address(texts) for name, texts in document.get("facts", {}).items()}


def read_by_address(texts: Mapping[str, str]) -> dict[IPAddress, str]:
    """The argument of `by_address`."""
    return {ip_address(address): text for address, text in texts.items()}
