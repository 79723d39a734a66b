"""The rules: each compares one kind of statement with the truth, and yields the wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support.expect import interval
from tests.truth.branches import wrong_branches
from tests.truth.causes import wrong_causes
from tests.truth.changes import wrong_changes
from tests.truth.mtus import wrong_mtus
from tests.truth.networks import DESTINATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.truth.claims import Claims
    from tests.truth.oracle import Seen, Truth

_CONFIDENCE: Final = 1 - 1e-6  # of the interval of a single loss rate: many are judged
_ENOUGH: Final = 10  # unanswered probes that distinguish a limit from loss
_LONGEST_S: Final = 30.0
_PACE: Final = 1.15  # times that a run may exceed what a limit demands: it stays below the rate
_RATE: Final = 2.0  # times that "about" may be wrong
_WIDE: Final = 2.0  # times that the ends of a range differ at least
_NEAR: Final = 1.25  # times that the end of a range may be wrong
_PROHIBITED: Final = {4: (9, 10, 13), 6: (1, 5, 6)}

# The fields that a router with a key rewrites.
_REWRITTEN: Final = {
    "rewrites_source": {"source", "udp-checksum", "tcp-checksum", "icmp-checksum"},
    "sets_dscp": {"traffic-class"},
    "sets_ecn": {"traffic-class"},
    "sets_flow_label": {"flow-label"},
}

Wrong = str


class Rule(NamedTuple):
    """A rule's name, what a statement that breaks it says, and the function that finds those."""

    name: str
    about: str
    wrong: Callable[[Truth, Claims], Iterator[Wrong]]


