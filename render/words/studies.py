"""The sentences about what was studied: each balancer, those that hash alike."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from mda.findings.diamond_metrics import metrics
from mda.studies.balancers import Kind, Verdict
from mda.studies.branches import Difference
from mda.studies.classic import Reality
from mda.studies.registry import CLASSIC, CLASSIFY, FOLLOW, METRICS, MTU, PATHS, STATS, STUDIES
from render.words.header_fields import CLASSIFIED
from render.words.mtu import fitting
from render.words.paths import followed, listed
from render.words.quantities import count, p_value, percent
from render.words.stats import figures_listed
from render.words.summary import CUT_SHORT, diamond_size
from render.words.vertices import place

if TYPE_CHECKING:
    from mda.findings.diamond_metrics import Metrics
    from mda.statistics.shares import Split
    from mda.studies.balancers import Balancer, Classification
    from mda.studies.base import Findings, Study
    from mda.studies.branches import Branches
    from mda.studies.polarisation import Series
    from mda.trace import Trace
    from render.words.paths import Recipes

_DIFFERENCES: Final = {
    Difference.SUCCESSORS: "flows go on to other interfaces",
    Difference.INITIAL_TTL: "replies leave with other TTLs",
    Difference.DESTINATION: "one is the destination",
}
_MOST_SHARES: Final = 8  # that are listed one by one


class Paragraph(NamedTuple):
    """A heading and the lines below it, of any length; those of a table are not to be broken."""

    heading: str
    lines: tuple[str, ...]
    is_table: bool = False


def studies(trace: Trace, recipes: Recipes) -> list[Paragraph]:
    """A paragraph for each study that was asked for and has something to say.

    `recipes` says how to take the path of a flow.
    """
    asked = [study for study in STUDIES if study.name in trace.plan.studies]
    shown = [
        (_WORDS.get(study.name, partial(_own_words, study))(trace, recipes), study)
        for study in asked
    ]
    return [
        Paragraph(lines[0], tuple(lines[1:]), is_table=study.name in _TABLES)
        for lines, study in shown
        if lines
    ]


def _own_words(study: Study[object], trace: Trace, _: Recipes) -> list[str]:
    """The lines of findings that have no function here."""
    found = cast("Findings | None", trace.found(study))
    return [] if found is None else list(found.lines())


def _classification(trace: Trace, _: Recipes) -> list[str]:
    found = trace.found(CLASSIFY)
    if found is None:
        return []
    lines = [
        line
        for balancer in found.balancers
        for line in _balancer(balancer, found.branches[balancer.vertex])
    ]
    lines += [_series(series) for series in found.series if series.is_polarised]
    return [_heading(found), *lines]


def _heading(found: Classification) -> str:
    balancers = count(len(found.balancers), "balancer", "balancers")
    if not found.series:
        return balancers
    alike = sum(series.is_polarised for series in found.series)
    pairs = count(len(found.series), "pair", "pairs")
    return f"{balancers}; of {pairs} in series {alike} hash alike"


def _balancer(balancer: Balancer, branches: Branches) -> list[str]:
    where, ways = place(balancer.vertex), f"{len(balancer.successors)} ways"
    unless = _unless(branches)
    if balancer.kind is Kind.UNDECIDED:
        lines = [f"{where}: {ways}{unless}; not enough evidence for its kind"]
    elif balancer.kind is Kind.PER_PACKET:
        lines = [f"{where}: per packet, {ways}{unless}; no ports select one"]
    else:
        wrong = percent(balancer.error_probability)
        lines = [f"{where}: {balancer.kind.value}, {ways} (error probability {wrong}{unless})"]
    if not branches.may_be_one:
        shown = " or ".join(_DIFFERENCES[difference] for difference in branches.differ_by)
        lines.append(f"  its branches differ: {shown}")
    parts = []
    for verdict in Verdict:
        fields = [CLASSIFIED[field.field] for field in balancer.fields if field.verdict is verdict]
        if fields and balancer.kind is not Kind.PER_PACKET:
            parts.append(f"{verdict.value}: {', '.join(fields)}")
    if parts:
        lines.append("  " + "; ".join(parts))
    if balancer.split is not None:
        lines.append("  " + split_words(balancer.split))
    else:
        lines.append("  all flows to this destination take the same branch")
    return lines


def _unless(branches: Branches) -> str:
    """The condition of the findings about a balancer; empty if its branches surely differ."""
    if branches.may_be_one:
        return ", unless one router behind it balances its replies"
    if Difference.SUCCESSORS in branches.differ_by:
        return ", unless one router behind it balances replies and packets alike"
    return ""


def _diamonds(trace: Trace, _: Recipes) -> list[str]:
    """Each diamond, with its metrics."""
    lines = [count(len(trace.diamonds), "diamond", "diamonds")]
    for diamond in trace.diamonds:
        found = metrics(trace.dag, diamond)
        end = "no common end" if diamond.convergence is None else place(diamond.convergence)
        lengths = (
            f"{found.min_length} to {found.max_length}"
            if found.length_asymmetry
            else found.max_length
        )
        lines += [
            f"{place(diamond.divergence)} to {end}: {diamond_size(diamond)}",
            f"  max width {found.max_width}, length {lengths}, width asymmetry "
            f"{found.width_asymmetry}, length asymmetry {found.length_asymmetry}",
            f"  meshed hop pairs: {percent(found.meshed_ratio)}; densest pair has "
            f"{percent(found.max_meshing)} of its possible links",
            f"  {count(found.paths, 'path', 'paths')}, {found.disjoint_paths} without a common "
            f"link, entropy {found.entropy_bits:.2f} bits",
            f"  probability difference {found.probability_difference:.3f} if splits are even"
            + _seen_difference(found),
        ]
    return lines


def _seen_difference(found: Metrics) -> str:
    if found.empirical_difference is None:
        return ""
    return (
        f", of flows {found.empirical_difference:.3f} "
        f"({found.empirical_low:.3f} to {found.empirical_high:.3f})"
    )


def _classic(trace: Trace, _: Recipes) -> list[str]:
    """The hops as a classic traceroute prints them, and what is wrong with its links."""
    found = trace.found(CLASSIC)
    if found is None:
        return []
    if found.cut_at is not None and not found.hops:
        return [f"no classic traceroute: {CUT_SHORT[trace.stopped]} before it"]
    lines = ["a classic traceroute, where each probe is another flow, shows:"]
    for ttl, hop in enumerate(found.hops, start=trace.origin.ttl + 1):
        answers = ("*" if vertex is None else str(vertex.address) for vertex in hop)
        lines.append(f"{ttl:2}  " + "  ".join(answers))
    if found.cut_at is not None:
        lines.append(f"{CUT_SHORT[trace.stopped]} before hop {found.cut_at}; up to there:")
    false = found.false_links
    lines.append(
        f"{count(len(found.links), 'link', 'links')} inferred, {len(false)} of them false; "
        f"{count(len(found.missed), 'real link', 'real links')} missed"
    )
    lines += [f"  no link {place(link.near)} to {place(link.far)}" for link in false]
    unknown = sum(link.reality is Reality.UNKNOWN for link in found.links)
    if unknown:
        lines.append(f"{count(unknown, 'link', 'links')} neither confirmed nor refuted")
    return lines


def split_words(split: Split) -> str:
    """A split in words: shares, whether even, and likely weights."""
    if len(split.shares) <= _MOST_SHARES:
        shares = ", ".join(
            f"{100 * share.share:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"
            for share in split.shares
        )
    else:
        found = [share.share for share in split.shares]
        shares = f"{100 * min(found):.1f} to {100 * max(found):.1f} % each"
    even = p_value(split.even_probability)
    words = f"split {shares} of {count(split.flows, 'flow', 'flows')}; {even} for an even split"
    if split.weights is not None and len(split.weights) <= _MOST_SHARES:
        words += f"; likely {':'.join(map(str, split.weights))}"
    return words


def _series(series: Series) -> str:
    return (
        f"{place(series.near)} and {place(series.far)} hash alike: chi-square "
        f"{series.statistic:.1f} with {count(series.degrees, 'degree', 'degrees')} of freedom over "
        f"{series.flows} flows, {p_value(series.probability)}, strength {series.strength:.2f}: "
        "some of the paths between them are never used"
    )


# Studies that this file words; the findings of the others bring their words along.
_WORDS: Final = {
    CLASSIFY.name: _classification,
    PATHS.name: listed,
    FOLLOW.name: followed,
    STATS.name: figures_listed,
    METRICS.name: _diamonds,
    CLASSIC.name: _classic,
    MTU.name: fitting,
}
_TABLES: Final = frozenset({PATHS.name, FOLLOW.name, STATS.name})
