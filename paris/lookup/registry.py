"""The lookups that there are: one row each. The command line, its help and results follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NAMES: Final = "names"  # the row whose texts are names of hosts, and are kept as such


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One thing that others know of an address.

    `name` is the key of its texts in results, and `about` says what they are. A lookup that is
    `usual` is done unless its `options` turn it off; any other is done where they turn it on.
    `help` is the line of these options. `finder` names a function as "module:function", which is
    imported when its turn comes. It takes addresses in order, and returns a mapping from address to
    text with what it finds, within seconds. Pictures show the text beside the address, with what
    cannot be printed escaped.
    """

    name: str
    about: str
    options: tuple[str, ...]
    help: str
    finder: str
    usual: bool = False


# In the order in which texts stand beside an address.
LOOKUPS: Final = (
    Lookup(
        name=NAMES, about="what the name service calls it", options=("-n", "--numeric"),
        help="do not look up names", finder="paris.lookup.names:names", usual=True,
    ),
)  # fmt: skip
