"""All lookups, one row each. The command line, its help and results follow this table."""

from __future__ import annotations

from typing import Final, NamedTuple

NAMES: Final = "names"  # the row whose texts are host names; a trace keeps them apart from facts


class Values(NamedTuple):
    """An option, repeatable, that gives a lookup values, such as files; it asks for the lookup.

    `checker` names a function as "module:function". Before the first probe it takes the values and
    what says a line on standard error, and raises a ParisTraceError for values of no use.
    """

    option: str
    metavar: str
    help: str
    checker: str


class Lookup(NamedTuple):
    """A source of facts about addresses.

    `name` is the key of its texts in results, and `about` describes them. A `usual` lookup runs
    unless its `options` turn it off; any other runs only if its `options` turn it on. `help` is
    the help of these options. `finder` names a function as "module:function", imported only when
    needed. It takes addresses in order, the `values` that the user gave, and a function that says a
    line on standard error; it returns a text for each address that it knows, within seconds.
    Pictures show the text beside the address, with unprintable characters escaped.

    A lookup that waits for others has a `search` instead, which names a class. It is made from the
    `values` when the first reply comes. Its method `expect` takes each address that replies, and
    returns at once; `find` takes the addresses and the function that says a line.
    `tables` names a function that takes the `values` and returns the files that are asked, if any
    are.
    """

    name: str
    about: str
    options: tuple[str, ...]
    help: str
    finder: str = ""
    search: str = ""
    tables: str = ""
    usual: bool = False
    values: Values | None = None


class Asked(NamedTuple):
    """A lookup to do, and the values that the user gave it."""

    lookup: Lookup
    values: tuple[str, ...] = ()


# In this order the texts appear beside an address.
LOOKUPS: Final = (
    Lookup(
        name=NAMES, about="what the name service calls it", options=("-n", "--numeric"),
        help="do not look up names", search="paris.lookup.names:NameSearch", usual=True,
        values=Values(
            option="--resolver", metavar="ADDRESS", checker="paris.lookup.resolvers:check",
            help="ask this name server for names, not the system (needs extra [dns]); repeatable",
        ),
    ),
    Lookup(
        name="asn", about="whose network it is in: AS number, name and prefix",
        options=("-A", "--asn", "--as-path-lookups"),
        help="show whose network each is in, from files of this machine; nothing is sent",
        finder="paris.lookup.networks:find", tables="paris.lookup.networks:tables",
        values=Values(
            option="--asn-file", metavar="FILE", checker="paris.lookup.networks:check",
            help="a table for -A: .mmdb (needs extra [asn]), pyasn, pfx2as, riswhois, bgp.tools, "
            "iptoasn, PeeringDB; repeatable",
        ),
    ),
)  # fmt: skip
