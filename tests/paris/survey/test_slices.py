"""Slices of a survey: every target is in one, and each is there once and whole, or not at all."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from paris.errors import SettingsError, WireError
from paris.formats.json_text import json_text
from paris.settings import Settings
from paris.survey import slices
from paris.survey.survey import Manner
from paris.survey.targets import block
from tests.support.surveys import traces

if TYPE_CHECKING:
    from pathlib import Path

    from paris.survey.slices import Slice


def parts(folder: Path, *prefixes: str) -> list[Slice]:
    """The slices of a survey that has begun."""
    blocks = [list(block(prefix, None, ip_address)) for prefix in prefixes]
    about = {"seed": 5, "blocks": blocks, "excluded": ["10.0.0.3/32"]}
    (folder / "survey.json").write_text(json_text(about))
    settings = Settings.of(network="internet:1", rate_pps=20000)
    return slices.slices(folder, about, settings, Manner(5, 200, None, 0))


def test_every_target_is_in_one_slice_and_once(tmp_path: Path) -> None:
    found = [list(slices.addresses(own)) for own in parts(tmp_path, "10.0.0.0/24", "10.0.0.0/25")]
    assert len(found) == 24
    assert sorted(map(int, chain.from_iterable(found))) == [
        *range(0x0A000001, 0x0A000003),
        *range(0x0A000004, 0x0A0000FF),
    ]
    assert all(found)


def test_a_slice_is_traced_once(tmp_path: Path) -> None:
    own, other = parts(tmp_path, "10.0.0.0/27")
    count = slices.traced(own, "a")
    assert count.finished == len(traces(tmp_path / own.name)) > 0
    written = (tmp_path / own.name / "traces-00000.jsonl").stat()
    assert slices.traced(own, "b") == count
    assert (tmp_path / own.name / "traces-00000.jsonl").stat() == written
    assert [path.name for path in tmp_path.glob("*slice-*")] == [own.name]
    assert slices.traced(other, "b").finished + count.finished == 29


def test_a_stopped_slice_leaves_nothing_and_can_go_on(tmp_path: Path) -> None:
    own, _ = parts(tmp_path, "10.0.0.0/27")
    slices.stop(tmp_path)
    with pytest.raises(WireError, match="stopped"):
        slices.traced(own, "a")
    assert [path.name for path in tmp_path.glob("*slice-*")] == []
    slices.go_on(tmp_path)
    assert slices.traced(own, "a").finished


def test_a_folder_that_is_not_shared_is_said(tmp_path: Path) -> None:
    own, _ = parts(tmp_path, "10.0.0.0/27")
    for elsewhere in (tmp_path / "none", tmp_path):
        (tmp_path / "survey.json").write_text('{"seed": 6}')
        with pytest.raises(SettingsError, match="shared storage"):
            slices.traced(own._replace(folder=str(elsewhere)), "a")


def test_what_a_dead_worker_left_is_removed(tmp_path: Path) -> None:
    left, whole = tmp_path / ".slice-00000-12", tmp_path / "slice-00000"
    for folder in (left, whole):
        folder.mkdir()
        (folder / "traces-00000.jsonl").write_text("{")
    slices.tidy(tmp_path)
    assert list(tmp_path.iterdir()) == [whole]
