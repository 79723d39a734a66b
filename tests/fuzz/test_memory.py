"""What reads other programs' files takes little more memory than these."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from paris.formats.readers.registry import KINDS
from tests.fuzz.readers import SAMPLES

if TYPE_CHECKING:
    from paris.formats.readers.registry import Kind

_MOST = 20  # times the file


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_file_is_read_in_at_most_twenty_times_its_size(kind: Kind) -> None:
    data = SAMPLES[kind.name]()
    for found in kind.read(data, "x"):
        found.record()  # what is loaded once does not count
    tracemalloc.start()
    try:
        for found in kind.read(data, "x"):
            found.record()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0 < peak < _MOST * len(data)
