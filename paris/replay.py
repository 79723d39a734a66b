"""Replays a saved measurement: the same outcomes, without a network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mda.model import Loss, StopReason, Unresolved
from mda.record import Record
from mda.trace import Trace
from paris.engine.flights import Stray
from paris.engine.pending import Pending
from paris.errors import FormatError
from paris.formats import capture, native
from paris.formats.damage import refusing
from paris.packets import replies, tags
from paris.packets.flows import Flows
from paris.packets.ways import several

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Outcome, Reply, Way
    from mda.plan import Reading
    from paris.formats.capture import Capture

_PCAPNG = b"\x0a\x0d\x0d\x0a"


def trace(file: str, reading: Reading) -> Trace:
    """The trace in a file of packets (.pcapng) or JSON. Raises FormatError."""
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}") from None
    with refusing(file):
        if data.startswith(_PCAPNG):
            made = _from_packets(capture.read(data, file), file)
        else:
            made = native.read_record(data, file)
        plan = replace(
            made.plan,
            algorithm=reading.algorithm or made.plan.algorithm,
            bound=reading.bound or made.plan.bound,
            studies={**made.plan.studies, **reading.studies},
        )
        return Trace.of(replace(made, plan=plan))


def _from_packets(captured: Capture, name: str) -> Record:
    sent_at_s = {
        packet.request: packet.at_s for packet in captured.packets if packet.request is not None
    }
    taken = {
        packet.request.flow: packet.way
        for packet in captured.packets
        if packet.request is not None and packet.way is not None
    }
    matched, unmatched = _match(captured, taken)
    outcomes: list[Outcome] = list(matched)
    for place, (request, gave_up_at_s) in sorted(captured.losses.items()):
        if request not in sent_at_s:
            raise FormatError(f"{name}: {request} was given up but never sent")
        loss = Loss(request=request, sent_at_s=sent_at_s[request], gave_up_at_s=gave_up_at_s)
        outcomes.insert(place, loss)
    known = {outcome.request for outcome in outcomes}
    return Record(
        plan=captured.plan,
        started_at_unix_s=captured.started_at_unix_s,
        duration_s=captured.duration_s,
        probes_sent=sum(packet.request is not None for packet in captured.packets),
        outcomes=tuple(outcomes),
        unresolved=tuple(Unresolved(*sent) for sent in sent_at_s.items() if sent[0] not in known),
        names=captured.names,
        facts=captured.facts,
        wire=captured.wire,
        unmatched=dict(sorted(unmatched.items())),
        stopped=captured.stopped or StopReason.INTERRUPTED,
        ways=several(taken),
    )


def _match(captured: Capture, taken: Mapping[int, Way]) -> tuple[list[Reply], Counter[str]]:
    """The replies in a capture, and how many datagrams match no probe, by reason."""
    flows = Flows.of(captured.plan, taken)
    pending = Pending(flows)
    hidden = frozenset(captured.wire.hidden)
    matched: list[Reply] = []
    unmatched: Counter[str] = Counter()
    for packet in captured.packets:
        if packet.request is not None:
            pending.add(tags.read(packet.datagram), packet.request, packet.at_s)
            continue
        parsed = replies.parse(packet.datagram, hidden)
        reply = (
            parsed if isinstance(parsed, replies.Unparsed) else pending.match(parsed, packet.at_s)
        )
        if isinstance(reply, replies.Unparsed | Stray):
            unmatched[reply.reason.value] += 1
        else:
            matched.append(reply)
    return matched, unmatched
