"""Who answers by TCP in the destination's name from before it: boxes that reset, proxies, NATs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.distances import links_passed
from mda.answers.graph import flows_of_edge
from mda.model import ReplyKind, Vertex
from mda.record import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.model import Reply
    from mda.record import Control
    from mda.service.fates import Ending
    from mda.trace import Trace

_ANSWERS: Final = (ReplyKind.RST, ReplyKind.SYN_ACK)
_KINDS: Final = {Fate.CLOSED: ReplyKind.RST, Fate.OPEN: ReplyKind.SYN_ACK}


class Nearer(NamedTuple):
    """What answers in the destination's name at the vertex `at` is as far away as `like` before it.

    By its TTL (`reply_ttl`) the answer passed as many hops as the replies of `like`, and one of a
    host behind that vertex would have passed more.
    """

    at: Vertex
    like: Vertex
    reply_ttl: int


class Resets(NamedTuple):
    """The same flows are accepted by the destination and reset by something before it.

    Resets arrive with `reply_ttl`, over fewer links than the SYN-ACKs with `accepted_ttl`. So they
    do not depend on the path, as where SYNs are limited, but for `balancers_before`. `like` are the
    vertices from which replies come over as many links, at just that distance. Where `hides_host`,
    no SYN-ACK shows at which hop the destination is: it is behind the vertex that stands for it.
    """

    flows: tuple[int, ...]
    reply_ttl: int
    accepted_ttl: int
    like: tuple[Vertex, ...]
    hides_host: bool


class Beyond(NamedTuple):
    """`control` found the destination further away than `hop`, where it seems to answer.

    That is proven if the TTLs of the answers differ; otherwise the other probes may have taken a
    longer path.
    """

    control: Control
    hop: int
    is_proven: bool


def further_away(trace: Trace, ends: Iterable[Vertex]) -> Beyond | None:
    """The control that shows the host behind what answers in its name; None without one.

    Paths of several protocols may have several lengths, but then the replies of one host arrive
    with one TTL.
    """
    of_ends = [answers for end in ends if (answers := _answers(trace, end, _ANSWERS))]
    hop = max((min(reply.request.ttl for reply in answers) for answers in of_ends), default=0)
    reply_ttls = {reply.reply_ttl for answers in of_ends for reply in answers}
    for control in trace.controls:
        is_host = control.fate.is_at_host and control.address == trace.plan.destination
        is_further = is_host and bool(hop) and (control.hop or 0) > hop
        if is_further and (None in reply_ttls or control.reply_ttl not in reply_ttls):
            is_proven = None not in {*reply_ttls, control.reply_ttl}
            return Beyond(control, hop, is_proven)
    return None


def may_differ(trace: Trace, ends: Iterable[Vertex]) -> bool:
    """Whether resets and SYN-ACKs may be of several machines: by their TTLs, or if unseen."""
    ends = list(ends)
    by_kind = [
        {reply.reply_ttl for end in ends for reply in _answers(trace, end, (kind,))}
        for kind in _ANSWERS
    ]
    resets, accepts = by_kind
    return None in resets | accepts or bool(resets and accepts and resets != accepts)


def resets_beside(trace: Trace) -> Resets | None:
    """What resets flows that the destination accepts as well; None where nothing does."""
    by_flow: dict[ReplyKind, dict[int, int]] = {kind: {} for kind in _ANSWERS}
    for reply in trace.replies:
        if reply.kind in _ANSWERS and reply.reply_ttl is not None:
            by_flow[reply.kind].setdefault(reply.request.flow, reply.reply_ttl)
    resets, accepts = (by_flow[kind] for kind in _ANSWERS)
    flows = tuple(
        flow
        for flow in sorted(resets.keys() & accepts)
        if links_passed(resets[flow]) < links_passed(accepts[flow])
    )
    if not flows:
        return None
    passed = links_passed(resets[flows[0]])
    like = tuple(
        vertex
        for vertex in trace.dag
        if vertex.ttl == passed
        and _passed(_reply_ttls(trace, vertex, (ReplyKind.TIME_EXCEEDED,))) == {passed}
    )
    hides_host = not any(_answers(trace, vertex, (ReplyKind.SYN_ACK,)) for vertex in trace.dag)
    return Resets(flows, resets[flows[0]], accepts[flows[0]], like, hides_host)


def balancers_before(trace: Trace, resets: Resets) -> tuple[Vertex, ...]:
    """The balancers per packet that are nearer than what resets.

    Behind them the packets of one flow take several ways, and what resets may stand on some alone.
    """
    passed = links_passed(resets.reply_ttl)
    return tuple(vertex for vertex in trace.per_packet if vertex.ttl < passed)


def nearer_answers(trace: Trace, ends: Iterable[Ending]) -> tuple[Nearer, ...]:
    """The evidence by TTLs that what answers by TCP in the destination's name stands before it.

    A reply of a machine one hop further passes one hop more. That proves something only where the
    replies of the hops before show this, so that the way back is the way there. Where control
    probes find the host at that very hop, and its replies to them pass no more hops either, its way
    back is shorter.
    """
    found = (_nearer_answer(trace, end) for end in _unreached(trace, ends))
    return tuple(own for own in found if own is not None)


def may_be_nearer(trace: Trace, ends: Iterable[Ending]) -> bool:
    """Whether by its TTL an answer in the destination's name may be that of a silent hop before it.

    That hop may as well be the destination's own, where its replies were lost.
    """
    for end in _unreached(trace, ends):
        before, passed = _symmetric_before(trace, end), _passed(_own_ttls(trace, end))
        last = max((vertex.ttl for vertex in before), default=end.at.ttl)
        if any(last < links < end.at.ttl for links in passed):
            return True
    return False


def are_unseen(trace: Trace, ends: Iterable[Ending]) -> bool:
    """Whether a reset at one of these ends may be of something before the host, its TTL unseen.

    Ordinary sockets do not see the TTLs of resets. A control that finds the host at that hop, or
    """
    resets = (
        reply
        for end in _unreached(trace, ends)
        for reply in _answers(trace, end.at, (ReplyKind.RST,))
    )
    return any(reply.reply_ttl is None for reply in resets)


def _unreached(trace: Trace, ends: Iterable[Ending]) -> Iterator[Ending]:
    """The ends where no control probe finds the host."""
    version = trace.plan.destination.version
    found = [own for own in trace.controls if own.reaches(version)]
    return (end for end in ends if not any(_is_there(trace, own, end) for own in found))


def _is_there(trace: Trace, control: Control, end: Ending) -> bool:
    """Whether a control finds the host at this hop, over as many links back as what answers there.

    A box right before the host answers at the host's hop, but from one link nearer.
    """
    if control.hop != end.at.ttl:
        return False
    passed = _passed(_own_ttls(trace, end))
    return control.reply_ttl is None or not passed or links_passed(control.reply_ttl) in passed


def resets_alike(
    trace: Trace, ends: Iterable[Ending], nearer: Iterable[Nearer], resets: Resets | None
) -> set[Ending]:
    """The ends at which every reset arrives with the TTL of one from before the destination.

    They are of the same machine: it resets probes of every TTL that gets to it.
    """
    known: set[int | None] = {own.reply_ttl for own in nearer}
    if resets is not None:
        known.add(resets.reply_ttl)
    if not known:
        return set()
    by_flow: defaultdict[int, set[int | None]] = defaultdict(set)
    for reply in trace.replies:
        if reply.kind is ReplyKind.RST:
            by_flow[reply.request.flow].add(reply.reply_ttl)
    return {end for end in ends if all(by_flow[flow] <= known for flow in end.flows)}


def _nearer_answer(trace: Trace, end: Ending) -> Nearer | None:
    own, before = _own_ttls(trace, end), _symmetric_before(trace, end)
    if len(own) != 1 or any({vertex.ttl} != _passed(own) for vertex in before):
        return None
    like = min(before, default=None, key=lambda vertex: vertex.sort_key)
    return None if like is None else Nearer(end.at, like, min(own))


def _own_ttls(trace: Trace, end: Ending) -> set[int]:
    """The TTLs with which the answers at this end arrive."""
    answers = _answers(trace, end.at, (_KINDS[end.fate],))
    return {
        reply.reply_ttl
        for reply in answers
        if reply.reply_ttl is not None and reply.request.flow in end.flows
    }


def _symmetric_before(trace: Trace, end: Ending) -> set[Vertex]:
    """The last vertices before an end that answered, if the way back is the way there.

    Empty if replies of these, or of the hop before, passed another number of hops than probes.
    """
    every = list(trace.dag.predecessors(end.at))
    flows = set(end.flows)
    taken = [near for near in every if flows & set(flows_of_edge(trace.dag, near, end.at))]
    before = _answering(trace, taken or every)
    for vertex in before:
        further = {
            hops
            for near in trace.dag.predecessors(vertex)
            if near != trace.origin
            for hops in _passed(_reply_ttls(trace, near, (ReplyKind.TIME_EXCEEDED,)))
        }
        passed = _passed(_reply_ttls(trace, vertex, (ReplyKind.TIME_EXCEEDED,)))
        if vertex == trace.origin or passed != {vertex.ttl} or further - {vertex.ttl - 1}:
            return set()
    return before


def _answering(trace: Trace, vertices: Iterable[Vertex]) -> set[Vertex]:
    """These vertices, and in the place of silent ones the last before them that answered."""
    found, left = set[Vertex](), set(vertices)
    while left:
        silent = {vertex for vertex in left if vertex.address is None}
        found |= left - silent
        left = {near for vertex in silent for near in trace.dag.predecessors(vertex)}
    return found


def _passed(reply_ttls: Iterable[int]) -> set[int]:
    return set(map(links_passed, reply_ttls))


def _reply_ttls(trace: Trace, vertex: Vertex, kinds: tuple[ReplyKind, ...]) -> set[int]:
    answers = _answers(trace, vertex, kinds)
    return {reply.reply_ttl for reply in answers if reply.reply_ttl is not None}


def _answers(trace: Trace, vertex: Vertex, kinds: tuple[ReplyKind, ...]) -> list[Reply]:
    return [reply for reply in trace.replies_at(vertex) if reply.kind in kinds]
