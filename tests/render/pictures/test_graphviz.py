from __future__ import annotations

import shutil
import signal
import xml.etree.ElementTree as ET
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from paris.run import assemble, measure
from paris.settings import Settings
from render.errors import RenderError
from render.pictures.graphviz import draw
from tests.render.samples import TRACES
from tests.support.traces import shuffled
from tests.support.views import dot_of

if TYPE_CHECKING:
    from pathlib import Path

_SVG = "{http://www.w3.org/2000/svg}"
_TITLE = "{http://www.w3.org/1999/xlink}title"
_BEGINNINGS = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF-"}


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system without the program `dot`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("dot") is None


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system where pygraphviz does not load, as without the libraries that it needs."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('no libX11.so.6')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def dying_dot(folder: Path, number: int) -> None:
    """Put a `dot` into a folder that reads the graph and dies of a signal."""
    (folder / "dot").write_text(f"#!/bin/sh\n/bin/cat >/dev/null\nkill -{number} $$\n")
    (folder / "dot").chmod(0o755)


@pytest.fixture(params=["program", "library"])
def way(request: pytest.FixtureRequest) -> str:
    """Both ways of drawing, one after the other."""
    name = str(request.param)
    if name == "library":
        request.getfixturevalue("no_dot")
    elif shutil.which("dot") is None:
        pytest.skip("needs the program dot")
    else:
        request.getfixturevalue("no_library")
    return name


def texts(svg: bytes, kind: str) -> list[str]:
    """The lines of text in the parts of a picture: nodes, clusters or the whole graph."""
    groups = [group for group in ET.fromstring(svg).iter(f"{_SVG}g") if group.get("class") == kind]
    lines = (line for group in groups for line in group.iter(f"{_SVG}text"))
    return ["".join(line.itertext()).strip("\xa0 ") for line in lines]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", TRACES)
def test_every_vertex_appears_once_in_the_picture(name: str) -> None:
    trace = TRACES[name]
    shown = Counter(texts(draw(dot_of(trace), "svg"), "node"))
    expected = Counter(str(vertex.address or "*") for vertex in trace.graph)
    assert {line: shown[line] for line in expected} == expected


@pytest.mark.usefixtures("way")
def test_equal_traces_give_equal_pictures() -> None:
    trace = TRACES["meshed"]
    assert draw(dot_of(shuffled(trace, seed=1)), "svg") == draw(dot_of(trace), "svg")


@pytest.mark.usefixtures("way")
def test_the_picture_does_not_name_the_version_of_graphviz() -> None:
    assert b"graphviz" not in draw(dot_of(TRACES["two-way"]), "svg").lower()


@pytest.mark.usefixtures("way")
def test_a_hostile_name_is_only_text_in_the_picture() -> None:
    svg = draw(dot_of(TRACES["marks"]), "svg").replace("\u200b".encode(), b"")
    svg = svg.replace(b"&#8203;", b"")
    name = 'a"b\\N<b>&amp;\\x1b[31m\\n\\u202eevil]; x'
    assert name in texts(svg, "node")
    tips = [link.get(_TITLE, "") for link in ET.fromstring(svg).iter(f"{_SVG}a")]
    assert any(name in tip.splitlines() for tip in tips)
    assert {element.tag for element in ET.fromstring(svg).iter()} <= {
        f"{_SVG}{tag}" for tag in ("svg", "g", "a", "title", "text", "path", "polygon", "polyline")
    }


NARROW = """
source: 192.0.2.1
destination: {address: 203.0.113.9}
routers:
  A: {interfaces: [198.51.100.1], mtu: 1400}
  B: {interfaces: [198.51.100.2]}
paths: [source -> A -> B -> destination]
"""


@pytest.mark.usefixtures("way")
def test_a_mark_stands_free_of_its_line_however_thick_that_is(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NARROW)
    settings = Settings.of(network=str(tmp_path / "net.yaml"), studies={"mtu": None}, seed=1)
    svg = ET.fromstring(draw(dot_of(assemble(measure(settings))), "svg"))
    edges = (group for group in svg.iter(f"{_SVG}g") if group.get("class") == "edge")
    (edge,) = (group for group in edges if "MTU 1400" in "".join(group.itertext()))
    (mark,) = edge.iter(f"{_SVG}text")
    (line,) = edge.iter(f"{_SVG}path")
    middle = float(line.attrib["d"].partition(",")[2].partition("C")[0])
    descent = 0.25 * float(mark.attrib["font-size"])
    assert float(mark.attrib["y"]) + descent < middle - float(line.attrib["stroke-width"]) / 2


@pytest.mark.usefixtures("way")
def test_headings_of_all_columns_are_at_one_height() -> None:
    for name in ("unequal-length", "meshed", "forty-eight-way", "silent", "per-packet"):
        heights: dict[bool, list[float]] = {True: [], False: []}
        for group in ET.fromstring(draw(dot_of(TRACES[name]), "svg")).iter(f"{_SVG}g"):
            if group.get("class") == "node":
                title = "".join(group.find(f"{_SVG}title").itertext())  # type: ignore[union-attr]
                line = next(group.iter(f"{_SVG}text"))
                heights[title.startswith("column")].append(float(line.attrib["y"]))
        assert len(set(heights[True])) == 1
        assert heights[True][0] < min(heights[False])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", _BEGINNINGS)
def test_every_picture_begins_as_its_format_demands(kind: str) -> None:
    assert draw(dot_of(TRACES["two-way"]), kind).startswith(_BEGINNINGS[kind])


@pytest.mark.usefixtures("way")
def test_source_that_is_not_dot_is_refused_in_one_line() -> None:
    with pytest.raises(RenderError) as caught:
        draw("this is not a graph", "svg")
    assert str(caught.value).startswith("cannot draw svg: ")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("way")
def test_drawing_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for name in TRACES:
        draw(dot_of(TRACES[name]), "svg")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_dot", "no_library")
def test_the_error_without_graphviz_names_the_library_and_the_program() -> None:
    with pytest.raises(RenderError) as caught:
        draw(dot_of(TRACES["two-way"]), "svg")
    assert str(caught.value) == (
        "cannot draw svg: Graphviz's library: no libX11.so.6; "
        "there is no `dot` on the PATH: install graphviz"
    )


@pytest.mark.usefixtures("no_dot", "no_library")
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_the_error_says_of_which_signal_dot_died(number: int, tmp_path: Path) -> None:
    dying_dot(tmp_path, number)
    words = rf"; dot died of signal {number} \({signal.strsignal(number)}\)$"
    with pytest.raises(RenderError, match=words):
        draw(dot_of(TRACES["two-way"]), "svg")


@pytest.mark.usefixtures("no_dot")
def test_the_library_draws_before_a_dot_that_would_die(tmp_path: Path) -> None:
    dying_dot(tmp_path, signal.SIGSEGV)
    assert draw(dot_of(TRACES["two-way"]), "svg").startswith(b"<?xml")


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
def test_dot_draws_where_the_library_dies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pygraphviz.py").write_text("import os; os.kill(os.getpid(), 11)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert draw(dot_of(TRACES["two-way"]), "svg").startswith(b"<?xml")
