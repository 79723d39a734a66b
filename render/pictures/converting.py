"""A sheet as PNG or PDF: its SVG, turned by CairoSVG, which is an optional dependency."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from render.pictures.apart import run_apart
from render.pictures.svg import to_svg

if TYPE_CHECKING:
    from render.pictures.shapes import Sheet

_SCRIPT: Final = Path(__file__).with_name("cairo.py")
_CSS_DPI: Final = 96
_MOST_PIXELS: Final = 5e7  # of which each takes four bytes while it is drawn


def can_convert() -> bool:
    """Whether CairoSVG is installed."""
    return importlib.util.find_spec("cairosvg") is not None


def pixels_per_inch(sheet: Sheet, dpi: int) -> float:
    """`dpi`, or as many as the memory of a large picture allows."""
    area_in2 = sheet.width * sheet.height * (sheet.scale / 72) ** 2
    return min(dpi, math.sqrt(_MOST_PIXELS / area_in2))


def converted(sheet: Sheet, format: str, dpi: int) -> bytes:
    """The picture as png or pdf; a PNG has `dpi` pixels per inch, or fewer if it is large.

    Raises RenderError.
    """
    scale = pixels_per_inch(sheet, dpi) / _CSS_DPI if format == "png" else 1.0
    return run_apart(_SCRIPT, (format, f"{scale:.4f}"), to_svg(sheet), "CairoSVG")
