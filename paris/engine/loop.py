"""The only loop: sends a procedure's requests over a wire and returns outcomes to the procedure.

`Engine.run` returns a RawRecord, however the measurement ends.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from mda.model import Reply, StopReason
from mda.plan import Withheld
from paris.engine.pending import Pending
from paris.engine.queue import RequestQueue
from paris.engine.record import RawRecord
from paris.engine.stopping import NeverStops, OutOfTimeError
from paris.engine.waits import Waits
from paris.errors import WireError, WithheldError
from paris.packets.probes import Builder
from paris.wire.base import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mda.model import Loss, Outcome, ProbeRequest
    from mda.procedure import Procedure
    from paris.engine.flights import Stray
    from paris.engine.pacing import Pacing
    from paris.engine.record import Recorder
    from paris.engine.spacing import Lane
    from paris.engine.stopping import Stop
    from paris.packets.flows import Flows
    from paris.packets.replies import Unparsed
    from paris.settings import Budget
    from paris.wire.base import Received, Wire

# Replies to one wave arrive close together. The loop asks the procedure again after a silence of
# this share of the slowest round trip, but at least of this many seconds.
_SETTLED_SHARE: Final = 0.1
_SETTLED_S: Final = 0.005
# If no outcome has come for so many seconds, the procedure is asked what else to send in silence.
_SILENCE_S: Final = 0.5
# The loop takes the requests of this many seconds at a time, so that they are fresh when sent.
_BATCH_S: Final = 0.05
# While probes wait for their time, replies are read together after so long at most: to wake up for
# each takes longer than to read it.
_GATHER_S: Final = 0.04
# So many probes refused in a row, and none sent between, mean that the system sends none at all.
_MOST_WITHHELD: Final = 512


# A dataclass would delay the first probe by a millisecond.
class Engine:
    """Runs one procedure over one wire.

    `wait_s` is how long a silence must last to be believed; None uses the default (see Waits).
    `most_in_flight` bounds the probes that wait for replies at one time.
    `observe` receives every outcome of the record, `recorder` every datagram of it. `own_tags` are
    the tags of this run, in turn. `before_parsing` is called once, before the first reply is
    parsed. `stop` ends the run. `build_many` builds the same datagrams as `Builder.build`, for many
    requests at once. With `keeps_refusal`, that the system sends no probe is a result rather than
    an error. `spacing` says how soon routers may be asked again.
    """

    def __init__(
        self,
        *,
        procedure: Procedure,
        wire: Wire,
        flows: Flows,
        pacing: Pacing,
        budget: Budget,
        wait_s: float | None = None,
        most_in_flight: int = UNLIMITED,
        own_tags: Iterator[int] | None = None,
        observe: Callable[[Outcome], None] = lambda _: None,
        recorder: Recorder | None = None,
        before_parsing: Callable[[], None] = lambda: None,
        stop: Stop | None = None,
        build_many: Callable[[Sequence[ProbeRequest], Sequence[int]], Sequence[bytes]]
        | None = None,
        keeps_refusal: bool = False,
        spacing: Lane | None = None,
    ) -> None:
        self.procedure = procedure
        self.wire = wire
        self.flows = flows
        self.pacing = pacing
        self.budget = budget
        self.observe = observe
        self.recorder = recorder
        self.before_parsing = before_parsing
        self.stop = stop or NeverStops()
        self.build_many = build_many
        self.keeps_refusal = keeps_refusal
        self.most_in_flight = most_in_flight
        self._pending = Pending(flows, own_tags)
        self._waits = Waits(wait_s, wire.longest_wait_s)
        self._queue = RequestQueue(procedure, self._pending, pacing, self._waits, spacing)
        self._spacing = spacing
        self._builder = Builder(flows)
        self._outcomes: list[Outcome] = []
        self._unmatched: Counter[str] = Counter()
        self._sent = 0
        self._sent_at_s = 0.0
        self._ask_at_s = 0.0
        self._silent_at_s = float("inf")
        self._has_more = False
        self._is_prepared = False
        self._flows_sent: set[int] = set()
        self._withheld: dict[tuple[str, bool], Counter[int]] = {}  # by reason: probes of each flow
        self._withheld_in_a_row = 0
        self._failure: WireError | None = None
        self._started_at_s = 0.0
        self._recorded: RawRecord | None = None

    def run(self) -> RawRecord:
        """Measure until the procedure is finished, the budget is spent, or the user hits Ctrl-C.

        Raises WireError only if it happens before the first outcome, or if the system refused to
        send every probe, and RuntimeError if the procedure breaks its contract, so that the loop
        would wait for ever.
        """
        self.begin()
        failure = None
        self.stop.begin()
        try:
            with self.stop.heard():
                stopped = self._loop()
            if self._failure is not None and not self._sent:
                raise self._failure
        except KeyboardInterrupt:
            stopped = StopReason.INTERRUPTED
        except OutOfTimeError:
            stopped = StopReason.TIME_BUDGET
        except WireError as error:
            is_refusal = isinstance(error, WithheldError) and self.keeps_refusal
            if not (self._outcomes or is_refusal):
                raise
            stopped, failure = StopReason.WIRE_ERROR, error
        self._prepare_to_parse()  # even if no reply arrived
        return self.record(stopped)._replace(failure=failure)

    def record(self, stopped: StopReason) -> RawRecord:
        """What was recorded until now, or until the procedure went on without a record."""
        return self._recorded or self._record(stopped)

    def _record(self, stopped: StopReason) -> RawRecord:
        return RawRecord(
            started_at_s=self._started_at_s,
            ended_at_s=self.wire.now_s(),
            probes_sent=self._sent,
            outcomes=tuple(self._outcomes),
            unresolved=tuple(self._pending.unresolved()),
            unmatched=self._unmatched.copy(),
            wire=self.wire.report()._replace(withheld=self._withheld_counts()),
            stopped=stopped,
        )

    def _go_on(self) -> bool:
        """Let the procedure begin something else; the record is complete if that is not for it."""
        if not self.procedure.goes_on():
            return False
        if self._recorded is None and not self.procedure.is_recorded:
            self._recorded = self._record(StopReason.COMPLETE)
            self.recorder = None
        return True

    def _loop(self) -> StopReason:
        while True:
            now_s = self.wire.now_s()
            stopped = self.step(now_s)
            if stopped is not None:
                return stopped
            next_event_s = min(self.next_event_s(now_s), self.next_departure_s)
            if next_event_s == float("inf"):
                raise RuntimeError("the procedure is not finished, yet asks and waits for nothing")
            self._receive(min(self._end_s, next_event_s))

    @property
    def _end_s(self) -> float:
        deadline_s = self.budget.deadline_s
        return float("inf") if deadline_s is None else self._started_at_s + deadline_s

    def begin(self) -> None:
        """Begin the measurement now; then `step` when something is due, and `take_in` replies."""
        self._started_at_s = self.wire.now_s()

    def step(self, now_s: float) -> StopReason | None:
        """Do what is due at `now_s`; returns why the measurement is over, once it is.

        Raises WireError if the system sends nothing any more.
        """
        most = self.budget.max_probes
        with self.stop.held():
            lost = self._pending.expire(now_s, self._waits.timeout_s)
            for loss in lost:
                self._waits.gave_up(loss.request.ttl, now_s - loss.sent_at_s)
                self._deliver(loss)
            if lost:
                self._heard(now_s)
        if not self._is_queueing(now_s) and self._is_to_ask(now_s):
            room = self._batch()
            wanted = self.procedure.wanted(room)
            self._queue.extend(wanted, now_s)
            self._has_more = len(wanted) == room
            self._ask_at_s = float("inf")
            if self.procedure.finished:
                self._ask_at_s = self._late_until_s()
                if now_s >= self._ask_at_s and not self._go_on():
                    return StopReason.COMPLETE
        if now_s >= self._silent_at_s:
            self._queue.extend(self.procedure.wanted_in_silence(), now_s)
            self._silent_at_s = float("inf")
        if now_s >= self._end_s:
            return StopReason.TIME_BUDGET
        spent = most is not None and self._sent >= most
        if spent:
            self._queue.clear()
            self._has_more = False
        if spent and not self._pending.in_flight:
            return StopReason.PROBE_BUDGET
        self.wire.settle(self._pending.conversations.landed())
        if not spent:
            self._send(now_s)
        return None

    def _is_queueing(self, now_s: float) -> bool:
        """Whether requests are about to leave, so that no others are asked for yet."""
        return self._queue.may_leave_soon(now_s, in_turn=self._is_one_at_a_time)

    def _is_to_ask(self, now_s: float) -> bool:
        """Whether to ask the procedure: replies have settled, or it had more requests than room.

        Replies save probes, so the loop waits for those that may be on their way, but not longer.
        """
        if self._has_more and now_s >= self._more_at_s():
            return True
        if now_s < self.procedure.resumes_s:
            return False
        return not self._pending.in_flight or now_s >= self._ask_at_s

    def _more_at_s(self) -> float:
        """When the replies to the last probes should be here, judging by the slowest so far."""
        return self._sent_at_s + (1 + _SETTLED_SHARE) * self._waits.slowest_s

    @property
    def _room(self) -> int:
        """How many probes may leave now."""
        return max(0, min(self.wire.room, self.most_in_flight - self._pending.in_flight))

    def _batch(self) -> int:
        return max(self.pacing.burst, int(self.pacing.rate_pps * _BATCH_S))

    def _late_until_s(self) -> float:
        """Until when a late reply may still refute a silence that the procedure believes in."""
        ends = self.procedure.silent_ends()
        return max(
            (
                since_s + self._waits.whole_s(ttl, is_end=ttl in ends)
                for ttl, since_s in self.procedure.silent_since_s().items()
            ),
            default=0.0,
        )

    def _send(self, now_s: float) -> None:
        most, room = self.budget.max_probes, self._room
        left = room if most is None else min(room, most - self._sent)
        abandoned = self._queue.abandoned
        requests = self._queue.take(left, now_s, in_turn=self._is_one_at_a_time)
        if requests:
            with self.stop.held():
                self._send_all(requests)
        elif self._queue.abandoned > abandoned and not self._pending.in_flight:
            self._ask_at_s = now_s  # no outcome will come of them

    def _send_all(self, requests: list[ProbeRequest]) -> None:
        tags: Sequence[int] = [self._pending.reserve() for _ in requests]
        requests, tags, datagrams = self._build(requests, tags)
        while requests:
            try:
                sent_at_s: Sequence[float] = self.wire.send(datagrams)
            except WireError as error:
                self._count(requests, tags, datagrams, error.sent_at_s)
                if not isinstance(error, WithheldError):
                    self._withhold_all(requests[len(error.sent_at_s) :], error)
                    return
                withheld = requests[len(error.sent_at_s)]
                is_replaced = self._withhold(withheld, error)
                rest = []
                for number in range(len(error.sent_at_s) + 1, len(requests)):
                    if is_replaced and requests[number].flow == withheld.flow:
                        self.procedure.on_withheld(requests[number], is_new=True)
                    else:
                        rest.append(number)
                requests = [requests[number] for number in rest]
                tags = [tags[number] for number in rest]
                datagrams = [datagrams[number] for number in rest]
            else:
                self._count(requests, tags, datagrams, sent_at_s)
                return

    def _withhold(self, request: ProbeRequest, error: WithheldError) -> bool:
        """Record that the system refused to send a probe; returns whether its flow is replaced.

        Raises the error where it ends the run: if so many are refused in a row, or if a flow that
        has left before has no route any more.
        """
        is_new = request.flow not in self._flows_sent
        now_s = self.wire.now_s()
        if not self.procedure.on_refusal(str(error), now_s):
            self._failure = error
            self._withheld.setdefault((error.reason, error.is_route), Counter())[request.flow] += 1
            self._withheld_in_a_row += 1
            if self._withheld_in_a_row == _MOST_WITHHELD or (error.is_route and not is_new):
                raise error
        self._ask_at_s = now_s
        return self.procedure.on_withheld(request, is_new=is_new)

    def _withhold_all(self, requests: Sequence[ProbeRequest], error: WireError) -> None:
        """Tell a procedure that goes on that none of these left; for any other raise the error."""
        self._ask_at_s = self.wire.now_s()
        if not self.procedure.on_refusal(str(error), self._ask_at_s):
            raise error
        for request in requests:
            self.procedure.on_withheld(request, is_new=False)

    def _count(
        self,
        requests: Sequence[ProbeRequest],
        tags: Sequence[int],
        datagrams: Sequence[bytes],
        sent_at_s: Sequence[float],
    ) -> None:
        """Record that the first len(sent_at_s) of these datagrams have been sent."""
        count = len(sent_at_s)
        if not count:
            return
        self._withheld_in_a_row = 0
        self._flows_sent.update(request.flow for request in requests[:count])
        self._sent_at_s = max(sent_at_s)
        if not self._sent:
            self._silent_at_s = self._sent_at_s + _SILENCE_S
        self.pacing.spend(count)
        self._sent += count
        if self.recorder is not None:
            self.recorder.sent(requests[:count], datagrams[:count], sent_at_s)
        for sent in zip(tags, requests, sent_at_s, datagrams, strict=False):
            self._pending.add(*sent)

    def _build(
        self, requests: list[ProbeRequest], tags: Sequence[int]
    ) -> tuple[list[ProbeRequest], Sequence[int], Sequence[bytes]]:
        """The requests, tags and datagrams of the flows that have a way out of this machine."""
        if self.build_many is not None:
            return requests, tags, self.build_many(requests, tags)
        built = []
        for request, tag in zip(requests, tags, strict=True):
            if refused := self.flows.refusal(request.flow):
                self._withhold(request, refused)
            else:
                built.append((request, tag, self._builder.build(request, tag)))
        return [own[0] for own in built], [own[1] for own in built], [own[2] for own in built]

    @property
    def _is_one_at_a_time(self) -> bool:
        """Whether each flow may have only one probe in flight from now on."""
        return self.wire.one_at_a_time or self._pending.conversations.one_at_a_time

    def _withheld_counts(self) -> tuple[Withheld, ...]:
        """The probes that the system refused to send, by its reason."""
        if not self._withheld:
            return ()
        used = {self.flows.way(flow) for flow in self._flows_sent}
        counts = []
        for (reason, is_route), flows in sorted(self._withheld.items(), key=itemgetter(0)):
            closed = {self.flows.way(flow) for flow in flows} - used - {None}
            counts.append(Withheld(reason, flows.total(), len(flows), len(closed), is_route))
        return tuple(counts)

    def next_event_s(self, now_s: float) -> float:
        """When `step` is due, even if no reply arrives; `next_departure_s` aside."""
        ask_at_s = max(self._ask_at_s, self.procedure.resumes_s)
        is_queueing = self._is_queueing(now_s)
        events_s = [float("inf") if is_queueing else ask_at_s, self._silent_at_s]
        if self._has_more and not is_queueing:
            events_s.append(self._more_at_s())
        events_s.append(self._pending.next_expiry_s(self._waits.timeout_s))
        return min(events_s)

    @property
    def next_departure_s(self) -> float:
        """When the next probe may leave; infinite if none waits only for its time."""
        if not self._room:
            return float("inf")
        return self._queue.next_s(in_turn=self._is_one_at_a_time)

    def _receive(self, until_s: float) -> None:
        if self._room and not self._is_one_at_a_time and self._is_queueing(until_s):
            # What leaves next is known, and replies do not hasten it.
            self.wire.gather(min(until_s, self.wire.now_s() + _GATHER_S))
        arrived = self.wire.receive(until_s)
        with self.stop.held():
            self.take_in(arrived)

    def take_in(self, arrived: Sequence[Received]) -> None:
        """Match what arrived to the probes of this run."""
        if arrived:
            self._prepare_to_parse()
        for number, at_s in self.wire.corrections():
            self._pending.correct(number, at_s)
        if self.recorder is not None and arrived:
            self.recorder.received(arrived)
        conversations, has_any = self._pending.conversations, False
        for reply in self._matched(arrived):
            if not isinstance(reply, Reply):
                self._unmatched[reply.reason.value] += 1
            else:
                if conversations.has_withdrawn:
                    self._queue.discard(reply.request)  # if it was withdrawn, it now has its reply
                rtt_s = reply.received_at_s - reply.sent_at_s
                self._waits.replied(reply.request.ttl, rtt_s, reply.received_at_s)
                self._deliver(reply)
                has_any = True
            if conversations.has_withdrawn:
                self._queue.extend(conversations.withdrawn(), self.wire.now_s())
        if has_any:
            # The silence counts from now, not from the arrival: replies may have waited to be read.
            self._heard(self.wire.now_s())

    def _matched(self, arrived: Sequence[Received]) -> Iterator[Reply | Stray | Unparsed]:
        """The reply in each datagram, or why it does not count."""
        from paris.packets import plain, replies  # not before the first probe has left

        hidden, payloads = self.wire.hidden, self.flows.payloads
        for datagram, at_s in arrived:
            brief = None if hidden else plain.read(datagram)
            reply = brief and self._pending.match_plain(brief, at_s)
            if reply:
                yield reply
                continue
            parsed = replies.parse(datagram, hidden, payloads)
            if isinstance(parsed, replies.Unparsed):
                yield parsed
            else:
                yield self._pending.match(parsed, at_s)

    def _prepare_to_parse(self) -> None:
        # Not before the first replies are read from the wire: the kernel starts to stamp arrivals
        # with a short delay, and until then stamps replies when they are read.
        if not self._is_prepared:
            self._is_prepared = True
            self.before_parsing()

    def _deliver(self, outcome: Reply | Loss) -> None:
        if self._recorded is None:
            self._outcomes.append(outcome)
            self.observe(outcome)
        if self._spacing is not None:
            self._spacing.learn(outcome, self.wire.now_s())
        self.procedure.on_outcome(outcome)

    def _heard(self, now_s: float) -> None:
        """Count the silence from now on, after an outcome."""
        self._silent_at_s = now_s + max(_SILENCE_S, 2 * self._waits.slowest_s)
        self._ask_at_s = now_s + max(_SETTLED_S, _SETTLED_SHARE * self._waits.slowest_s)
