"""The strip of round-trip times along the foot of a picture."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from render.pictures.boxes import text
from render.pictures.lettering import Run
from render.pictures.shapes import Group, circle, polyline
from render.words.quantities import milliseconds

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram
    from render.pictures.layout import Layout
    from render.pictures.shapes import Path, Text
    from render.pictures.sizes import Size

_TITLE: Final = "median RTT"
_DOT: Final = 1.8


def delays(drawn: Diagram, laid: Layout, size: Size, top: float) -> list[Group]:
    """A dot for each box under its hop, as high as its median round trip, and a line by hop.

    Nothing where no box has a time.
    """
    known = {
        hop: rtts
        for hop, column in enumerate(drawn.columns)
        if (rtts := sorted(rtt for box in column.boxes for rtt in box.rtts_s))
    }
    if not known:
        return []
    most = max(rtts[-1] for rtts in known.values()) or 1.0
    foot = top + size.strip
    height = size.strip - size.faint
    shapes: list[Path | Text] = [polyline("axis", [(laid.spans[0][0], foot),
                                                   (laid.spans[-1][1], foot)])]  # fmt: skip
    line = []
    for hop, rtts in known.items():
        x = sum(laid.spans[hop]) / 2
        if len(rtts) > 1:
            low, high = foot - height * rtts[0] / most, foot - height * rtts[-1] / most
            shapes.append(polyline("delay", [(x, low), (x, high)]))
        shapes += [circle("dot", x, foot - height * rtt / most, _DOT) for rtt in rtts]
        line.append((x, foot - height * median(rtts) / most))
    if len(line) > 1:
        shapes.append(polyline("delay", line))
    runs = [Run(_TITLE, size.faint), Run(f"to {milliseconds(most)} ms", size.faint)]
    y = top
    for run in runs:
        shapes.append(text("faint", run, laid.spans[0][0], y + run.baseline))
        y += run.height
    return [Group("delays", "", tuple(shapes))]
