"""Opens the wire of a run: the one the user names, or the best one allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mda.loading import load
from paris.errors import OneProtocolError, PrivilegeError, SettingsError, lacking_extra
from paris.wire.base import WireOptions
from paris.wire.registry import WIRES, names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import ProbeRequest
    from paris.packets.flows import Flows
    from paris.settings import Settings
    from paris.wire.base import Wire
    from paris.wire.registry import WireKind


def wire_for(settings: Settings, flows: Flows) -> Wire:
    """The wire that the user names, or the first that the system allows.

    Raises SettingsError for a wire that is unknown or cannot be used, OneProtocolError if it
    carries too few protocols, PrivilegeError if the system allows none, and whatever the wires'
    openers raise.
    """
    is_single = not flows.are_joined or len(flows.protocols) == 1
    able = [kind for kind in WIRES if kind.any_protocol or is_single]
    asked = settings.target.wire
    kinds = [kind for kind in able if (kind.automatic if asked is None else kind.name == asked)]
    if asked is not None and asked not in names():
        raise SettingsError(f"there is no wire {asked!r}; use {', '.join(names())}")
    if not kinds:
        protocols = sorted(protocol.value for protocol in flows.protocols)
        raise OneProtocolError(
            f"{' and '.join(protocols)} are asked for, and --wire {asked} sends only one"
        )
    target = settings.target
    options = WireOptions(
        interface=target.interface,
        by_link=target.by_link,
        mark=target.mark or 0,
        source=target.source,
    )
    refusals: list[PrivilegeError] = []
    for kind in kinds:
        try:
            wire: Wire = _called(kind.opener, kind, flows, options)
        except PrivilegeError as refused:
            refusals.append(refused)
        else:
            return wire
    if not is_single and asked is None:
        several = " and ".join(sorted(protocol.value for protocol in flows.protocols))
        raise PrivilegeError(
            f"{several} in one run need raw sockets; without them trace each by itself: "
            f"{refusals[0]}"
        ) from refusals[0]
    if len(refusals) == 1:
        raise refusals[0]
    raise PrivilegeError(f"no raw sockets without CAP_NET_RAW, and {refusals[-1]}") from refusals[0]


def builder_for(
    settings: Settings, flows: Flows
) -> Callable[[Sequence[ProbeRequest], Sequence[int]], Sequence[bytes]] | None:
    """The function that builds probes in batches; None if the wire or the run excludes batches."""
    if settings.study.studies or flows.are_joined or flows.ways is not None:
        return None  # variants of flows, and flows with several sources, are built singly
    for kind in WIRES:
        if kind.name == settings.target.wire and kind.builder:
            build: Callable[[Sequence[ProbeRequest], Sequence[int]], Sequence[bytes]]
            build = _called(kind.builder, kind, flows)
            return build
    return None


def _called(name: str, kind: WireKind, *arguments: object) -> Any:
    """What the function that a row names returns. Raises SettingsError if it needs an extra."""
    try:
        return load(name)(*arguments)
    except ModuleNotFoundError as error:
        if not kind.extra:
            raise
        raise lacking_extra(f"--wire {kind.name}", error, kind.extra) from None
