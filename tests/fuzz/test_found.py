"""Each format in the registry of readers is read, or refused, however a file of it is damaged."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from paris.formats.readers.registry import KINDS, kind_of
from tests.fuzz.readers import CHANGED, FOUND, SAMPLES, Reader, fault

if TYPE_CHECKING:
    from paris.formats.readers.registry import Kind

_PREFIXES: Final = 64  # of each sample, beside those of its first bytes
_INPUTS: Final = 60


PAIRS: Final = tuple(zip(KINDS, FOUND, strict=True))


def name(row: Kind | Reader) -> str:
    return row.name


def test_each_format_has_samples_and_changed_files() -> None:
    assert list(CHANGED) == list(SAMPLES) == [kind.name for kind in KINDS]


@pytest.mark.parametrize(("kind", "reader"), PAIRS, ids=name)
def test_every_prefix_is_read_or_refused_in_one_line(kind: Kind, reader: Reader) -> None:
    data = SAMPLES[kind.name]()
    assert kind_of(data) is kind
    assert [found.record() for found in kind.read(data, "x")]
    for size in (*range(64), *range(64, len(data), 1 + len(data) // _PREFIXES)):
        assert fault(reader, data[:size]) is None, size


@pytest.mark.parametrize(("kind", "reader"), PAIRS, ids=name)
def test_a_changed_file_is_read_or_refused_in_one_line(kind: Kind, reader: Reader) -> None:
    random, of_this_kind = Random(f"{kind.name} 1"), 0
    for _ in range(_INPUTS):
        data = reader.mutated(random)
        of_this_kind += kind_of(data) is kind
        assert fault(reader, data) is None, data
    assert of_this_kind > _INPUTS / 2
