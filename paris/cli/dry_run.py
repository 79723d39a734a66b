"""What `--dry-run` says: how a trace would be made, and what that takes of several networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.plan import Algorithm
from paris.engine.pacing import burst
from paris.engine.setup import budget_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paris.forecast import Expected
    from paris.run import Measurement
    from paris.settings import Settings

_PROCEDURES = {
    Algorithm.PARIS: "one flow, every hop",
    Algorithm.MDA: "every path (MDA)",
    Algorithm.MDA_LITE: "every path (MDA-Lite)",
}


def account(settings: Settings, opened: Sequence[Measurement], expected: Sequence[Expected]) -> str:
    """The text: of the measurements as they were opened, and of what they are expected to take."""
    lines = ["nothing was sent", "", *_plans(opened), *_manner(settings, opened)]
    lines += ["", "probes   seconds  if", *map(_row, expected), *_bounds(settings, expected)]
    return "".join(f"{line}\n" for line in lines)


def _plans(opened: Sequence[Measurement]) -> Iterator[str]:
    """The destination, and the probes of each protocol."""
    from paris import run
    from render.words.summary import headline

    lines = [headline(run.assemble(own)) for own in opened]
    yield lines[0][0]
    yield from (f"probes:     {probes}" for _, probes in lines)


def _manner(settings: Settings, opened: Sequence[Measurement]) -> Iterator[str]:
    """The procedure, the wire and the pace."""
    plan, wire = opened[0].plan, opened[0].record.wire
    search, pace = settings.search, settings.pace
    studies = "".join(f", then --{name}" for name in plan.studies)
    yield f"procedure:  {_PROCEDURES[plan.algorithm]}{studies}"
    yield f"hops:       {search.first_ttl} to {search.max_ttl}, {search.queries} tries each"
    yield f"wire:       {wire.wire}, from {plan.source}"
    together = burst(pace.rate_pps)
    yield f"rate:       at most {pace.rate_pps:g} probes per second, {together} back to back"
    if settings.repeat.every_s is not None:
        rounds = settings.repeat.rounds
        ends = "until it is ended" if rounds is None else f"{rounds} times"
        yield (
            f"rounds:     then every {settings.repeat.every_s:g} s a probe to each hop of each "
            f"path, {ends}"
        )


def _row(expected: Expected) -> str:
    return f"{expected.probes:>6}  {expected.duration_s:>8.2f}  {expected.network}"


def _bounds(settings: Settings, expected: Sequence[Expected]) -> Iterator[str]:
    """What the measurement may take at most."""
    budget = budget_of(settings)
    if budget.max_probes is not None:
        yield f"at most {budget.max_probes} probes: it stops there (--max-probes)"
    elif settings.search.multipath:
        yield "more branches take more probes, without a bound but --max-probes and --deadline"
    if budget.deadline_s is not None:
        yield f"at most {budget.deadline_s:g} s: it stops there (--deadline)"
