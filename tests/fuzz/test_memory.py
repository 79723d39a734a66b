"""What reads other programs' files takes little more memory than these."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from paris.formats.readers.registry import kind_of
from tests.fuzz.readers import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable

_DATA = CORPUS.parent
_MOST = 20  # times the file


def _rows() -> bytes:
    head, *rows = (_DATA / "results/caracal-replies.csv").read_text().splitlines()
    return "\n".join((head, *rows * 10)).encode()


def _flows() -> bytes:
    return json.dumps(json.loads((_DATA / "results/dublin-traceroute.json").read_text())).encode()


@pytest.mark.parametrize(
    "content",
    [
        (_DATA / "warts/tracelb-udp-sport-v6.warts").read_bytes,
        (_DATA / "warts/tracelb-udp-sport-v6.json").read_bytes,
        (_DATA / "results/atlas.ndjson").read_bytes,
        (_DATA / "results/fast-mda-udp.json").read_bytes,
        (_DATA / "captures/tracelb-udp-sport-v6.rawip.pcap").read_bytes,
        _rows,
        _flows,
    ],
    ids=["warts", "scamper JSON", "Atlas", "fast-mda", "pcap", "caracal", "dublin"],
)
def test_a_file_is_read_in_at_most_twenty_times_its_size(content: Callable[[], bytes]) -> None:
    data = content()
    kind = kind_of(data)
    assert kind is not None
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
