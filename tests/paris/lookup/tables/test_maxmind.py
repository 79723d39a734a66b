"""MaxMind DB files of several vendors, and files that are not sound."""

from __future__ import annotations

import gzip
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from paris.errors import FormatError
from paris.lookup.tables import maxmind, reading
from paris.lookup.tables.base import Entry, Sought
from paris.lookup.tables.registry import kind_of
from tests.support.networks import GOLDEN_MMDB, Value, mmdb

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = ip_address("198.51.100.7")


def test_the_prefix_and_the_as_of_an_address_are_read() -> None:
    assert maxmind.recognises(reading.head(str(GOLDEN_MMDB)))
    asked = Sought(map(ip_address, ("198.51.100.7", "10.0.0.1", "2001:db8:1::")))
    assert maxmind.find(str(GOLDEN_MMDB), asked, print) == {
        ADDRESS: Entry(ip_network("198.51.100.0/24"), (64501,), "Example B"),
        ip_address("2001:db8:1::"): Entry(ip_network("2001:db8::/32"), (64503,), "Example D"),
    }


@pytest.mark.parametrize(
    ("record", "entry"),
    [
        ({"asn": "AS7", "as_name": "X", "country_code": "ZZ"}, ((7,), "X", "ZZ")),
        ({"asn": 7, "name": "X"}, ((7,), "X", "")),
        (
            {"city": {"names": {"en": "Town", "de": "Stadt"}}, "country": {"iso_code": "ZZ"}},
            ((), "", "Town ZZ"),
        ),
        ({"asn": "", "as_name": {"x": 1}, "country": {"names": "x"}}, ((), "", "")),
    ],
    ids=["IPinfo", "numbers", "city", "odd"],
)
def test_records_of_several_vendors_are_understood(
    record: dict[str, Value], entry: tuple[tuple[int, ...], str, str], tmp_path: Path
) -> None:
    file = tmp_path / "x"
    file.write_bytes(mmdb({"198.51.100.0/24": record}))
    found = maxmind.find(str(file), Sought([ADDRESS]), print)[ADDRESS]
    assert (found.numbers, found.name, found.place) == entry


def test_a_database_of_ipv4_says_nothing_of_ipv6(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(mmdb({"198.51.100.0/24": {"asn": 7}}, version=4))
    found = maxmind.find(str(file), Sought([ADDRESS, ip_address("2001:db8::")]), print)
    assert found == {ADDRESS: Entry(ip_network("198.51.100.0/24"), (7,))}


def test_a_database_that_gzip_packed_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.mmdb.gz"
    file.write_bytes(gzip.compress(GOLDEN_MMDB.read_bytes()))
    assert kind_of(str(file)).entries is maxmind.find
    found = maxmind.find(str(file), Sought([ADDRESS]), print)
    assert found[ADDRESS].name == "Example B"


@pytest.mark.parametrize("cut", [slice(None, -40), slice(700), slice(-200, None)])
def test_a_database_that_is_not_whole_is_refused_in_a_line(cut: slice, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(GOLDEN_MMDB.read_bytes()[cut])
    with pytest.raises(FormatError, match="x: not a sound MaxMind DB, or cut short"):
        maxmind.find(str(file), Sought([ADDRESS]), print)
