"""The wires that there are: one row each. The command line, its help and the fallback follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from paris.wire.base import BULK, RAW, UNPRIVILEGED


@dataclass(frozen=True, slots=True, kw_only=True)
class WireKind:
    """One kind of wire: its name, what it is for, and what opens it.

    `opener` names a function as "module:function", which is imported when its turn comes. It takes
    the flows and the WireOptions and returns a Wire. Where no wire is asked for, the kinds that are
    `automatic` are tried in the order of the rows. `any_protocol` says that one wire carries probes
    of several protocols. `builder` names what builds probes by the hundred from the flows, if the
    wire takes them so, and `extra` the extra that installs what the wire imports.
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
        opener="paris.wire.bulk.wire:open_wire", builder="paris.packets.probe_matrix:builder",
        extra="bulk",
    ),
)  # fmt: skip


def names() -> tuple[str, ...]:
    """The names of all wires."""
    return tuple(kind.name for kind in WIRES)
