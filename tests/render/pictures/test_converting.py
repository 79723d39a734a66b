from __future__ import annotations

import re
import struct
import zlib
from ctypes.util import find_library
from typing import TYPE_CHECKING

import pytest

from paris.formats.look import Look
from paris.outputs import pictures
from render.errors import RenderError
from render.pictures.converting import converted, pixels_per_inch
from render.pictures.sheet import sheet
from render.pictures.sizes import SIZES
from tests.render.samples import TRACES
from tests.support.views import diagram_of

if TYPE_CHECKING:
    from pathlib import Path

    from mda.trace import Trace
    from render.pictures.shapes import Sheet

needs_cairo = pytest.mark.skipif(find_library("cairo") is None, reason="needs libcairo2")


def drawn(size: str) -> Sheet:
    return sheet(diagram_of(TRACES["two-way"]), SIZES[size])


@needs_cairo
def test_a_png_has_the_size_of_the_svg_and_its_pixels_and_equal_bytes() -> None:
    page = drawn("paper")
    png = converted(page, "png", 300)
    width, height = struct.unpack(">II", png[16:24])
    expected = [own * page.scale * 300 / 72 for own in (page.width, page.height)]
    assert [width, height] == pytest.approx(expected, abs=2)
    assert converted(page, "png", 300) == png


def test_a_large_picture_has_fewer_pixels_per_inch() -> None:
    page = drawn("paper")
    assert pixels_per_inch(page, 300) == 300
    large = page._replace(scale=60.0)
    dpi = pixels_per_inch(large, 300)
    assert large.width * large.height * (60 / 72 * dpi) ** 2 == pytest.approx(5e7)


@needs_cairo
def test_a_pdf_is_as_broad_as_a_column_and_holds_its_letters() -> None:
    pdf = converted(drawn("paper"), "pdf", 300)
    assert pdf.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    parts = [pdf]
    for own in streams:
        try:
            parts.append(zlib.decompress(own))
        except zlib.error:
            continue
    whole = b"\n".join(parts)
    (box,) = set(re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+)", whole))
    assert float(box) == pytest.approx(241, abs=1)
    assert b"/FontFile" in whole  # as publishers ask


def without_cairo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    (folder / "cairosvg.py").write_text("raise ImportError('no library called cairo-2')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return TRACES["two-way"]


def test_without_cairo_graphviz_draws_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = without_cairo(tmp_path, monkeypatch)
    assert pictures.trace(trace, Look("png")).startswith(b"\x89PNG")


def test_without_cairo_another_size_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = without_cairo(tmp_path, monkeypatch)
    with pytest.raises(RenderError, match=r"cannot draw png: CairoSVG: no library called cairo-2"):
        pictures.trace(trace, Look("png", size="paper"))
