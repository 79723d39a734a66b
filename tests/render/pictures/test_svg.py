from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from render.pictures.sheet import sheet
from render.pictures.sizes import SIZES
from render.pictures.svg import to_svg
from tests.render.samples import GOLDEN, HOSTILE, PICTURES, TRACES
from tests.support.traces import shuffled
from tests.support.views import diagram_of, svg_of

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", TRACES)
def test_equal_traces_give_equal_pictures(name: str) -> None:
    size, trace = SIZES["screen"], TRACES[name]
    drawn = to_svg(sheet(diagram_of(shuffled(trace, seed=1)), size))
    assert drawn == to_svg(sheet(diagram_of(trace), size))
    assert drawn.startswith(b"<?xml")


@pytest.mark.parametrize("file", PICTURES)
def test_the_picture_of_each_sample_is_the_golden_one(file: str) -> None:
    assert svg_of(*PICTURES[file]) == (GOLDEN / file).read_bytes()


def test_other_runs_draw_the_golden_pictures_without_graphviz_too(tmp_path: Path) -> None:
    """Neither the order of sets nor a program on the PATH counts."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError")
    code = (
        "from tests.render.samples import GOLDEN, PICTURES\n"
        "from tests.support.views import svg_of\n"
        "print([n for n, own in PICTURES.items() if svg_of(*own) != (GOLDEN / n).read_bytes()])"
    )
    for seed in ("1", "2"):
        environment = {"PATH": "", "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": seed}
        root = Path(__file__).parents[3]
        ran = subprocess.run(
            (sys.executable, "-c", code), env=environment, cwd=root, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert ran.stdout == "[]\n"


def test_a_hostile_name_is_only_text_in_the_picture() -> None:
    root = ET.fromstring(to_svg(sheet(diagram_of(TRACES["marks"]), SIZES["screen"])))
    name = 'a"b\\N<b>&amp;\\x1b[31m\\n\\u202eevil]; x'
    assert name != HOSTILE
    assert any(name in tip.splitlines() for tip in
               (title.text or "" for title in root.iter(f"{_SVG}title")))  # fmt: skip
    assert {element.tag for element in root.iter()} == {
        f"{_SVG}{tag}" for tag in ("svg", "g", "title", "text", "path")
    }
