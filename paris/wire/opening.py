"""Which wire carries a run: the one that was asked for, or the best allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import PrivilegeError, SettingsError
from paris.wire.base import BULK, RAW, UNPRIVILEGED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import ProbeRequest
    from paris.packets.flows import FlowPlan
    from paris.settings import Settings
    from paris.wire.base import Wire


def wire_for(settings: Settings, flows: FlowPlan) -> Wire:
    """The wire that was asked for, or the first that the system lets us have."""
    if settings.compare and settings.wire in (None, UNPRIVILEGED):
        return _open_as(RAW, settings, flows)  # one socket for all protocols
    if settings.wire is not None:
        return _open_as(settings.wire, settings, flows)
    try:
        return _open_as(RAW, settings, flows)
    except PrivilegeError as refused:
        try:
            return _open_as(UNPRIVILEGED, settings, flows)
        except PrivilegeError as also:
            raise PrivilegeError(f"no raw sockets without CAP_NET_RAW, and {also}") from refused


def _open_as(kind: str, settings: Settings, flows: FlowPlan) -> Wire:
    if kind == UNPRIVILEGED:
        from paris.wire.unprivileged import opening as unprivileged

        return unprivileged.open_wire(flows, settings.interface)
    if kind == BULK:
        try:
            from paris.wire.bulk.wire import BulkWire
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"--wire bulk needs {error.name}: install that, or paris-trace with extra [bulk]"
            ) from None
        return BulkWire.open(flows, settings.interface, by_link=settings.by_link)
    from paris.wire.raw import RawWire

    return RawWire.open(flows, settings.interface)


def builder_for(
    settings: Settings, flows: FlowPlan
) -> Callable[[Sequence[ProbeRequest], Sequence[int]], Sequence[bytes]] | None:
    """What builds probes by the hundred, where the wire takes them so."""
    if settings.wire != BULK or settings.studies or settings.compare:
        return None  # variants are built one by one
    from paris.packets.probe_matrix import Crafter

    return Crafter(flows).build
