"""Which way each flow leaves this machine, where it has several: chosen once, then remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import WithheldError
from paris.packets.flow_headers import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mda.model import IPAddress, Way
    from paris.packets.flow_headers import FlowHeaders


class Ways:
    """The ways of the flows of a run, by flow number; `taken` has those that are known.

    `choose` finds the way of a flow that is not yet known, given its headers, and its source if
    that may not be another; it raises WithheldError if none leads there, which `refusals` then has
    for the flow. Without `choose`, as in a replay, a flow that is not known has no way. `differ`
    means that flows may have different ways. `sources` are those of the ways.
    """

    def __init__(
        self,
        taken: Mapping[int, Way],
        choose: Callable[[FlowHeaders, IPAddress | None], Way] | None = None,
        *,
        differ: bool = True,
    ) -> None:
        self.taken = dict(taken)
        self.refusals: dict[int, WithheldError] = {}
        self.sources = {way.source for way in taken.values()}
        self.differ = differ
        self._choose = choose
        self._by_key: dict[bytes, Way] = {}

    def leaving(self, flow: int, headers: FlowHeaders, own_source: IPAddress | None) -> FlowHeaders:
        """The headers of a flow, with the source that belongs to its way, if it has one.

        A variant keeps its `own_source`.
        """
        way = self.taken.get(flow)
        if way is None:
            if self._choose is None or flow in self.refusals:
                return headers
            try:
                way = self.taken[flow] = self._choose(headers, own_source)
            except WithheldError as refused:
                self.refusals[flow] = refused
                return headers
            self.sources.add(way.source)
        headers = headers._replace(source=way.source)
        self._by_key[headers.key] = way
        return headers

    def of(self, probe: bytes) -> Way | None:
        """The way of a probe, which starts at its IP header; None if its flow is not known."""
        return self._by_key.get(key_of(probe))


def several(taken: Mapping[int, Way]) -> dict[int, Way]:
    """The way of each flow, in the order of flows; empty if they all have the same."""
    return dict(sorted(taken.items())) if len(set(taken.values())) > 1 else {}
