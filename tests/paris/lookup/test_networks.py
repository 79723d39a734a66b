"""Whose network an address is in: by tables of every kind, by special ranges, and in every view."""

from __future__ import annotations

import json
import os
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from maxminddb import open_database

from paris.errors import ExitCode
from paris.lookup import networks
from paris.lookup.tables import places
from tests.support.commands import run
from tests.support.networks import GOLDEN_MMDB, GOLDEN_PYASN, NAMES, PEERINGDB, TABLES, mmdb

if TYPE_CHECKING:
    from pathlib import Path

    from maxminddb.reader import Metadata

TWO_WAY = ("--sim", "two-way", "--mda")


def files(folder: Path, *contents: bytes | str) -> list[str]:
    """Files with these contents; their names say nothing."""
    made = []
    for number, content in enumerate(contents):
        path = folder / f"table{number}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        made.append(str(path))
    return made


def found(address: str, tables: list[str]) -> str:
    said: list[str] = []
    texts = networks.find([ip_address(address)], tables, said.append)
    assert said == []
    return texts.get(ip_address(address), "")


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_is_recognised_by_its_content(kind: str, tmp_path: Path) -> None:
    tables = files(tmp_path, TABLES[kind], NAMES["asns.csv"])
    name = "Example B" if kind in ("mmdb", "iptoasn") else 'Example "B", Inc.'
    assert found("198.51.100.7", tables) == f"AS64501 {name} 198.51.100.0/24"
    assert found("2001:db8::7", tables) == f"AS64501 {name} 2001:db8::/32"


@pytest.mark.parametrize("kind", NAMES)
def test_names_come_from_a_table_of_names(kind: str, tmp_path: Path) -> None:
    tables = files(tmp_path, NAMES[kind], TABLES["pyasn"])
    assert found("198.51.100.7", tables) == 'AS64501 Example "B", Inc. 198.51.100.0/24'


def test_names_come_from_another_table_of_networks_too(tmp_path: Path) -> None:
    tables = files(tmp_path, "198.51.100.0/25 64501\n", TABLES["mmdb"])
    assert found("198.51.100.7", tables) == "AS64501 Example B 198.51.100.0/25"


@pytest.mark.parametrize(
    ("address", "table", "text"),
    [
        ("10.0.0.1", "10.0.0.0/7\t5\n", "private"),
        ("10.0.0.1", "0.0.0.0/0\t5\n", "private"),
        ("10.0.0.1", "10.0.0.0/16\t64512\n", "AS64512 10.0.0.0/16"),
        ("100.64.1.1", "9.0.0.0/8\t5\n", "shared (CGNAT)"),
        ("9.1.1.1", "9.0.0.0/8\t5_6\n", "AS5/AS6 9.0.0.0/8"),
        ("8.8.8.8", "9.0.0.0/8\t5\n", ""),
        ("8.8.8.8", "0.0.0.0/0\t5\n", ""),
        ("192.0.2.9", PEERINGDB, "IXP Example IX 192.0.2.0/25"),
        ("192.0.2.200", PEERINGDB, "documentation"),
        ("2001:7f8:1::9", "2001:7f8:1::/48\t1200\n", "IXP AS1200 2001:7f8:1::/48"),
        ("2001:7f8:1::9", "2001::/16\t5\n", "IXP"),
    ],
)
def test_a_route_counts_only_within_a_special_range(
    address: str, table: str, text: str, tmp_path: Path
) -> None:
    assert found(address, files(tmp_path, table)) == text


def test_the_network_of_an_exchange_point_has_no_as(tmp_path: Path) -> None:
    tables = files(tmp_path, "192.0.2.0/26 64500\n", PEERINGDB)
    assert found("192.0.2.9", tables) == "IXP Example IX 192.0.2.0/25"


def test_a_place_stands_behind_the_network(tmp_path: Path) -> None:
    city = mmdb({"9.1.0.0/16": {"city": {"names": {"en": "Town"}}, "country_code": "ZZ"}})
    tables = files(tmp_path, "9.0.0.0/8 5\n", city)
    assert found("9.1.1.1", tables) == "AS5 9.0.0.0/8 Town ZZ"
    assert found("9.1.1.1", tables[1:]) == "Town ZZ"


