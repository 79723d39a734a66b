from __future__ import annotations

import pytest

from mda.comparison import compare
from render.pictures.comparison import comparison_diagram
from render.pictures.dot import to_dot
from render.pictures.palette import FAINT_EDGE, PARTIAL_EDGE
from render.words.comparison import comparison_words
from tests.render.samples import TRACES

# The same network but for a silent branch, and for one that refuses probes.
_NAMES = {"udp": "two-way", "icmp": "silent", "tcp/443": "marks"}
DRAWN = comparison_diagram(
    comparison_words(compare([(name, TRACES[sample]) for name, sample in _NAMES.items()]))
)


def test_only_lines_to_or_from_a_star_are_dashed() -> None:
    assert {line.is_dashed for line in DRAWN.lines} == {False, True}
    assert all(line.is_dashed == ("*" in line.near + line.far) for line in DRAWN.lines)


def test_a_line_that_some_protocols_take_is_tinted_and_named() -> None:
    partial = [line for line in DRAWN.lines if line.is_partial]
    assert partial
    assert all(line.mark for line in partial)
    assert not any(line.mark for line in DRAWN.lines if not line.is_partial)
    drawn = to_dot(DRAWN)
    assert drawn.count(f'color="{PARTIAL_EDGE}"') == len(partial)
    dashed = [line for line in DRAWN.lines if line.is_dashed and not line.is_partial]
    assert drawn.count(f'style=dashed, color="{FAINT_EDGE}"') == len(dashed)


def test_the_width_of_a_line_is_the_mean_share_of_the_flows() -> None:
    widths = {(line.near, line.far): line.width for line in DRAWN.lines}
    assert widths["0 192.0.2.1", "1 192.0.2.254"] == 7.0  # all flows of all protocols
    # No line is thinner than 0.8 points; all flows of two protocols of three take this one.
    trunk = widths["1 192.0.2.254", "2 198.51.100.1"]
    assert (trunk - 0.8) / (7.0 - 0.8) == pytest.approx(2 / 3, abs=0.01)


def test_a_box_says_which_protocol_is_refused_and_how() -> None:
    boxes = [box for column in DRAWN.columns for box in column.boxes]
    refused = [line for box in boxes for line in box.faint if "!X" in line]
    assert [line.partition(" ")[0] for line in refused] == ["tcp/443"]
