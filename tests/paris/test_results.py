"""What paris.trace returns: a short name at a prompt, a picture in notebooks, tables as rows."""

from __future__ import annotations

import copy
import csv
import io
import pickle
import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

import paris
from paris.errors import SettingsError
from paris.formats import native, vertices_csv
from tests.support.commands import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paris.results import Result


@pytest.fixture(scope="module")
def result() -> Result:
    """Two branches."""
    return paris.trace(network="two-way", multipath=True, seed=1)


def test_a_result_is_short_at_a_prompt(result: Result) -> None:
    assert repr(result).startswith("Result(203.0.113.9: 8 vertices, 8 edges, 1 diamond, ")
    assert len(repr(result)) < 80


def test_hops_links_and_paths_are_rows_of_plain_values(result: Result) -> None:
    assert [row["hop"] for row in result.hops()] == [1, 2, 3, 3, 4, 5, 6]
    ends = {(row["from"], row["to"]) for row in result.links()}
    assert ("198.51.100.1@2", "198.51.100.2@3") in ends
    assert len(ends) == 8
    first, second = result.paths()
    assert (first["vertices"][2], second["vertices"][2]) == ("198.51.100.2@3", "198.51.100.3@3")
    assert not set(first["flows"]) & set(second["flows"])
    for row in (*result.hops(), *result.links(), *result.paths()):
        assert all(isinstance(value, str | int | float | list | None) for value in row.values())


def test_each_table_is_csv_and_that_of_hops_is_the_output_of_the_command(result: Result) -> None:
    assert result.csv() == vertices_csv.write(result)
    for name in ("links", "paths"):
        rows = list(csv.DictReader(io.StringIO(result.csv(name))))
        assert len(rows) == len(getattr(result, name)())
    assert rows[0]["vertices"].startswith("192.0.2.254@1 198.51.100.1@2 ")
    with pytest.raises(SettingsError, match="no table 'lynx': choose from hops, links, paths"):
        result.csv("lynx")


def test_a_table_without_rows_is_empty() -> None:
    mixed = paris.trace(network="per-packet", multipath=True, seed=1)
    assert mixed.paths() == []
    assert mixed.csv("paths").strip() == ""


def test_a_notebook_shows_the_picture_of_the_command(result: Result) -> None:
    drawn = run("--sim", "two-way", "--mda", "--seed", "1", "-o", "-", "--format", "svg").stdout
    assert "<style>" in drawn
    assert result._repr_svg_() == re.sub(r"<style>.*?</style>\n", "", drawn, flags=re.DOTALL)
    shown = ElementTree.fromstring(result._repr_html_())
    assert shown.tag == "div"
    assert shown[0].tag == "{http://www.w3.org/2000/svg}svg"


def test_a_notebook_shows_the_picture_without_graphviz(
    result: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn = result._repr_svg_()
    (tmp_path / "pygraphviz.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert result._repr_svg_() == drawn


def test_the_page_is_that_of_the_command(result: Result) -> None:
    words = ("--sim", "two-way", "--mda", "--seed", "1", "-o", "-", "--format", "html")
    assert result.page() == run(*words).stdout


def test_a_data_frame_needs_pandas(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SettingsError, match=r"to_pandas\(\) needs pandas: install that"):
        result.to_pandas()
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    assert result.to_pandas("links") == result.links()


@pytest.mark.parametrize("again", [lambda own: pickle.loads(pickle.dumps(own)), copy.deepcopy])
def test_a_result_is_the_same_after_pickle_and_copy(again: Callable[[Result], Result]) -> None:
    result = paris.trace(network="nested", multipath=True, seed=1)
    other = again(result)
    assert type(other) is type(result)
    assert native.write(other) == native.write(result)
    assert other.csv("paths") == result.csv("paths")
