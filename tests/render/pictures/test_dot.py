from __future__ import annotations

import pytest

from tests.render.samples import GOLDEN, TRACES
from tests.support.traces import shuffled
from tests.support.views import dot_of


@pytest.mark.parametrize("name", TRACES)
def test_the_dot_source_of_each_sample_trace_is_the_golden_one(name: str) -> None:
    assert dot_of(TRACES[name]) == (GOLDEN / f"{name}.dot").read_text()


@pytest.mark.parametrize("name", TRACES)
def test_equal_traces_give_equal_dot_source(name: str) -> None:
    expected = dot_of(TRACES[name]).encode()
    assert all(dot_of(shuffled(TRACES[name], seed)).encode() == expected for seed in range(3))


def test_every_special_character_of_a_hostile_name_is_escaped() -> None:
    line = next(line for line in dot_of(TRACES["marks"]).splitlines() if "evil" in line)
    label, tip = line.replace("\u200b", "").split('tooltip="')
    assert "a&quot;b\\N&lt;b&gt;&amp;amp;\\x1b[31m\\n\\u202eevil]; x" in label
    assert 'a\\"b\\\\N<b>&amp;amp;\\\\x1b[31m\\\\n\\\\u202eevil]; x' in tip


def test_neighbouring_columns_of_the_same_network_alone_are_joined_by_a_band() -> None:
    lines = dot_of(TRACES["networks"]).splitlines()
    joined = {line.split(" [")[0].strip() for line in lines if "penwidth=32" in line}
    assert joined == {'"column 4" -> "column 5"'}
    assert not any("penwidth=32" in line for line in dot_of(TRACES["two-way"]).splitlines())
