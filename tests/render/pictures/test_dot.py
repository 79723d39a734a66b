from __future__ import annotations

import pytest

from render.pictures.dot import dot
from tests.render.samples import GOLDEN, TRACES
from tests.render.terminal.test_text import shuffled


@pytest.mark.parametrize("name", TRACES)
def test_the_dot_text_is_as_it_was(name: str) -> None:
    assert dot(TRACES[name]) == (GOLDEN / f"{name}.dot").read_text()


@pytest.mark.parametrize("name", TRACES)
def test_equal_traces_give_equal_bytes(name: str) -> None:
    expected = dot(TRACES[name]).encode()
    assert all(dot(shuffled(TRACES[name], seed)).encode() == expected for seed in range(3))


def test_no_character_of_a_hostile_name_is_bare() -> None:
    line = next(line for line in dot(TRACES["marks"]).splitlines() if "evil" in line)
    label, tip = line.replace("\u200b", "").split('tooltip="')
    assert "a&quot;b\\N&lt;b&gt;&amp;amp;\\x1b[31m\\n\\u202eevil]; x" in label
    assert 'a\\"b\\\\N<b>&amp;amp;\\\\x1b[31m\\\\n\\\\u202eevil]; x' in tip
