"""All wires, one row each. The command line, its help and the fallback follow this table."""

from __future__ import annotations

from typing import Final, NamedTuple

from paris.wire.base import BULK, RAW, UNPRIVILEGED


class WireKind(NamedTuple):
    """One kind of wire: its name, its purpose, and the function that opens it.

    `opener` names a function as "module:function", imported only when needed. It takes the flows
    and the WireOptions and returns a Wire. If the user names no wire, the `automatic` kinds are
    tried in the order of the rows. `any_protocol` means that one wire carries probes of several
    protocols. `builder` names the function that builds probes in batches, if the wire accepts
    batches. `extra` is the package extra that installs the wire's imports.
    """

    name: str
    about: str
    opener: str
    automatic: bool = False
    any_protocol: bool = True
    builder: str = ""
    extra: str = ""


WIRES: Final = (
    WireKind(
        name=RAW, about="needs CAP_NET_RAW; default", opener="paris.wire.raw:open_wire",
        automatic=True,
    ),
    WireKind(
        name=UNPRIVILEGED, about="sees less; default where raw is refused",
        opener="paris.wire.unprivileged.opening:open_wire", automatic=True, any_protocol=False,
    ),
    WireKind(
        name=BULK, about="raw, for thousands of probes; needs numpy",
        opener="paris.wire.bulk.opening:open_wire", builder="paris.packets.probe_matrix:builder",
        extra="bulk",
    ),
)  # fmt: skip


def names() -> tuple[str, ...]:
    """The names of all wires."""
    return tuple(kind.name for kind in WIRES)
