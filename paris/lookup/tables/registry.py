"""All kinds of tables of networks, one row each; the content of a file says of which kind it is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.escaping import printable
from mda.record import Table
from paris.errors import FormatError, lacking_extra
from paris.lookup.tables import as_names, exchanges, maxmind, reading, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.lookup.tables.base import FindsEntries, FindsNames, Head


class Kind(NamedTuple):
    """A kind of table, found in `about`.

    `entries` finds what it says of addresses, `names` the names of ASes; either may be None.
    `built` finds when it was built, in seconds of Unix time; None where it does not say.
    `needs` is a package that reads it, empty for none.
    """

    about: str
    recognises: Callable[[Head], bool]
    entries: FindsEntries | None = None
    names: FindsNames | None = None
    built: Callable[[Head], int | None] = lambda _: None
    needs: str = ""


_LAST_UNIX_S: Final = 10**11
# The first that recognises a file reads it.
KINDS: Final = (
    Kind(
        "MaxMind .mmdb", maxmind.recognises, entries=maxmind.find, built=maxmind.built,
        needs="maxminddb",
    ),
    Kind("pyasn, pfx2as, riswhois, bgp.tools, iptoasn", routes.recognises, entries=routes.find),
    Kind("AS names of bgp.tools, RIPE NCC, pyasn", as_names.recognises, names=as_names.find),
    Kind("IXP networks of PeeringDB", exchanges.recognises, entries=exchanges.find),
)  # fmt: skip


def table_of(file: str) -> Table:
    """The name of a table and its date. Raises what `kind_of` does."""
    built, path = kind_of(file).built(reading.head(file)), Path(file)
    at_unix_s = path.stat().st_mtime if built is None else built
    # Both may be any number at all.
    return Table(printable(path.name), max(0, min(at_unix_s, _LAST_UNIX_S)), built is not None)


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