def test_names_are_printable_and_short(tmp_path: Path) -> None:
    name = "a\x1b[2J\n \u202eb" + 40 * "x"
    tables = files(tmp_path, mmdb({"9.0.0.0/8": {"asn": 5, "as_name": name}}))
    assert found("9.1.1.1", tables) == r"AS5 a\x1b[2J \u202ebxxxxxxxxxxxxx... 9.0.0.0/8"


def test_networks_are_in_every_view_and_in_what_is_read_again(tmp_path: Path) -> None:
    text = "AS64501 Example B 198.51.100.0/24"
    outputs = [tmp_path / f"x.{suffix}" for suffix in ("txt", "json", "svg", "dot", "pcapng")]
    words = [word for path in outputs for word in ("-o", str(path))]
    ran = run(*TWO_WAY, "-A", "--asn-file", str(GOLDEN_MMDB), *words)
    assert (ran.returncode, ran.stderr) == (0, "")
    for path in outputs[:-1]:
        assert text in path.read_text()
    facts = json.loads(outputs[1].read_text())["facts"]["asn"]
    assert facts["192.0.2.254"] == "AS64500 Example A 192.0.2.0/24"
    assert facts["203.0.113.9"] == "documentation"
    for path in (outputs[1], outputs[-1]):
        assert text in run("--replay", str(path)).stdout
        other = run("--replay", str(path), "--asn-file", str(GOLDEN_PYASN)).stdout
        assert text not in other
        assert "AS64501 198.51.100.0/24" in other


def test_the_json_says_which_tables_it_is_from_and_of_when(tmp_path: Path) -> None:
    (table,) = files(tmp_path, "198.51.100.0/24 64501\n")
    os.utime(table, (0, 1_700_000_000))
    asked = ("--asn-file", str(GOLDEN_MMDB), "--asn-file", table)
    saved = tmp_path / "x.json"
    assert run("--sim", "plain", "-A", *asked, "-o", str(saved)).returncode == 0
    tables = json.loads(saved.read_text())["tables"]["asn"]
    assert tables == [
        {"file": "golden-asn.mmdb", "built_at_unix_s": metadata(GOLDEN_MMDB).build_epoch},
        {"file": "table0", "changed_at_unix_s": 1_700_000_000},
    ]
    assert json.loads(run("--replay", str(saved), "-j").stdout)["tables"]["asn"] == tables
    other = run("--replay", str(saved), "-j", "--asn-file", table).stdout
    assert json.loads(other)["tables"]["asn"] == tables[1:]


def metadata(file: Path) -> Metadata:
    with open_database(file) as database:
        return database.metadata()


def test_only_the_option_shows_networks() -> None:
    assert "documentation" not in run(*TWO_WAY).stdout
    assert "facts" not in json.loads(run(*TWO_WAY, "-j").stdout)


def test_a_comparison_reads_each_table_once(tmp_path: Path) -> None:
    table = files(tmp_path, "198.51.100.0/24 64501\nwrong\n")[0]
    ran = run("--sim", "two-way", "--compare", "udp,icmp", "--asn-file", table)
    assert ran.stderr.count("left out: 1") == 1


