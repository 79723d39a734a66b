"""Many measurements at a time over one wire and at one rate, each to its own destination.

Each keeps its own engine: what it asks, waits for and believes is what it would alone. Here they
take turns to send, and what arrives goes to the one whose probe it names.
"""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import StopReason
from paris.engine.lane_wire import LaneWire, SharedNumbers
from paris.errors import WireError
from paris.packets.destinations import named_destination, named_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from paris.engine.loop import Engine
    from paris.engine.pacing import Pacing
    from paris.engine.record import RawRecord
    from paris.engine.stopping import Stop
    from paris.wire.base import Received, Wire

_GATHER_S: Final = 0.04  # replies are read together after so long at most, while probes wait


class Started(NamedTuple):
    """A measurement that begins: its engine, and its destination, packed.

    `finish` is given its record, or the error for which it has none, and returns what to measure
    instead if that was in vain.
    """

    engine: Engine
    destination: bytes
    finish: Callable[[RawRecord | WireError], Started | None]


class _Member:
    """A measurement under way; `due_s` is when its engine has something to do."""

    __slots__ = ("due_s", "is_over", "is_waiting", "started")

    def __init__(self, started: Started) -> None:
        self.started = started
        self.due_s = float("inf")
        self.is_over = self.is_waiting = False


class Crowd:
    """Runs measurements, at most `window` at a time, over one wire.

    `pacing` and `own_tags` are shared by all of them. `stop` ends the run. `strays` counts what
    arrived and names no probe of a measurement that is under way.
    """

    def __init__(
        self,
        wire: Wire,
        pacing: Pacing,
        own_tags: Iterator[int],
        window: int,
        stop: Stop,
    ) -> None:
        self._wire = wire
        self.pacing = pacing
        self._tags = own_tags
        self._window = window
        self._stop = stop
        self._numbers = SharedNumbers()
        self._order = count()
        self._due: list[tuple[float, int, _Member]] = []
        self._waiting: deque[_Member] = deque()  # for their turn to send
        self._members: dict[bytes, _Member] = {}
        self._of_tag: dict[int, bytes] = {}  # the destination of the last probe that had it
        self.strays = 0

    def lane_wire(self) -> LaneWire:
        """A view of the wire for another measurement."""
        return LaneWire(self._wire, self._numbers)

    def lane_tags(self, destination: bytes) -> Generator[int, None, None]:
        """Tags for the probes to a destination: they come in turn to all measurements."""
        for tag in self._tags:
            self._of_tag[tag] = destination
            yield tag

    def run(self, following: Iterator[Started]) -> bool:
        """Run all measurements; returns whether they came to their end before it was stopped.

        What is then under way has no record. Raises WireError if the wire fails as a whole.
        """
        has_more = True
        self._stop.begin()
        try:
            with self._stop.heard():
                while has_more or self._members:
                    with self._stop.held():
                        has_more = has_more and self._fill(following)
                        self._step_all()
                    if self._members:
                        self._receive()
        except KeyboardInterrupt:
            return False
        return True

    def _fill(self, following: Iterator[Started]) -> bool:
        """Begin measurements while there is room; returns whether there may be more."""
        while len(self._members) < self._window:
            started = next(following, None)
            if started is None:
                return False
            self._begin(started)
        return True

    def _begin(self, started: Started) -> None:
        member = self._members[started.destination] = _Member(started)
        started.engine.begin()
        self._is_due(member, self._wire.now_s())

    def _step_all(self) -> None:
        """Let all engines do what is due, and those whose turn it is send."""
        now_s = self._wire.now_s()
        while self._due and self._due[0][0] <= now_s:
            at_s, _, member = heapq.heappop(self._due)
            if at_s == member.due_s and not member.is_over:
                member.due_s = float("inf")
                self._step(member, now_s)
        turns = len(self._waiting)
        while turns and self.pacing.admits(now_s, len(self._waiting)):
            member = self._waiting.popleft()
            member.is_waiting = False
            turns -= 1
            if not member.is_over:
                self._step(member, now_s)

    def _step(self, member: _Member, now_s: float) -> None:
        engine = member.started.engine
        try:
            stopped = engine.step(now_s)
        except WireError as error:
            self._end(member, error)
            return
        if stopped is not None:
            self._end(member, stopped)
            return
        due_s, departs_s = engine.next_event_s(now_s), engine.next_departure_s
        if departs_s == due_s == float("inf"):
            raise RuntimeError("the procedure is not finished, yet asks and waits for nothing")
        if departs_s > self.pacing.next_s() or departs_s == float("inf"):
            due_s = min(due_s, departs_s)  # its own limit holds its probes back
        elif not member.is_waiting:
            member.is_waiting = True
            self._waiting.append(member)
        if due_s != float("inf"):
            self._is_due(member, due_s)

    def _is_due(self, member: _Member, at_s: float) -> None:
        if at_s != member.due_s:
            member.due_s = at_s
            heapq.heappush(self._due, (at_s, next(self._order), member))

    def _end(self, member: _Member, how: StopReason | WireError) -> None:
        member.is_over = True
        started = member.started
        del self._members[started.destination]
        engine = started.engine
        record = engine.record(how if isinstance(how, StopReason) else StopReason.WIRE_ERROR)
        result = how if isinstance(how, WireError) and not record.outcomes else record
        instead = started.finish(result)
        engine.wire.close()
        if instead is not None:
            self._begin(instead)

    def _receive(self) -> None:
        while self._due and (self._due[0][2].is_over or self._due[0][0] != self._due[0][2].due_s):
            heapq.heappop(self._due)
        until_s = self._due[0][0] if self._due else float("inf")
        if self._waiting:
            until_s = min(until_s, self.pacing.next_s(len(self._waiting)))
            self._wire.gather(min(until_s, self._wire.now_s() + _GATHER_S))
        arrived = self._wire.receive(until_s)
        with self._stop.held():
            self._numbers.correct(self._wire.corrections())
            for member, own in self._sorted(arrived):
                member.started.engine.take_in(own)
                self._is_due(member, self._wire.now_s())

    def _sorted(self, arrived: list[Received]) -> list[tuple[_Member, list[Received]]]:
        """What arrived, by the measurement whose probe it names."""
        found: dict[_Member, list[Received]] = {}
        for received in arrived:
            member = self._members.get(named_destination(received.datagram))
            if member is None:
                # A middlebox may have rewritten the destination, and left the tag alone.
                by_tag = self._of_tag.get(named_tag(received.datagram), b"")
                member = self._members.get(by_tag)
            if member is None or member.is_over:
                self.strays += 1
            else:
                found.setdefault(member, []).append(received)
        return list(found.items())
