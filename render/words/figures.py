"""The figures of a series of probes in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.words.quantities import milliseconds

if TYPE_CHECKING:
    from mda.statistics.delays import Delays


def figures_in_words(delays: Delays) -> str:
    """The figures of a series of probes, for a tip."""
    said = f"{delays.lost} of {delays.sent} lost"
    if delays.stdev_s is None or delays.jitter_s is None or delays.p95_s is None:
        return said
    return (
        f"{said}, p95 {milliseconds(delays.p95_s)} ms, "
        f"standard deviation {milliseconds(delays.stdev_s)} ms, "
        f"jitter {milliseconds(delays.jitter_s)} ms"
    )
