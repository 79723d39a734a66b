"""Tables of routes: every layout, the most specific route, and lines that are wrong."""

from __future__ import annotations

import gzip
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from paris.errors import FormatError
from paris.lookup.tables import reading, routes
from paris.lookup.tables.base import Sought
from tests.support.networks import TABLES

if TYPE_CHECKING:
    from pathlib import Path

ASKED = tuple(map(ip_address, ("198.51.100.7", "203.0.113.1", "2001:db8::9", "2001:db9::9")))


def found(file: Path, content: bytes) -> tuple[dict[str, str], list[str]]:
    """What a table says of ASKED: prefixes and numbers in words, and what was said beside."""
    file.write_bytes(content)
    said: list[str] = []
    assert routes.recognises(reading.head(str(file)))
    entries = routes.find(str(file), Sought(ASKED), said.append)
    texts = {
        str(address): " ".join((str(own.prefix), *map(str, own.numbers), own.name)).strip()
        for address, own in entries.items()
    }
    return texts, [line.removeprefix(f"{file}: ") for line in said]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", sorted(TABLES.keys() - {"mmdb"}))
def test_each_layout_is_read_packed_or_not(kind: str, tmp_path: Path, *, packed: bool) -> None:
    content = gzip.compress(TABLES[kind]) if packed else TABLES[kind]
    texts, said = found(tmp_path / "x", content)
    name = " Example B" if kind == "iptoasn" else ""
    assert texts == {
        "198.51.100.7": f"198.51.100.0/24 64501{name}",
        "2001:db8::9": f"2001:db8::/32 64501{name}",
    }
    assert said == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("198.51.0.0/16\t1\n198.51.100.0/25\t2\n198.51.100.0/24\t3\n", "198.51.100.0/25 2"),
        ("198.51.100.0\t24\t2_1\n", "198.51.100.0/24 2 1"),
        ("198.51.100.0\t24\t2,1_3\n", "198.51.100.0/24 2 1 3"),
        ("{2,1}\t198.51.100.0/24\t9\n", "198.51.100.0/24 2 1"),
        ("1\t198.51.100.0/24\t90\n2\t198.51.100.0/24\t300\n", "198.51.100.0/24 2 1"),
        ("1\t198.51.100.0/24\t3\n2\t198.51.100.0/24\t300\n", "198.51.100.0/24 2"),
        ("1\t198.51.100.7/32\t3\n2\t198.51.100.0/24\t300\n", "198.51.100.0/24 2"),
        ("1\t198.51.100.7/32\t3\n", "198.51.100.7/32 1"),
        ("198.51.100.0/24 1\r\n", "198.51.100.0/24 1"),
        ("198.51.100.6\t198.51.100.8\t1\tZZ\tX\n", "198.51.100.6/31 1 X"),
        ("198.51.100.0\t198.51.100.255\t0\tNone\tNot routed\n", ""),
        ("198.51.100.0/24 99999999999999999999\n", ""),
        ("2001:0DB8::/32 1\n198.51.100.0/24 2\n", "198.51.100.0/24 2"),
        ("1\t0.0.0.0/0\t3\n2\t203.0.113.0/24\t300\n", ""),
        ("% RIS\n\n1\t0.0.0.0/0\t3\n2\t198.51.100.0/24\t300\n", "198.51.100.0/24 2"),
    ],
    ids=[
        "longest prefix", "several ASes", "AS set of CAIDA", "AS set of RIPE", "two origins",
        "few see the other origin", "leaked host route", "all see few", "Windows", "range",
        "not routed", "too large a number", "long form", "default route alone", "default route",
    ],
)  # fmt: skip
def test_the_most_specific_route_that_is_no_leak_counts(
    content: str, expected: str, tmp_path: Path
) -> None:
    texts, said = found(tmp_path / "x", content.encode())
    assert texts.get("198.51.100.7", "") == expected
    assert said == []


@pytest.mark.parametrize(
    "line",
    [
        "198.51.100.0/33\t2",
        "198.51.100.7/24\t2",
        "198.51.100/24\t2",
        "::/129\t2",
        "x",
        "1.1.1.1/24",
    ],
)
def test_lines_that_are_wrong_are_left_out_and_counted(line: str, tmp_path: Path) -> None:
    texts, said = found(tmp_path / "x", f"198.51.100.0/24\t1\n{line}\n{line}\n".encode())
    assert texts == {"198.51.100.7": "198.51.100.0/24 1"}
    assert said == ["lines that are not like its first one are left out: 2"]


def test_a_table_that_may_be_cut_short_is_said_to_be(tmp_path: Path) -> None:
    _, said = found(tmp_path / "x", b"198.51.100.0/24\t1\n203.0.113.0/24\t1")
    assert said == ["its last line has no end, so it may be cut short"]


def test_what_gzip_packed_and_is_cut_short_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"10.{n >> 8}.{n & 255}.0/24\t{n + 1}\n" for n in range(1 << 16))
    packed = gzip.compress(lines.encode())
    with pytest.raises(FormatError, match="x: the file is cut short"):
        found(tmp_path / "x", packed[: len(packed) // 2])
    with pytest.raises(FormatError, match="x: what gzip packed is damaged"):
        found(tmp_path / "x", packed[:-8] + bytes(8))


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="a line is longer than those of any table"):
        found(tmp_path / "x", gzip.compress(b"198.51.100.0/24\t1\n" + bytes(1 << 24)))
