"""The words for what other probes found beside a trace: controls, and protocols tried before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.record import Fate
from render.words.quantities import count

if TYPE_CHECKING:
    from mda.record import Control
    from mda.trace import Trace


def other_probes(trace: Trace) -> list[str]:
    """What other probes found beside the trace."""
    found = ", ".join(f"{control.name} {_fate(control)}" for control in trace.controls)
    return [f"other probes: {found}"] if found else []


def _fate(control: Control) -> str:
    hops = "" if control.hop is None else f" in {count(control.hop, 'hop', 'hops')}"
    by = f"{control.address}" if control.hop is None else f"{control.address} (hop {control.hop})"
    match control.fate:
        case Fate.OPEN:
            return f"is answered{hops}"
        case Fate.CLOSED:
            return f"finds its port closed{hops}"
        case Fate.REFUSED:
            return f"is refused by {by}"
        case Fate.UNREACHABLE:
            return f"is unreachable, says {by}"
        case Fate.LOOP:
            return f"goes round from {by} on"
    return "gets no answer"


def control_probes(trace: Trace) -> str:
    """What the controls of a trace to a service cost."""
    probes = sum(control.probes for control in trace.controls)
    return f" and {count(probes, 'control probe', 'control probes')}" if probes else ""
