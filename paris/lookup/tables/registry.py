"""All kinds of tables of networks, one row each; the content of a file says of which kind it is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import FormatError, lacking_extra
from paris.lookup.tables import as_names, exchanges, maxmind, reading, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.lookup.tables.base import FindsEntries, FindsNames, Head


class Kind(NamedTuple):
    """A kind of table, found in `about`.

    `entries` finds what it says of addresses, `names` the names of ASes; either may be None.
    `needs` is a package that reads it, empty for none.
    """

    about: str
    recognises: Callable[[Head], bool]
    entries: FindsEntries | None = None
    names: FindsNames | None = None
    needs: str = ""


# The first that recognises a file reads it.
KINDS: Final = (
    Kind("MaxMind .mmdb", maxmind.recognises, entries=maxmind.find, needs="maxminddb"),
    Kind("pyasn, pfx2as, riswhois, bgp.tools, iptoasn", routes.recognises, entries=routes.find),
    Kind("AS names of bgp.tools, RIPE NCC, pyasn", as_names.recognises, names=as_names.find),
    Kind("IXP networks of PeeringDB", exchanges.recognises, entries=exchanges.find),
)


def kind_of(file: str) -> Kind:
    """The kind of a table. Raises FormatError, and SettingsError where its package is missing."""
    head = reading.head(file)
    kind = next((kind for kind in KINDS if kind.recognises(head)), None)
    if kind is None:
        known = "; ".join(kind.about for kind in KINDS)
        raise FormatError(f"{file}: not a table of networks that is known ({known})")
    if kind.needs:
        try:
            import_module(kind.needs)
        except ModuleNotFoundError as error:
            raise lacking_extra(file, error, "asn") from None
    return kind
