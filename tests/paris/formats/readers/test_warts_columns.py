"""Columns of an archive have what its records have, one by one, and refuse what these refuse."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import paris
from mda.model import Reply
from paris.errors import FormatError
from paris.formats.readers import warts, warts_columns
from paris.packets.extensions import Extensions
from tests.fuzz.mutations import changed_bytes

if TYPE_CHECKING:
    from paris.formats.readers.warts_columns import Hops

FILES = Path(__file__).parents[3] / "data" / "warts"
TRACES = sorted([*FILES.glob("trace-*.warts"), *FILES.glob("synth-trace-*.warts")])
EVERY = b"".join(path.read_bytes() for path in sorted(FILES.glob("*.warts")))


def columns(data: bytes) -> list[Hops]:
    return list(warts_columns.read(io.BytesIO(data), "x"))


def told(data: bytes) -> Any:
    """All that the columns say, or why the archive is refused."""
    try:
        return [
            [own.tolist() if isinstance(own, np.ndarray) else own for own in hops]
            for hops in columns(data)
        ]
    except FormatError as error:
        return str(error)


def told_singly(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, where every record is read alone."""
    with monkeypatch.context() as patch:
        patch.setattr(warts_columns, "_MOST_HOPS", -1)
        return told(data)


def of_columns(hops: Hops) -> Counter[tuple[object, ...]]:
    """Every reply: who, and what of it, to which TTL of which trace."""
    names = "traces", "probe_ttl", "rtt_us", "quoted_ttl", "ttl", "ip_id", "mtu"
    rows = zip(*(getattr(hops, name).tolist() for name in names), strict=True)
    return Counter(
        (hops.responder(place), hops.extensions.get(place, Extensions()).mpls, *row)
        for place, row in enumerate(rows)
    )


def of_records(data: bytes) -> Counter[tuple[object, ...]]:
    """The same, as the program uses them; those of `trace` records."""
    found = [own for own in warts.read(data, "x") if own.kind == "trace"]
    return Counter(
        (
            own.responder, own.mpls, number, own.request.ttl, round((own.rtt_s or 0) * 1e6),
            *(
                -1 if value is None else value
                for value in (own.quoted_ttl, own.reply_ttl, own.reply_ip_id, own.mtu)
            ),
        )
        for number, trace in enumerate(found)
        for own in trace.record().outcomes if isinstance(own, Reply)
    )  # fmt: skip


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_columns_have_the_replies_of_the_records(path: Path) -> None:
    data = path.read_bytes()
    (hops,) = columns(data)
    assert of_columns(hops) == of_records(data)


def test_records_that_scamper_wrote_are_all_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    def single(*_: object) -> None:
        pytest.fail("a usual record was read alone")

    monkeypatch.setattr(warts_columns, "_single", single)
    (hops,) = columns(EVERY)
    assert len(hops.begins) == len(TRACES) < len(hops.traces)


def test_records_read_at_once_and_alone_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(EVERY) == told_singly(EVERY, monkeypatch)


def test_changed_archives_are_read_or_refused_as_records_alone_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random, kinds = Random(1), Counter[type]()
    for _ in range(1_000):
        first = random.choice(TRACES).read_bytes()
        own = changed_bytes(random, first) + random.choice(TRACES).read_bytes()
        at_once = told(own)
        assert at_once == told_singly(own, monkeypatch), own
        kinds[type(at_once)] += 1
    assert all(kinds[kind] > 50 for kind in (str, list))


def test_every_beginning_is_whole_records_or_refused_with_its_place() -> None:
    data = b"".join(path.read_bytes() for path in TRACES[-2:])
    refused = [said for size in range(1, len(data)) if isinstance(said := told(data[:size]), str)]
    assert len(refused) > len(data) * 9 // 10
    assert all(own.startswith("x, record at byte ") for own in refused)


@pytest.mark.parametrize("batch", [1, 1000, 4096])
def test_batches_of_any_size_make_the_same_columns(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = columns(EVERY)
    monkeypatch.setattr(warts_columns, "_BATCH", batch)
    parts = columns(EVERY)
    assert len(parts) > 1
    for name in ("begins", "sources", "responders", "sent_at_us", "rtt_us", "icmp"):
        every = np.concatenate([getattr(part, name) for part in parts])
        assert (every == getattr(whole, name)).all()


def test_a_file_is_read_by_the_package(tmp_path: Path) -> None:
    path = next(path for path in TRACES if path.stem == "trace-udp-paris-Q")
    (hops,) = paris.hops(str(path))
    assert len(hops.traces) == 15
    other = tmp_path / "x.json"
    other.write_text("{}")
    with pytest.raises(FormatError, match="not a warts archive"):
        list(paris.hops(str(other)))
