"""Compares the traces of a host by several protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.comparison import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.comparison import Comparison
    from mda.trace import Trace
    from paris.settings import Settings


def comparison_of(settings: Settings, traces: Sequence[Trace]) -> Comparison:
    """The comparison of the traces of the protocols in `settings`, in that order."""
    names = (lane.name for lane in settings.study.compare)
    return compare(list(zip(names, traces, strict=True)))
