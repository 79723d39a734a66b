"""A packed file is read as the file that was packed; a damaged one is refused in a line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from mda.trace import Trace
from paris import replay
from paris.errors import FormatError, SettingsError
from paris.formats.readers import packed

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).parents[3] / "data/warts/trace-tcp.warts"
PACKERS = (gzip.compress, bz2.compress, lzma.compress, zstd.compress)
NAMES = ("gzip", "bzip2", "xz", "zstd")


@pytest.mark.parametrize("pack", PACKERS, ids=NAMES)
def test_a_packed_file_is_read_as_the_file(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    file = tmp_path / "any-name"
    file.write_bytes(pack(FILE.read_bytes()))
    packed_trace, trace = (replay.saved(str(own)) for own in (file, FILE))
    assert isinstance(packed_trace, Trace)
    assert isinstance(trace, Trace)
    assert packed_trace.outcomes == trace.outcomes


@pytest.mark.parametrize("pack", PACKERS, ids=NAMES)
def test_a_packed_file_that_is_cut_short_is_refused(pack: Callable[[bytes], bytes]) -> None:
    data = pack(FILE.read_bytes())
    for size in range(6, len(data)):
        with pytest.raises(FormatError, match=r"^x: the packed file is damaged or cut short$"):
            packed.unpacked(data[:size], "x")


def test_a_small_file_that_unpacks_to_very_much_is_refused() -> None:
    with pytest.raises(FormatError, match=r"^x: more than 1 MiB are packed in it$"):
        packed.unpacked(gzip.compress(bytes((1 << 20) + 1)), "x", 1 << 20)


def test_without_a_package_for_zstd_a_line_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    cure = r"^x needs backports.zstd: install that, or paris-trace with extra \[zstd\]$"
    with pytest.raises(SettingsError, match=cure):
        packed.unpacked(zstd.compress(b"x"), "x")
