"""The sentences about path MTUs: which links take no longer packets, and who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.studies.registry import MTU
from render.words.quantities import count, enumerated, p_value
from render.words.vertices import place

if TYPE_CHECKING:
    from mda.studies.mtu import Mtus, Narrowing
    from mda.trace import Trace
    from render.words.paths import Recipes


def fitting(trace: Trace, _: Recipes) -> list[str]:
    """What fits on every path, and a sentence for each link that takes no more."""
    found = trace.found(MTU)
    if found is None:
        return []
    searched = len(found.paths)
    some = [f"{searched} of {found.known} paths searched"] if searched < found.known else []
    return [_heading(found), *some, *(_sentence(trace, own) for own in found.narrowings)]


def _heading(found: Mtus) -> str:
    known = [path.mtu for path in found.paths if path.mtu is not None]
    unknown = len(found.paths) - len(known)
    parts = []
    if known and min(known) == found.longest:
        parts.append(f"{_paths(len(known))} packets of {found.longest} bytes, the longest that "
                     "leave this machine")  # fmt: skip
    elif known:
        least, most = min(known), max(known)
        sizes = f"{least}" if least == most else f"{least} to {most}"
        parts.append(f"path MTU {sizes} bytes; packets of {found.longest} leave this machine")
    if unknown or not found.paths:
        which = count(unknown, "path", "paths") if found.paths else "the paths"
        parts.append(f"path MTU of {which} not known")
    return "; ".join(parts)


def _paths(number: int) -> str:
    return "the path takes" if number == 1 else f"{number} paths take"


def _sentence(trace: Trace, narrowing: Narrowing) -> str:
    """The sentence for one link."""
    near, far = place(narrowing.near), place(narrowing.far)
    behind = "this machine" if narrowing.near == trace.origin else near
    some = " of some flows" if narrowing.is_partial else ""
    if narrowing.probability is not None:
        # An echo is as long as its request.
        echoes = trace.plan.probing.protocol == "icmp" and narrowing.far in trace.arrivals
        what = f"packets{some} over {narrowing.mtu} bytes"
        what += ", or the answers to them," if echoes else ""
        return (
            f"{what} vanish behind {behind}, before {far}, and nobody says so: a black hole "
            f"({p_value(narrowing.probability)} if these were plain losses)"
        )
    said = enumerated(narrowing.said_by)
    words = f"at most {narrowing.mtu} bytes{some} from {behind} to {far}, said by {said}"
    if not narrowing.stated:
        return words
    stated = enumerated(str(mtu) if mtu else "no MTU" for mtu in narrowing.stated)
    return f"{words} as {stated}"
