"""Probes every flow once at every TTL, for surveys, at the speed of the bulk wire.

No stopping rule applies. The result is numpy columns with an entry per probe. Imports numpy.
"""

from __future__ import annotations

import time
from contextlib import closing
from ipaddress import ip_address
from random import SystemRandom
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from paris.engine import setup
from paris.engine.pacing import Pacing, burst
from paris.engine.waits import MOST_WAIT_S
from paris.errors import SettingsError
from paris.lookup import addresses, ways
from paris.packets.probe_matrix import Crafter
from paris.packets.reply_matrix import Matcher
from paris.settings import MAX_TTL
from paris.wire.bulk.wire import BulkWire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mda.model import IPAddress
    from mda.plan import WireReport
    from paris.packets.flows import Flows
    from paris.settings import Settings

# Tags have 16 bits. A tag is used again only after its last probe got a reply or was given up.
_MOST_IN_FLIGHT: Final = 0xFFFE
_SHORTEST_NAP_S, _LONGEST_NAP_S = 0.002, 0.05


class Sweep(NamedTuple):
    """The reply to each probe: arrays with an entry per probe, in the order of sending.

    `flows` has the number of the probe's flow, and `headers` says which header values that flow
    has. `responders` has the address that replied, as a row of packed bytes. Without a reply the
    row is all 0, and `rtts_s` (round-trip times in seconds) is NaN. `ends_path` is true for the
    reply of the destination, or of a router that refuses the probe. `unmatched` counts datagrams
    that are not the reply to any probe.
    """

    headers: Flows
    flows: NDArray[np.uint32]
    ttls: NDArray[np.uint32]
    responders: NDArray[np.uint8]
    rtts_s: NDArray[np.float64]
    ends_path: NDArray[np.bool_]
    unmatched: int
    wire: WireReport

    @property
    def is_answered(self) -> NDArray[np.bool_]:
        """Which probes got a reply."""
        return ~np.isnan(self.rtts_s)

    def interfaces(self, ttl: int) -> dict[IPAddress, int]:
        """The interfaces that replied at a TTL, with the number of flows that met each."""
        rows = self.responders[self.is_answered & (self.ttls == ttl)]
        found, counts = np.unique(rows, axis=0, return_counts=True)
        return {
            ip_address(row.tobytes()): int(count) for row, count in zip(found, counts, strict=True)
        }


def sweep(settings: Settings, *, flows: int, ttls: Iterable[int], by_link: bool = False) -> Sweep:
    """Probe the target with flows 0 to `flows` - 1 at each TTL, at the rate of the settings.

    The TTLs take turns, which spreads the load over the routers. `by_link` sends Ethernet frames,
    which bypass routing. Raises SettingsError if the flows or TTLs are out of range, and another
    ParisTraceError if nothing can be sent.
    """
    target, mark = settings.target, settings.target.mark or 0
    found = addresses.destination(target.host or "", target.ip_version)
    interface = addresses.interface_for(found, asked=target.interface, source=target.source)
    target = target.replace(interface=interface)
    source = ways.source_for(found.address, target)
    random = SystemRandom()
    headers = ways.with_ways(setup.flows_for(settings, source, found.address, random), target)
    if not 0 < flows <= headers.capacity:
        raise SettingsError(f"flows must be from 1 to {headers.capacity}, not {flows}")
    wanted = np.array(sorted(set(ttls)), np.int64)
    if not len(wanted) or wanted[0] < 1 or wanted[-1] > MAX_TTL:
        raise SettingsError(f"ttls must be some from 1 to {MAX_TTL}")
    wanted = wanted.astype(np.uint32)
    with closing(BulkWire.open(headers, interface, by_link=by_link, mark=mark)) as wire:
        numbers = np.repeat(np.arange(flows, dtype=np.uint32), len(wanted))
        return _Run(wire, headers, settings, numbers, np.tile(wanted, flows)).swept()


class _Run:
    """One sweep under way."""

    def __init__(
        self,
        wire: BulkWire,
        headers: Flows,
        settings: Settings,
        flows: NDArray[np.uint32],
        ttls: NDArray[np.uint32],
    ) -> None:
        self._wire = wire
        self._headers = headers
        self._flows = flows
        self._ttls = ttls
        self._wait_s = MOST_WAIT_S if settings.pace.wait_s is None else settings.pace.wait_s
        self._pacing = Pacing(settings.pace.rate_pps, burst(settings.pace.rate_pps))
        self._crafter = Crafter(headers)
        self._matcher = Matcher(headers)
        self._sent_at_s = np.full(len(flows), np.nan)
        self._received_at_s = np.full(len(flows), np.nan)
        self._responders = np.zeros((len(flows), len(headers.source.packed)), np.uint8)
        self._ends_path = np.zeros(len(flows), np.bool_)
        self._sent = self._replied = 0

    def swept(self) -> Sweep:
        """Send every probe, and wait for the last replies."""
        while self._sent < len(self._flows):
            # Tags repeat: the previous probe with this tag must have its reply or be given up.
            if self._sent >= _MOST_IN_FLIGHT:
                before_s = float(self._sent_at_s[self._sent - _MOST_IN_FLIGHT])
                self._wait_until(before_s + self._wait_s)
            self._send()
            self._take()
            # Replies wait in the ring. A pause lets each look take many of them.
            nap_s = max(self._pacing.next_s() - self._wire.now_s(), _SHORTEST_NAP_S)
            time.sleep(min(nap_s, _LONGEST_NAP_S))
        self._wait_until(self._wire.now_s() + self._wait_s)
        return Sweep(
            headers=self._headers,
            flows=self._flows,
            ttls=self._ttls,
            responders=self._responders,
            # Send times within a batch are estimates, but no reply precedes its probe.
            rtts_s=np.maximum(self._received_at_s - self._sent_at_s, 0),
            ends_path=self._ends_path,
            unmatched=self._matcher.unmatched,
            wire=self._wire.report(),
        )

    def _send(self) -> None:
        """Send the probes that the rate allows now."""
        begin = self._sent
        room = min(self._pacing.admits(self._wire.now_s()), _MOST_IN_FLIGHT)
        end = min(begin + room, len(self._flows))
        if end == begin:
            return
        numbers = np.arange(begin, end)
        tags = (numbers % _MOST_IN_FLIGHT + 1).astype(np.uint32)
        flows = self._flows[begin:end]
        matrix = self._crafter.craft(flows, self._ttls[begin:end], tags)
        self._matcher.add(tags, flows, numbers)
        self._sent_at_s[begin:end] = self._wire.send_rows(matrix.rows)
        self._pacing.spend(end - begin)
        self._sent = end

    def _wait_until(self, until_s: float) -> None:
        """Take replies until `until_s`, or until every probe has one."""
        while self._replied < self._sent and (left_s := until_s - self._wire.now_s()) > 0:
            time.sleep(min(left_s, _SHORTEST_NAP_S))
            self._take()

    def _take(self) -> None:
        """Match the datagrams that have arrived to their probes."""
        while (frames := self._wire.receive_frames(0.0)) is not None:
            replies = self._matcher.match(frames.datagrams, frames.lengths)
            self._received_at_s[replies.probes] = self._wire.stamps_s(frames)[replies.rows]
            self._responders[replies.probes] = replies.responders
            self._ends_path[replies.probes] = replies.ends_path
            self._replied += len(replies.rows)
            frames.release()
