from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from render.pictures.sheet import sheet
from render.pictures.sizes import SIZES
from render.pictures.svg import to_svg
from tests.render.samples import HOSTILE, TRACES
from tests.support.traces import shuffled
from tests.support.views import diagram_of

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", TRACES)
def test_equal_traces_give_equal_pictures(name: str) -> None:
    size, trace = SIZES["screen"], TRACES[name]
    drawn = to_svg(sheet(diagram_of(shuffled(trace, seed=1)), size))
    assert drawn == to_svg(sheet(diagram_of(trace), size))
    assert drawn.startswith(b"<?xml")


def test_a_hostile_name_is_only_text_in_the_picture() -> None:
    root = ET.fromstring(to_svg(sheet(diagram_of(TRACES["marks"]), SIZES["screen"])))
    name = 'a"b\\N<b>&amp;\\x1b[31m\\n\\u202eevil]; x'
    assert name != HOSTILE
    assert any(name in tip.splitlines() for tip in
               (title.text or "" for title in root.iter(f"{_SVG}title")))  # fmt: skip
    assert {element.tag for element in root.iter()} == {
        f"{_SVG}{tag}" for tag in ("svg", "g", "title", "text", "path")
    }
