"""The sentences about what was studied: each balancer, those that hash alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.findings.diamond_metrics import metrics
from mda.model import HeaderField
from mda.plan import Study
from mda.studies.balancers import Kind, Verdict
from mda.studies.classic import Reality
from render.words.labels import count, p_value, percent
from render.words.summary import diamond_size, place

if TYPE_CHECKING:
    from mda.findings.diamond_metrics import Metrics
    from mda.statistics.shares import Split
    from mda.studies.balancers import Balancer
    from mda.studies.classic import Classic
    from mda.studies.polarisation import Series
    from mda.trace import Trace

_FIELD: Final = {
    HeaderField.SPORT: "source port",
    HeaderField.DPORT: "destination port",
    HeaderField.ICMP_CHECKSUM: "first four bytes of ICMP",
    HeaderField.PROTOCOL: "protocol",
    HeaderField.SOURCE: "source address",
    HeaderField.DESTINATION: "destination address",
    HeaderField.TRAFFIC_CLASS: "traffic class",
    HeaderField.FLOW_LABEL: "flow label",
}
_MOST_SHARES: Final = 8  # that are listed one by one


def studies(trace: Trace) -> list[list[str]]:
    """A paragraph for each thing that was studied: its heading, then lines of any length."""
    paragraphs = []
    if Study.CLASSIFY in trace.plan.studies:
        lines = [line for one in trace.balancers for line in _balancer(one)]
        lines += [_series(one) for one in trace.series if one.is_polarised]
        paragraphs.append([_heading(trace), *lines])
    if Study.METRICS in trace.plan.studies:
        paragraphs.append(_diamonds(trace))
    if trace.classic is not None:
        paragraphs.append(_classic(trace.classic, trace.origin.ttl + 1))
    return paragraphs


def _heading(trace: Trace) -> str:
    found = count(len(trace.balancers), "balancer", "balancers")
    if not trace.series:
        return found
    alike = sum(one.is_polarised for one in trace.series)
    return f"{found}; of {count(len(trace.series), 'pair', 'pairs')} in series {alike} hash alike"


def _balancer(one: Balancer) -> list[str]:
    ways = f"{len(one.successors)} ways"
    if one.kind is Kind.UNDECIDED:
        lines = [f"{place(one.vertex)}: {ways}, not enough evidence for its kind"]
    elif one.kind is Kind.PER_PACKET:
        lines = [f"{place(one.vertex)}: per packet, {ways}; no ports select one"]
    else:
        wrong = percent(one.error_probability)
        lines = [f"{place(one.vertex)}: {one.kind.value}, {ways} (error probability {wrong})"]
    parts = []
    for verdict in Verdict:
        fields = [_FIELD[field.field] for field in one.fields if field.verdict is verdict]
        if fields and one.kind is not Kind.PER_PACKET:
            parts.append(f"{verdict.value}: {', '.join(fields)}")
    if parts:
        lines.append("  " + "; ".join(parts))
    if one.split is not None:
        lines.append("  " + split_words(one.split))
    else:
        lines.append("  all flows to this destination take the same branch")
    return lines


def _diamonds(trace: Trace) -> list[str]:
    """Each diamond, with its metrics."""
    lines = [count(len(trace.diamonds), "diamond", "diamonds")]
    for diamond in trace.diamonds:
        one = metrics(trace.dag, diamond)
        end = "no common end" if diamond.convergence is None else place(diamond.convergence)
        lengths = (
            f"{one.min_length} to {one.max_length}" if one.length_asymmetry else one.max_length
        )
        lines += [
            f"{place(diamond.divergence)} to {end}: {diamond_size(diamond)}",
            f"  max width {one.max_width}, length {lengths}, width asymmetry "
            f"{one.width_asymmetry}, length asymmetry {one.length_asymmetry}",
            f"  meshed hop pairs: {percent(one.meshed_ratio)}; densest pair has "
            f"{percent(one.max_meshing)} of its possible links",
            f"  {count(one.paths, 'path', 'paths')}, {one.disjoint_paths} without a common link, "
            f"entropy {one.entropy_bits:.2f} bits",
            f"  probability difference {one.probability_difference:.3f} if splits are even"
            + _seen_difference(one),
        ]
    return lines


def _seen_difference(one: Metrics) -> str:
    if one.empirical_difference is None:
        return ""
    return (
        f", of flows {one.empirical_difference:.3f} "
        f"({one.empirical_low:.3f} to {one.empirical_high:.3f})"
    )


def _classic(one: Classic, first_ttl: int) -> list[str]:
    """The hops as an ordinary traceroute prints them, and what is wrong with its links."""
    lines = ["a classic traceroute, where each probe is another flow, shows:"]
    for ttl, hop in enumerate(one.hops, start=first_ttl):
        lines.append(
            f"{ttl:2}  " + "  ".join("*" if met is None else str(met.address) for met in hop)
        )
    false = one.false_links
    lines.append(
        f"{count(len(one.links), 'link', 'links')} inferred, {len(false)} of them false; "
        f"{count(len(one.missed), 'real link', 'real links')} missed"
    )
    lines += [f"  no link {place(link.near)} to {place(link.far)}" for link in false]
    unknown = sum(link.reality is Reality.UNKNOWN for link in one.links)
    if unknown:
        lines.append(f"{count(unknown, 'link', 'links')} neither confirmed nor refuted")
    return lines


def split_words(split: Split) -> str:
    """A split in words: shares, whether even, and likely weights."""
    if len(split.shares) <= _MOST_SHARES:
        shares = ", ".join(
            f"{100 * one.share:.0f} % ({100 * one.low:.0f} to {100 * one.high:.0f})"
            for one in split.shares
        )
    else:
        found = [one.share for one in split.shares]
        shares = f"{100 * min(found):.1f} to {100 * max(found):.1f} % each"
    even = p_value(split.even_probability)
    words = f"split {shares} of {count(split.flows, 'flow', 'flows')}; {even} for an even split"
    if split.weights is not None and len(split.weights) <= _MOST_SHARES:
        words += f"; likely {':'.join(map(str, split.weights))}"
    return words


def _series(one: Series) -> str:
    return (
        f"{place(one.near)} and {place(one.far)} hash alike: chi-square {one.statistic:.1f} with "
        f"{count(one.degrees, 'degree', 'degrees')} of freedom over {one.flows} flows, "
        f"{p_value(one.probability)}, strength {one.strength:.2f}: some of the paths "
        "between them are never used"
    )