def test_a_comparison_shows_networks_and_keeps_them(tmp_path: Path) -> None:
    outputs = [tmp_path / f"x.{suffix}" for suffix in ("json", "svg")]
    words = [word for path in outputs for word in ("-o", str(path))]
    compared = ("--sim", "two-way", "--compare", "udp,icmp")
    ran = run(*compared, "--asn-file", str(GOLDEN_MMDB), "-o", "-", *words)
    (row,) = (line for line in ran.stdout.splitlines() if "198.51.100.1 " in line)
    assert row.endswith(" AS64501 Example B 198.51.100.0/24")
    assert "AS64501 Example B 198.51.100.0/24" in outputs[1].read_text()
    assert run(str(outputs[0]), program="paris-render").stdout == ran.stdout
    assert " name" not in run(*compared).stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a table of networks that is known"),
        (b"\x00\xff" * 999, "not a table of networks that is known"),
        (b"\x1f\x8b\x08", "the file is cut short"),
        (b"\x1f\x8b" + bytes(99), "what gzip packed is damaged"),
        (None, "No such file"),
    ],
    ids=["empty", "noise", "short gzip", "no gzip", "missing"],
)
def test_a_file_that_is_no_table_is_refused_before_the_trace(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "x"
    if content is not None:
        file.write_bytes(content)
    ran = run(*TWO_WAY, "--asn-file", str(file))
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.count("\n") == 1
    assert str(file) in ran.stderr
    assert said in ran.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOLDEN_MMDB.read_bytes()[-300:], "not a sound MaxMind DB"),
        (b'{"ixpfx": ', "not JSON, or cut short"),
        (b'{"64500": "A", ', "not JSON, or cut short"),
        (b"9.0.0.0/8 5\n" + b"x" * (1 << 17), "a line is longer than those of any table"),
    ],
    ids=["mmdb", "exchanges", "names", "long line"],
)
def test_a_table_that_turns_out_wrong_is_left_out_and_the_trace_is_whole(
    content: bytes, said: str, tmp_path: Path
) -> None:
    bad, good = files(tmp_path, content, TABLES["pyasn"])
    ran = run(*TWO_WAY, "--asn-file", bad, "--asn-file", good)
    assert ran.returncode == 0
    assert ran.stderr.startswith(f"paris-trace: -A: {bad}: {said}")
    assert ran.stderr.count("\n") == 1
    assert "AS64501 198.51.100.0/24" in ran.stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for tables that is empty, as are all the other usual places."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setattr(places, "_GEOIP", (str(tmp_path / "GeoIP"),))
    folder = tmp_path / "paris-trace"
    folder.mkdir()
    return folder


def test_without_any_table_a_line_says_how_to_get_one(home: Path) -> None:
    ran = run(*TWO_WAY, "-A")
    assert ran.returncode == 0
    assert ran.stderr.startswith("paris-trace: -A: there is no table of networks here: put one ")
    assert f"into {home}, or name one with --asn-file" in ran.stderr
    assert "198.51.100.1   " in ran.stdout
    assert "documentation" in ran.stdout


def test_without_a_home_a_table_can_still_be_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.delenv("HOME")
    assert "no table of networks here: name one with --asn-file;" in run(*TWO_WAY, "-A").stderr


def test_tables_in_the_usual_places_are_read(home: Path) -> None:
    (home / "table").write_bytes(TABLES["pyasn"])
    (home / "names").write_bytes(NAMES["asn.txt"])
    geoip = home.parent / "GeoIP"
    geoip.mkdir()
    (geoip / "GeoLite2-ASN.mmdb").write_bytes(mmdb({"203.0.113.0/24": {"asn": 7}}))
    (geoip / "GeoIP.dat").write_bytes(b"of another program")
    ran = run(*TWO_WAY, "-A")
    assert ran.stderr == ""
    assert 'AS64501 Example "B", Inc. 198.51.100.0/24' in ran.stdout
    assert "AS7 203.0.113.0/24" in ran.stdout
    (home / "other").write_text("a letter\n")
    ran = run(*TWO_WAY, "-A")
    assert ran.returncode == 0
    assert ran.stderr.startswith(f"paris-trace: -A: {home / 'other'}: not a table of networks")
    assert run(*TWO_WAY, "--asn-file", str(home / "table")).stderr == ""


def test_without_the_package_only_its_files_are_refused_in_a_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    ran = run(*TWO_WAY, "--asn-file", str(GOLDEN_MMDB))
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    cure = "needs maxminddb: install that, or paris-trace with extra [asn]"
    assert ran.stderr == f"paris-trace: {GOLDEN_MMDB} {cure}\n"
    (home / "x.mmdb").write_bytes(TABLES["mmdb"])
    (home / "y").write_bytes(TABLES["pyasn"])
    ran = run(*TWO_WAY, "-A")
    assert "x.mmdb needs maxminddb" in ran.stderr
    assert "AS64501 198.51.100.0/24" in ran.stdout
