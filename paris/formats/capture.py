"""Writes and reads a measurement as packets: a pcapng file for tshark and for replay.

The file holds every datagram sent and received; the comment of each probe holds its request, and
its way out of this machine where flows may have several. The file's comment holds the plan. The
comments at its end hold what no packet shows: lost probes, how the measurement ended, and what was
looked up later. After a crash they are missing. A file is only ever appended to, so it can be read
at any length.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from mda.model import Loss, ProbeRequest, StopReason
from paris.errors import FormatError
from paris.formats import facts_json, pcapng, plan_json, schemas, ways_json
from paris.formats.pcapng import Direction, Names, Packet, Section, Statistics
from paris.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.model import IPAddress, Outcome, Way
    from mda.plan import Plan, WireReport
    from mda.record import Table
    from paris.wire.base import Received

_FORMAT: Final = "paris-trace capture"
_VERSION: Final = 1
_ROWS_PER_BLOCK: Final = 1000  # a comment holds 65,535 bytes

Json = dict[str, Any]


class CapturedPacket(NamedTuple):
    """A datagram that passed the wire; `request` is the request of a probe, None for a reply.

    `way` is a probe's way out of the machine, if flows may have had several.
    """

    datagram: bytes
    at_s: float
    request: ProbeRequest | None
    way: Way | None = None


# A journal is begun in each trace, and dataclasses would take it several milliseconds.
class Capture:
    """The content of a file of packets. Times are seconds since `started_at_unix_s`.

    `losses` holds, by place among the outcomes, each lost probe and when it timed out. `stopped`
    is None if the file's end is missing.
    """

    def __init__(self, *, plan: Plan, wire: WireReport, started_at_unix_s: float) -> None:
        self.plan = plan
        self.wire = wire
        self.started_at_unix_s = started_at_unix_s
        self.packets: list[CapturedPacket] = []
        self.losses: dict[int, tuple[ProbeRequest, float]] = {}
        self.names: dict[IPAddress, str] = {}
        self.facts: Mapping[str, Mapping[IPAddress, str]] = {}
        self.tables: Mapping[str, tuple[Table, ...]] = {}
        self.stopped: StopReason | None = None
        self.duration_s = 0.0


class Appended(Protocol):
    """A file that is appended to."""

    def write(self, data: bytes, /) -> object:
        """Append all of `data`. Raises OSError."""


class Writer:
    """Writes packets to `file` as the wire sends and receives them.

    If writing fails, `fault` holds the error, and the measurement goes on without a file.
    """

    def __init__(self, file: Appended) -> None:
        self.file = file
        self.fault: OSError | None = None
        self._taken: Mapping[int, Way] = {}
        self._zero_unix_ns = 0
        self._sent_at_s: dict[ProbeRequest, float] = {}
        self._sent_again_at_s: dict[ProbeRequest, list[float]] = {}  # few requests are

    def begin(
        self,
        plan: Plan,
        wire: WireReport,
        started_at_unix_s: float,
        taken: Mapping[int, Way] = MappingProxyType({}),
    ) -> None:
        """Write the plan, before the first packet.

        When a flow's first probe is sent, `taken` has its way, if flows may have several.
        """
        self._taken = taken
        self._zero_unix_ns = round(started_at_unix_s * 1e9)
        about = {
            "format": _FORMAT,
            "version": _VERSION,
            "plan": plan_json.plan(plan),
            "wire": plan_json.wire(wire),
            "started_at_unix_s": started_at_unix_s,
        }
        self._write(pcapng.header(json.dumps(about), f"paris-trace {__version__}"))

    def sent(
        self, requests: Sequence[ProbeRequest], datagrams: Sequence[bytes], at_s: Sequence[float]
    ) -> None:
        """Write probes that have been sent; see `record.Recorder`."""
        for request, sent_at_s in zip(requests, at_s, strict=True):
            if self._sent_at_s.setdefault(request, sent_at_s) != sent_at_s:
                self._sent_again_at_s.setdefault(request, []).append(sent_at_s)
        self._write(
            b"".join(
                pcapng.packet(
                    Packet(self._unix_ns(sent_at_s), Direction.SENT, datagram, self._about(request))
                )
                for request, datagram, sent_at_s in zip(requests, datagrams, at_s, strict=True)
            )
        )

    def _about(self, request: ProbeRequest) -> str:
        """The comment of a probe."""
        flow, ttl, attempt = request
        way = self._taken.get(flow)
        if way is None:  # a tenth of the time that json takes
            return f'{{"flow": {flow}, "ttl": {ttl}, "attempt": {attempt}}}'
        return json.dumps({**request._asdict(), **ways_json.way(way)})

    def received(self, arrived: Sequence[Received]) -> None:
        """Write datagrams that arrived; see `record.Recorder`."""
        self._write(
            b"".join(
                pcapng.packet(
                    Packet(self._unix_ns(received.at_s), Direction.RECEIVED, received.datagram)
                )
                for received in arrived
            )
        )

    def end(
        self,
        *,
        outcomes: Sequence[Outcome],
        stopped: StopReason,
        duration_s: float,
        wire: WireReport,
    ) -> None:
        """Write the facts that no packet shows."""
        losses = [
            (place, *outcome.request, outcome.gave_up_at_s)
            for place, outcome in enumerate(outcomes)
            if isinstance(outcome, Loss)
        ]
        # The kernel may report a send time after the probe was written.
        corrected = [
            (*outcome.request, outcome.sent_at_s)
            for outcome in outcomes
            if outcome.sent_at_s != self._sent_at_s[outcome.request]
            and outcome.sent_at_s not in self._sent_again_at_s.get(outcome.request, ())
        ]
        ended_unix_ns = self._unix_ns(duration_s)
        for name, rows in (("losses", losses), ("corrected", corrected)):
            for begin in range(0, len(rows), _ROWS_PER_BLOCK):
                part = json.dumps({name: rows[begin : begin + _ROWS_PER_BLOCK]})
                self._write(pcapng.statistics(part, ended_unix_ns, wire.dropped))
        end = {
            "stopped": stopped.value,
            "duration_s": duration_s,
            "wire": plan_json.wire(wire),
        }
        self._write(pcapng.statistics(json.dumps(end), ended_unix_ns, wire.dropped))

    def found(
        self,
        names: Mapping[IPAddress, str],
        facts: Mapping[str, Mapping[IPAddress, str]],
        tables: Mapping[str, Sequence[Table]],
    ) -> None:
        """Write what was looked up after the measurement."""
        if names:
            self._write(pcapng.names({address.packed: name for address, name in names.items()}))
        if facts:
            about = json.dumps(facts_json.facts(facts, tables))
            self._write(pcapng.statistics(about, self._zero_unix_ns, 0))

    def _unix_ns(self, at_s: float) -> int:
        return self._zero_unix_ns + round(at_s * 1e9)

    def _write(self, data: bytes) -> None:
        if self.fault is not None:
            return
        try:
            self.file.write(data)
        except OSError as error:
            self.fault = error


def read(data: bytes, name: str) -> Capture:
    """The capture that a Writer wrote; `name` names the file in messages. Raises FormatError."""
    capture: Capture | None = None
    corrected: dict[ProbeRequest, float] = {}
    zero_unix_ns = 0
    for block in pcapng.read(data, name):
        if isinstance(block, Section):
            if capture is not None:
                raise FormatError(f"{name}: more than one measurement in one file")
            capture = _begun(block.comment, name)
            zero_unix_ns = round(capture.started_at_unix_s * 1e9)
        elif capture is None:
            break
        elif isinstance(block, Packet):
            if block.direction is not Direction.UNKNOWN:
                capture.packets.append(
                    _captured(block, zero_unix_ns, f"{name}: packet {len(capture.packets) + 1}")
                )
        elif isinstance(block, Names):
            capture.names.update({ip_address(packed): host for packed, host in block.names.items()})
        elif isinstance(block, Statistics):
            _take_end(capture, corrected, block.comment, f"{name}: statistics")
    if capture is None:
        raise FormatError(f"{name}: no packets of paris-trace")
    _correct(capture.packets, corrected)
    if capture.stopped is None and capture.packets:
        capture.duration_s = max(0.0, *(packet.at_s for packet in capture.packets))
    return capture


def _begun(comment: str, name: str) -> Capture:
    try:
        about = schemas.parse(comment, name)
    except FormatError:
        about = None
    if not isinstance(about, dict) or about.get("format") != _FORMAT:
        raise FormatError(f"{name}: not a capture that paris-trace -o FILE.pcapng wrote")
    schemas.check_version(about, _VERSION, name)
    schemas.check(about, "capture.schema.json#/$defs/section", name)
    return Capture(
        plan=plan_json.read_plan(about["plan"]),
        wire=plan_json.read_wire(about["wire"]),
        started_at_unix_s=about["started_at_unix_s"],
    )


def _captured(packet: Packet, zero_unix_ns: int, place: str) -> CapturedPacket:
    request = way = None
    if packet.direction is Direction.SENT:
        asked = schemas.parse(packet.comment, place)
        schemas.check(asked, "capture.schema.json#/$defs/probe", place)
        request = _request(asked["flow"], asked["ttl"], asked["attempt"])
        way = ways_json.read_way(asked) if "interface" in asked else None
    return CapturedPacket(packet.datagram, (packet.unix_ns - zero_unix_ns) / 1e9, request, way)


def _request(flow: float, ttl: float, attempt: float) -> ProbeRequest:
    return ProbeRequest(int(flow), int(ttl), int(attempt))


def _take_end(
    capture: Capture, corrected: dict[ProbeRequest, float], comment: str, place: str
) -> None:
    end = schemas.parse(comment, place)
    schemas.check(end, "capture.schema.json#/$defs/statistics", place)
    for position, flow, ttl, attempt, at_s in end.get("losses", ()):
        capture.losses[int(position)] = _request(flow, ttl, attempt), at_s
    for flow, ttl, attempt, at_s in end.get("corrected", ()):
        corrected[_request(flow, ttl, attempt)] = at_s
    if "stopped" in end:
        capture.stopped = StopReason(end["stopped"])
        capture.duration_s = end["duration_s"]
        capture.wire = plan_json.read_wire(end["wire"])
    if "facts" in end:
        capture.facts = facts_json.read_facts(end)
        capture.tables = facts_json.read_tables(end)


def _correct(packets: list[CapturedPacket], corrected: Mapping[ProbeRequest, float]) -> None:
    """Correct the send times; if a request was sent twice, that of the nearest probe."""
    sendings: dict[ProbeRequest, list[int]] = {request: [] for request in corrected}
    for place, packet in enumerate(packets):
        if packet.request in sendings:
            sendings[packet.request].append(place)
    for request, at_s in corrected.items():
        places = sendings[request]
        if places:
            nearest = min(places, key=lambda place: abs(packets[place].at_s - at_s))
            packets[nearest] = packets[nearest]._replace(at_s=at_s)