def _vertices(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    for name, seen in claims.seen.items():
        if seen.address is not None and seen not in truth.vertices:
            yield name


def _stars(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    if claims.document["plan"]["algorithm"] == "paris":
        return  # a single flow's stars are tries without a reply, not silent routers
    for name, seen in claims.seen.items():
        if seen.address is None and seen not in truth.vertices:
            yield name


def _edges(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    seen = claims.seen
    for near, far, _ in claims.edges():
        link = seen[near], seen[far]
        if truth.vertices.issuperset(link) and link not in truth.edges:
            yield f"{near} -> {far}"
    into: dict[str, list[str]] = {}
    for near, far, _ in claims.edges():
        into.setdefault(far, []).append(near)
    for star, far, _ in claims.edges():
        if seen[star].address is not None or not into.get(star):
            continue
        lanes = [(seen[near], seen[star], seen[far]) for near in into[star]]
        known = [lane for lane in lanes if set(lane) <= truth.vertices]
        if known and not any(lane in truth.lanes for lane in known):
            yield f"{' or '.join(into[star])} -> {star} -> {far}"


def _proofs(_: Truth, claims: Claims) -> Iterator[Wrong]:
    """Flows that are listed for an edge though they were not answered at both of its ends.

    A refusal quotes the TTL that its probe had left, so it also answers at the hop where it was.
    """
    seen = claims.seen
    answered, lost = set(), set()
    for outcome in claims.document["outcomes"]:
        if "responder" in outcome:
            left = outcome["quoted_ttl"] if outcome["kind"] == "unreachable" else None
            for ttl in (outcome["ttl"], outcome["ttl"] + 1 - (left or 1)):
                answered.add((outcome["flow"], ttl, outcome["responder"]))
        else:
            lost.add((outcome["flow"], outcome["ttl"]))

    def met(flow: int, name: str) -> bool:
        ttl, address = seen[name]
        if ttl == 0:
            return True
        return (flow, ttl) in lost if address is None else (flow, ttl, address) in answered

    for near, far, flows in claims.edges():
        unproven = sum(not (met(flow, near) and met(flow, far)) for flow in flows)
        if flows and unproven == len(flows):
            yield f"{near} -> {far}: none of {unproven} flows answered at both ends"


def _ends(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    hops = claims.reached_in
    if hops is not None:
        ends = truth.ends | (truth.early_ends if claims.assumes_no_hidden_hop else set())
        for hop in sorted(set(hops)):
            if hop not in ends:
                yield f"reached in {hop} hops, the destination is at {sorted(truth.ends)}"


def _reached(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    keys = truth.net.nodes[DESTINATION]
    can_answer = bool(truth.ends) and not keys.get("silent") and keys.get("loss", 0) < 1
    reached = claims.document["run"]["reached"]
    if reached and not can_answer:
        yield "reached, but the destination never answers"
    if not reached and can_answer and not keys.get("loss") and not _is_lossy(truth):
        yield "not reached, but the destination answers every probe"
    if (claims.exit_code == 0) != reached and claims.exit_code not in (6, 7):
        yield f"exit code {claims.exit_code}, reached is {reached}"
    is_partly = (claims.document.get("verdict") or {}).get("word") == "PARTLY"
    if claims.exit_code == 7 and not is_partly and not _is_prohibited(truth):
        yield "exit code 7, but nobody prohibits"


def _is_prohibited(truth: Truth) -> bool:
    """Whether some router refuses packets on purpose."""
    codes = {keys.get("prohibits", keys.get("refuses")) for keys in truth.net.nodes.values()}
    return bool(codes & set(_PROHIBITED[truth.net.version]))


def _verdicts(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    """A verdict on the service that does not follow from who drops, refuses and answers."""
    verdict = claims.document.get("verdict")
    if verdict is None:
        return
    nodes = truth.net.nodes
    host = nodes[DESTINATION]
    answers = bool(truth.ends) and not host.get("silent")
    stops = any(
        keys.keys() & {"drops", "prohibits", "refuses", "loses"} for keys in nodes.values()
    ) or host.get("loss")
    possible = {
        "OPEN": answers and 80 in host.get("open", ()),
        "CLOSED": answers and 80 not in host.get("open", ()),
        "PARTLY": answers and stops,
        "FILTERED": _is_prohibited(truth),
        "UNREACHABLE": any("refuses" in keys or "prohibits" in keys or "down_after_ms" in keys
                           for keys in nodes.values()),
        "SILENT": stops or not answers or any("rate_pps" in keys for keys in nodes.values()),
        "ROUTE LOOP": not truth.ends,
    }  # fmt: skip
    if not possible.get(verdict["word"], False):
        yield f"{verdict['word']}, which this network cannot be"


def _is_lossy(truth: Truth) -> bool:
    """Whether some packets get lost on the way to the destination."""
    return any("loses" in keys or "drops" in keys or "rate_pps" in keys or "prohibits" in keys
               or "refuses" in keys for keys in truth.net.nodes.values())  # fmt: skip


def _losses(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    seen = claims.seen
    for told in claims.document["graph"]["answering"]:
        place, asked, lost = seen[told["vertex"]], told["asked"], told["lost"]
        if not lost or place not in truth.routers or _limits(truth, told["vertex"], claims):
            continue
        least, most = min(truth.losses[place]), max(truth.losses[place])
        if _is_mixed(truth, place):
            most = 1.0
        if most == 0:
            yield f"{told['vertex']}: {lost} of {asked} lost, in truth none"
            continue
        low, high = interval(lost, asked, _CONFIDENCE)
        if low > most or high < least:
            yield f"{told['vertex']}: {lost} of {asked} lost, in truth {least:.0%} to {most:.0%}"


def _is_mixed(truth: Truth, place: Seen) -> bool:
    """Whether the probes of one flow reach a vertex and also go where nothing answers."""
    is_behind = any(packet.ttl < place.ttl for packet in truth.packet)
    return is_behind and any(
        keys.get("silent") or "drops" in keys or "loses" in keys
        for keys in truth.net.nodes.values()
    )


def _limits(truth: Truth, name: str, claims: Claims) -> list[tuple[float, int]]:
    """The true limits of the routers that may be a vertex."""
    nodes = (truth.net.nodes[router] for router in truth.routers.get(claims.seen[name], ()))
    return [(keys["rate_pps"], keys.get("burst", 6)) for keys in nodes if "rate_pps" in keys]


def _rates(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    for told in claims.document["graph"]["answering"]:
        name, limit = told["vertex"], told["limit"]
        true = _limits(truth, name, claims)
        if limit is not None and not true and claims.seen[name] in truth.routers:
            yield f"{name}: limited to {limit['rate_pps']}/s, in truth not limited"
        if limit is not None and true:
            low, high = limit["lowest_pps"], limit["highest_pps"]
            if high <= _WIDE * low:  # "about" is within a factor
                low, high = limit["rate_pps"] / _RATE, limit["rate_pps"] * _RATE
            if not any(low / _NEAR <= rate <= high * _NEAR for rate, _ in true):
                yield f"{name}: limited to {low} to {high}/s, in truth to {true[0][0]}/s"


def _limits_as_losses(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    for told in claims.document["graph"]["answering"]:
        true = _limits(truth, told["vertex"], claims)
        if not true or told["limit"] is not None or told["lost"] < _ENOUGH:
            continue
        if told.get("may_be_limited"):
            continue
        if max(truth.losses[claims.seen[told["vertex"]]]) == 0:
            yield (f"{told['vertex']}: {told['lost']} of {told['asked']} lost, in truth limited to "
                   f"{true[0][0]}/s")  # fmt: skip


def _per_packet(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    for name in claims.document["graph"]["per_packet"]:
        if claims.seen[name] not in truth.packet | truth.before_fickle:
            yield f"{name} balances per packet"


def _turned(_: Truth, claims: Claims) -> Iterator[Wrong]:
    for name in claims.document["graph"]["route_changed"]:
        yield f"the route changed behind {name}"


def _changed(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    """Header fields that are called rewritten, where nothing rewrites them."""
    explained = {field for keys in truth.net.nodes.values() for key in keys
                 for field in _REWRITTEN.get(key, ())}  # fmt: skip
    fields = {field for outcome in claims.document["outcomes"]
              for field in outcome.get("changed", ())}  # fmt: skip
    for field in sorted(fields - explained):
        yield f"{field} rewritten"


def _time(truth: Truth, claims: Claims) -> Iterator[Wrong]:
    rates = [keys["rate_pps"] for keys in truth.net.nodes.values() if "rate_pps" in keys]
    taken_s = claims.document["run"]["duration_s"]
    demanded_s = max((_needed(truth) / rate for rate in rates), default=0.0)
    allowed_s = demanded_s * _PACE if demanded_s > _LONGEST_S else _LONGEST_S
    if taken_s > allowed_s:
        yield f"took {taken_s:.1f} s, {allowed_s:.0f} s would do"


def _needed(truth: Truth) -> int:
    """Replies that the widest hop needs, about, at 95 % for a graph with a few balancers."""
    width = max(len(truth.net.after(name)) for name in ("source", *truth.net.nodes))
    return truth.net.protocols * (7 + 7 * width)


def _paths(_: Truth, claims: Claims) -> Iterator[Wrong]:
    """A number of paths that is not that of the drawn graph."""
    told = claims.document["graph"]["paths"]
    if told is None:
        return
    after: dict[str, list[str]] = {}
    for near, far, _flows in claims.edges():
        after.setdefault(near, []).append(far)
    ways: dict[str, int] = {}
    for name, _seen in sorted(claims.seen.items(), key=lambda known: -known[1].ttl):
        ways[name] = sum(ways[far] for far in after.get(name, [])) or 1
    drawn = sum(ways[name] for name, seen in claims.seen.items() if seen.ttl == 0)
    if drawn != told:
        yield f"{told} paths, {drawn} are drawn"


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("vertex", "an address at a hop where no router replies from it", _vertices),
        Rule("star", "a silent hop where every router answers", _stars),
        Rule("edge", "a link that no packet takes", _edges),
        Rule("proof", "an edge all of whose flows were not answered at both ends", _proofs),
        Rule("end", "the destination at a hop that is not its", _ends),
        Rule("reached", "reached or not, and the exit code", _reached),
        Rule("verdict", "a verdict on the service that cannot be", _verdicts),
        Rule("loss", "losses outside of their interval", _losses),
        Rule("limit", "a rate limit that is not there, or is wrong by more than twice", _rates),
        Rule("limit as loss", "a limit that is called loss", _limits_as_losses),
        Rule("per packet", "a per-packet balancer that is none", _per_packet),
        Rule(
            "way back",
            "branches that are one router, and are not said to be, or the other way",
            wrong_branches,
        ),
        Rule("route change", "a change of route where there is none", _turned),
        Rule("cause", "a repeated address with a wrong cause", wrong_causes),
        Rule("rewritten", "a header field that nobody rewrites", _changed),
        Rule("change", "a change of packets that no router makes, or one untold", wrong_changes),
        Rule(
            "path MTU", "a path MTU or black hole that is not there, or a link untold", wrong_mtus
        ),
        Rule("time", "a run over 30 s that no limit demands", _time),
        Rule("paths", "a number of paths that is not that of the graph", _paths),
    )
}
