"""Replays a saved measurement: the same outcomes, without a network."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from mda.model import Loss, StopReason, Unresolved
from mda.record import Record
from mda.trace import Trace
from paris.engine.flights import Stray
from paris.engine.pending import Pending
from paris.errors import FormatError
from paris.files import STANDARD_INPUT, named, read, standard_input
from paris.formats import (
    capture,
    comparison,
    difference,
    embedded,
    merged,
    native,
    references,
    schemas,
)
from paris.formats.readers.packed import unpacked
from paris.formats.readers.registry import kind_of
from paris.packets import replies, tags
from paris.packets.ways import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.model import IPAddress, Outcome, Reply
    from mda.plan import Reading
    from paris.formats.capture import Capture
    from paris.formats.readers.base import Found
    from paris.packets.flows import Flows

_PCAPNG = b"\x0a\x0d\x0d\x0a"


def trace(file: str, reading: Reading) -> Trace:
    """The trace in a file of packets, JSON, SVG or of another program. Raises FormatError."""
    data, file = _content(file)
    if (kind := kind_of(data)) is not None:
        return _again(_chosen(kind.read(data, file), None, file), reading)
    if data.startswith(_PCAPNG):
        return _again(_from_packets(capture.read(data, file), file), reading)
    return _again(
        native.read_record(schemas.parse(embedded.json_of(data, file), file), file), reading
    )


def saved(
    file: str, choice: int | IPAddress | None = None
) -> Trace | Comparison | Difference | Merged:
    """What a file holds, as it was measured. Raises FormatError.

    `choice` says which trace is meant in a file that may hold many: a number from 1 on, or the
    destination of one alone.
    """
    return held(*_content(file), choice)


def held(
    data: bytes, file: str, choice: int | IPAddress | None = None
) -> Trace | Comparison | Difference | Merged:
    """What the content of `file` holds, as `saved` says. Raises FormatError."""
    if (kind := kind_of(data)) is not None:
        return Trace.of(_chosen(kind.read(data, file), choice, file))
    if data.startswith(_PCAPNG):
        return Trace.of(_from_packets(capture.read(data, file), file))
    if choice is not None:
        raise FormatError(f"{file}: --select is for files of many traces, and there is one in it")
    document = schemas.parse(embedded.json_of(data, file), file)
    if comparison.is_comparison(document):
        return comparison.read(document, file)
    if difference.is_difference(document):
        return difference.read(document, file)
    if merged.is_merged(document):
        return merged.read(document, file)
    return Trace.of(native.read_record(document, file))


def listed(file: str) -> Iterator[Found]:
    """The traces in a file that may hold many, in its order. Raises FormatError."""
    data, file = _content(file)
    kind = kind_of(data)
    if kind is None:
        raise FormatError(f"{file}: --list is for files of many traces, and there is one in it")
    return kind.read(data, file)


def _content(file: str) -> tuple[bytes, str]:
    """What is in a file or on standard input, unpacked, and the name of that in messages."""
    name = named(file)
    return unpacked(standard_input() if file == STANDARD_INPUT else read(file), name), name


def _chosen(found: Iterator[Found], choice: int | IPAddress | None, file: str) -> Record:
    """The record of the measurement that is meant in a file that may hold many.

    Raises FormatError unless there is exactly one.
    """
    which, those = "", found
    if isinstance(choice, int):
        which, those = f" {choice}", islice(found, choice - 1, choice)
    elif choice is not None:
        which, those = f" to {choice}", (own for own in found if own.destination == choice)
    first, second = next(those, None), next(those, None)
    if first is None:
        cure = "; --list shows those there are" if which else ""
        raise FormatError(f"{file}: there is no trace{which} in it{cure}")
    if second is not None:
        raise FormatError(
            f"{file}: there are several traces{which} in it: paris-render --list shows them, and "
            "--select N takes one"
        )
    return first.record()


def _again(record: Record, reading: Reading) -> Trace:
    """The trace of a record, read as `reading` says."""
    plan = record.plan.replace(
        algorithm=reading.algorithm or record.plan.algorithm,
        bound=reading.bound or record.plan.bound,
        studies={**record.plan.studies, **reading.studies},
    )
    return Trace.of(record.replace(plan=plan))


def _from_packets(captured: Capture, name: str) -> Record:
    sent_at_s = {
        packet.request: packet.at_s for packet in captured.packets if packet.request is not None
    }
    taken = {
        packet.request.flow: packet.way
        for packet in captured.packets
        if packet.request is not None and packet.way is not None
    }
    if not captured.packets and captured.stopped is None:
        raise FormatError(f"{name}: there are no packets in it")
    flows = references.flows_of(captured.plan, taken, name)
    references.check_requests(sent_at_s, flows, name)
    matched, unmatched = _match(captured, flows)
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
        tables=captured.tables,
        wire=captured.wire,
        unmatched=dict(sorted(unmatched.items())),
        stopped=captured.stopped or StopReason.INTERRUPTED,
        ways=several(taken),
    )


def _match(captured: Capture, flows: Flows) -> tuple[list[Reply], Counter[str]]:
    """The replies in a capture, and how many datagrams match no probe, by reason."""
    pending = Pending(flows)
    hidden = frozenset(captured.wire.hidden)
    matched: list[Reply] = []
    unmatched: Counter[str] = Counter()
    for packet in captured.packets:
        if packet.request is not None:
            pending.add(tags.read(packet.datagram), packet.request, packet.at_s)
            continue
        parsed = replies.parse(packet.datagram, hidden, flows.payloads)
        reply = (
            parsed if isinstance(parsed, replies.Unparsed) else pending.match(parsed, packet.at_s)
        )
        if isinstance(reply, replies.Unparsed | Stray):
            unmatched[reply.reason.value] += 1
        else:
            matched.append(reply)
    return matched, unmatched
