"""Every reader accepts or refuses whatever it is given, in one line, and never fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import CORPUS, READERS, Reader, fault

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(random=st.randoms(use_true_random=False))
def test_a_changed_input_is_accepted_or_refused_in_one_line(reader: Reader, random: Random) -> None:
    data = reader.mutated(random)
    assert fault(reader, data) is None, data


def _kept() -> list[tuple[Reader, Path]]:
    return [
        (reader, path) for reader in READERS for path in sorted((CORPUS / reader.name).glob("*"))
    ]


@pytest.mark.parametrize(("reader", "path"), _kept(), ids=lambda value: getattr(value, "stem", ""))
def test_what_once_made_a_reader_fail_does_so_no_more(reader: Reader, path: Path) -> None:
    assert fault(reader, path.read_bytes()) is None
