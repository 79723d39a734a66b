"""The words for the verdict on a service: a line, the evidence cause by cause, and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of
from mda.record import Fate
from mda.service.impostors import balancers_before
from mda.service.verdict import Part, Port, Standing, Word, verdict
from render.words.distances import hides_host, hops_to, is_at_most
from render.words.quantities import count, enumerated, percent
from render.words.vertices import place, unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import Vertex
    from mda.service.fates import Ending
    from mda.service.impostors import Nearer, Resets
    from mda.service.verdict import Verdict
    from mda.trace import Trace
    from render.words.paths import Recipes

_MOST_NAMED: Final = 2  # vertices
_MOST_PORTS: Final = 3  # examples of what gets through, and of what does not
_DIAGNOSE: Final = "--diagnose: which other probes reach the host, and how far away it is"
_UDP_FIRST: Final = {53: "DNS", 88: "Kerberos"}  # services of both protocols


class CauseWords(NamedTuple):
    """A possible cause, whether it is one ("ok", "HERE" or "?"), and what speaks for that."""

    part: str
    standing: str
    evidence: str


class VerdictWords(NamedTuple):
    """The verdict in a line that begins with `word` in capitals, then cause by cause, then advice.

    All lines are of any length.
    """

    word: str
    sentence: str
    causes: tuple[CauseWords, ...]
    advice: tuple[str, ...]


def verdict_words(trace: Trace, recipes: Recipes) -> VerdictWords | None:
    """The words for the verdict on a service; None if the trace has none.

    `recipes` says which ports select a flow.
    """
    found = verdict(trace)
    if found is None:
        return None
    words = _Words(trace, found, recipes)
    return VerdictWords(
        word=found.word.value,
        sentence=words.sentence(),
        causes=(
            words.cause(Part.NETWORK, words.network()),
            CauseWords("name", Standing.OK.value, _name(trace)),
            words.cause(Part.FIREWALL, words.firewall()),
            words.cause(Part.SERVICE, words.service()),
        ),
        advice=tuple(words.advice()),
    )


class _Words:
    """The sentences about one verdict."""

    def __init__(self, trace: Trace, found: Verdict, recipes: Recipes) -> None:
        self._trace, self._found, self._recipes = trace, found, recipes
        self._service = trace.plan.probing.service
        self._by = "" if found.by is None else place(found.by)
        is_host = found.by in {own.at for own in found.passing}
        if is_host and (is_at_most(trace) or (hides_host(trace) and found.word is Word.OPEN)):
            self._by = f"{trace.plan.destination}"

    def cause(self, part: Part, evidence: str) -> CauseWords:
        """A cause with its standing."""
        return CauseWords(part.value, self._found.parts[part].value, evidence)

    def sentence(self) -> str:
        """What the verdict says, after its word."""
        by, service = self._by, self._service
        match self._found.word:
            case Word.OPEN:
                how = "answers by UDP" if self._is_udp else "accepts the connection (SYN-ACK)"
                limited = "" if self._found.resets is None else "; something before it resets some"
                return f"{by} {how} at {service}{limited}"
            case Word.CLOSED:
                how = "port unreachable" if self._is_udp else "a reset"
                sure = "" if self._is_unsure else ": nothing listens there"
                return f"{by} answers {service} with {how}{sure}"
            case Word.FILTERED:
                return f"{by} refuses {service} on purpose ({self._error()})"
            case Word.UNREACHABLE:
                return f"{by} says that it has no way to the host ({self._error()})"
            case Word.LOOP:
                return f"packets go round from {by} on"
            case Word.SILENT:
                return self._silence()
            case Word.MIDDLEBOX:
                return f"a reset in the name of {by} comes from before it"
            case Word.PROXY:
                return f"{service} is answered in the name of {by} from before it"
            case Word.PARTLY:
                return partly(self._trace, self._found)
            case Word.LOCAL:
                is_route = self._found.parts[Part.FIREWALL] is not Standing.HERE
                does = "has no route for" if is_route else "refuses to send"
                return f"this machine {does} {service}: {self._local()}"

    @property
    def _is_udp(self) -> bool:
        return self._trace.plan.probing.protocol == "udp"

    def _local(self) -> str:
        """Why this machine sends nothing."""
        return ", ".join(withheld.reason for withheld in self._trace.wire.withheld)

    def _silence(self) -> str:
        if not self._by:
            return "nothing answered, not even the first hop"
        if self._found.parts[Part.FIREWALL] is Standing.HERE:
            return f"{self._service} is dropped at or behind {self._by}: {self._reached()}"
        tail = "; a UDP service answers only what it understands" if self._is_udp else ""
        return f"last answer from {self._by}, and none from {self._service} behind it{tail}"

    def network(self) -> str:
        """What speaks for or against the network."""
        is_cause = self._found.parts[Part.NETWORK] is Standing.HERE
        if is_cause and self._found.word is Word.LOCAL:
            return f"the routes of this machine (ip route get {self._trace.plan.destination})"
        if is_cause:
            return "; ".join(
                self._ending(own)
                for own in self._found.stopped
                if own.fate in (Fate.UNREACHABLE, Fate.LOOP)
            )
        if self._found.word is Word.CLOSED and self._is_unsure and not self._trace.controls:
            return "answers come back in the name of the host"
        hops = sorted({own.at.ttl for own in self._found.passing})
        if hops and self._found.beyond is None:
            by = " by the flows that get through" if self._found.stopped else ""
            return f"the host is reached in {hops_to(self._trace, hops)}{by}"
        reached = self._reached()
        is_unknown = self._found.parts[Part.NETWORK] is Standing.UNKNOWN
        if reached:
            return f"{reached}, maybe by other paths" if is_unknown else reached
        if is_unknown:
            return self._unreached() or "other probes would show whether the host is reached"
        return f"packets get to {self._by}" if self._by else "no packet has left"

    @property
    def _is_unsure(self) -> bool:
        """Whether it is not known to be the host that answers."""
        return self._found.parts[Part.SERVICE] is Standing.UNKNOWN

    @property
    def _is_nearer(self) -> bool:
        return self._found.word in (Word.MIDDLEBOX, Word.PROXY)

    def _reached(self) -> str:
        """Which control probes reach the host, and in how many hops."""
        version = self._trace.plan.destination.version
        reaching = [own for own in self._trace.controls if own.reaches(version)]
        names = [own.name for own in reaching]
        hops = sorted({own.hop for own in reaching if own.hop is not None})
        if not names:
            return ""
        where = f" in {count(hops[0], 'hop', 'hops')}" if len(hops) == 1 else ""
        return f"{enumerated(names)} {'reach' if len(names) > 1 else 'reaches'} the host{where}"

    def _unreached(self) -> str:
        """That no control probe reaches the host."""
        names = [own.name for own in self._trace.controls]
        return f"{enumerated(names)} get no answer of the host either" if names else ""

    def firewall(self) -> str:
        """What speaks for or against a firewall."""
        found = self._found
        if found.beyond is not None:
            control, hop, _ = found.beyond
            return (
                f"the answer comes from hop {hop}, and {control.name} finds the host at "
                f"{control.hop}"
            )
        if found.word is Word.LOCAL and found.parts[Part.FIREWALL] is Standing.HERE:
            return "the rules of this machine for what it sends (nft list ruleset, iptables -S)"
        evidence = [self._nearer(own) for own in found.nearer]
        if found.resets is not None:
            evidence.append(_resets(self._trace, found.resets))
        stopped = [own for own in found.stopped if own.fate in (Fate.REFUSED, Fate.SILENT)]
        if evidence or stopped:
            return "; ".join([*evidence, *(self._ending(own) for own in stopped)])
        if found.passing and not self._trace.is_complete:
            return "the trace is unfinished"
        if found.passing and found.parts[Part.FIREWALL] is Standing.UNKNOWN:
            return "some answers may come from before the host: by their TTLs, or these are unseen"
        return "none on the way" if found.passing else "no probe got that far"

    def _nearer(self, nearer: Nearer) -> str:
        """The evidence that an answer comes from before the host."""
        which = "the answer" if self._is_nearer else f"the answer at hop {nearer.at.ttl}"
        return (
            f"{which} arrives with TTL {nearer.reply_ttl}, so it passed as many hops as those of "
            f"{place(nearer.like)}, and none behind it"
        )

    def service(self) -> str:
        """What speaks for or against the service."""
        fates = {own.fate for own in self._found.passing}
        if self._found.parts[Part.SERVICE] is Standing.HERE and Fate.OPEN in fates:
            return (
                "the host accepts some connections and resets others: it limits them, or several "
                "hosts share the address"
            )
        match self._found.parts[Part.SERVICE], self._found.port:
            case Standing.OK, _:
                return "it answers; whether the application is healthy, this does not show"
            case Standing.HERE, _:
                return f"nothing listens on {self._service}, or the host itself rejects"
        return "no probe is known to have met it"

    def advice(self) -> list[str]:
        """What to check next, and flows to check it by."""
        lines = self._examples() if self._found.word is Word.PARTLY else []
        port = self._trace.plan.probing.dport
        listening = f"on the host: ss -ln{'u' if self._is_udp else 't'} 'sport = :{port}'"
        if self._found.resets is not None:
            lines.append("--rate 1: whether fewer connections a second are all accepted")
        match self._found.word:
            case Word.CLOSED:
                lines.append(listening)
                if self._is_unsure and not self._trace.controls:
                    lines.append(_DIAGNOSE)
            case Word.FILTERED:
                lines.append(f"ask the owner of {self._by} to permit {self._service}")
            case Word.SILENT if self._found.port is Port.OPEN_OR_FILTERED:
                lines += ["ask in the service's own words", listening]
            case Word.SILENT if self._found.parts[Part.FIREWALL] is Standing.HERE:
                lines.append(
                    f"ask the owner of {self._by}, and of the host, who drops {self._service}"
                )
            case Word.SILENT if self._reached():
                lines.append("--mda: whether other paths get through")
            case Word.SILENT | Word.MIDDLEBOX | Word.PROXY if not self._trace.controls:
                lines.append(_DIAGNOSE)
            case Word.UNREACHABLE | Word.LOOP:
                lines.append(f"ask the owner of {self._by} for the route to the host")
        is_tcp_refused = not self._is_udp and self._found.word in (
            Word.CLOSED, Word.FILTERED, Word.SILENT
        )  # fmt: skip
        if is_tcp_refused and port in _UDP_FIRST:
            lines.append(f"-U: {_UDP_FIRST[port]} is asked over UDP first")
        return lines

    def _examples(self) -> list[str]:
        """Ports that do and do not get through."""
        through = self._found.passing or self._found.endings
        passing = [own for own in through if own.fate is through[0].fate]
        others = [own for own in self._found.endings if own not in passing]
        return [
            f"{what}: {self._ports(own)}"
            for what, own in (("gets through", passing), ("does not", others))
        ]

    def _ports(self, endings: Sequence[Ending]) -> str:
        flows = sorted(flow for ending in endings for flow in ending.flows)
        return "; ".join(self._recipes(flow).ports for flow in flows[:_MOST_PORTS])

    def _ending(self, ending: Ending) -> str:
        """How some flows end, in a clause."""
        where = "this machine" if ending.at == self._trace.origin else place(ending.at)
        match ending.fate:
            case Fate.REFUSED | Fate.UNREACHABLE:
                return f"{where} says {self._error(ending)}"
            case Fate.LOOP:
                return f"packets go round from {where} on"
        return f"nothing behind {where} answers"

    def _error(self, ending: Ending | None = None) -> str:
        """The ICMP error of an ending, by its marks, words and numbers."""
        found = ending or next(own for own in self._found.endings if own.icmp is not None)
        icmp_type, code = found.icmp or (0, 0)
        words = unreachable(self._trace.plan.destination.version, icmp_type, code)
        return f"{words}, ICMP {icmp_type}/{code}"


def _resets(trace: Trace, resets: Resets) -> str:
    """The evidence that something resets flows which the destination accepts as well."""
    where, balancers = ", from nearer", balancers_before(trace, resets)
    if resets.like:
        where = f", over as many hops as replies of {_places(resets.like)}"
    ways = f"; some ways behind {_places(balancers)} alone may reset" if balancers else ""
    return (
        f"{count(len(resets.flows), 'flow is', 'flows are')} both accepted and reset: SYN-ACKs "
        f"arrive with TTL {resets.accepted_ttl}, resets with {resets.reply_ttl}{where}{ways}"
    )


def _places(vertices: Sequence[Vertex]) -> str:
    return enumerated(map(place, vertices[:_MOST_NAMED]))


def partly(trace: Trace, found: Verdict) -> str:
    """How many flows do not get through, or find the port closed, while others do not."""
    own, flows = trace.plan.probing.service, flows_that_fail(trace, found)
    if found.stopped:
        return f"{flows} do not get through to {own}, and others do"
    return f"{flows} find {own} closed, and others find it open"


def flows_that_fail(trace: Trace, found: Verdict) -> str:
    """The share of all flows that fails, if they are those of some vertices, or their number."""
    closed = [ending for ending in found.endings if ending.fate is Fate.CLOSED]
    endings = found.stopped or closed
    passing = {flow for own in found.passing for flow in own.flows}
    vertices = sorted({own.at for own in endings}, key=lambda vertex: vertex.sort_key)
    is_by_path = found.resets is None  # otherwise they may get through another time
    if is_by_path and all(
        v in trace.dag and not passing & set(flows_of(trace.dag, v)) for v in vertices
    ):
        named = _places(vertices)
        more = f" and {len(vertices) - _MOST_NAMED} more" if len(vertices) > _MOST_NAMED else ""
        # Further behind a balancer, probes that are sent again distort shares.
        if all(_is_branch(trace, vertex) for vertex in vertices):
            share = percent(sum(trace.vertex_shares[vertex] for vertex in vertices))
            return f"the {share} of flows through {named}{more}"
        return f"the flows through {named}{more}"
    flows = {flow for own in endings for flow in own.flows}
    every = flows | passing
    return f"{len(flows)} of {count(len(every), 'flow', 'flows')} followed to their end"


def _is_branch(trace: Trace, vertex: Vertex) -> bool:
    """Whether a vertex is right behind balancers."""
    return all(trace.dag.out_degree(near) > 1 for near in trace.dag.predecessors(vertex))


def _name(trace: Trace) -> str:
    """Where the address comes from."""
    if trace.plan.host in (trace.plan.target, str(trace.plan.destination)):
        return "the address was given"
    if len(trace.addresses) < 2:
        return f"{trace.plan.host} has the address {trace.plan.target}"
    others = [str(own) for own in trace.addresses if own != trace.plan.destination]
    more = f" and {len(others) - _MOST_PORTS} more" if len(others) > _MOST_PORTS else ""
    is_first = trace.addresses[0] == trace.plan.destination
    why = ", which this system prefers" if is_first else ""
    listed = ", ".join(others[:_MOST_PORTS])
    return f"{trace.plan.host} has the address {trace.plan.target}{why}; also {listed}{more}"
