"""Networks of exchange points, from a dump of PeeringDB or an answer of it."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from paris.errors import FormatError
from paris.lookup.tables import exchanges
from paris.lookup.tables.base import Entry, Sought
from tests.support.networks import PEERINGDB

if TYPE_CHECKING:
    from pathlib import Path

    from mda.model import IPAddress

ADDRESS = ip_address("192.0.2.9")


def found(file: Path, text: str) -> dict[IPAddress, Entry]:
    file.write_text(text)
    return exchanges.find(str(file), Sought([ADDRESS, ip_address("192.0.2.200")]), print)


def test_a_dump_names_the_exchange(tmp_path: Path) -> None:
    entry = Entry(ip_network("192.0.2.0/25"), name="Example IX", is_exchange=True)
    assert found(tmp_path / "x", PEERINGDB) == {ADDRESS: entry}


def test_an_answer_has_prefixes_alone(tmp_path: Path) -> None:
    rows = [{"ixlan_id": 70, "prefix": text} for text in ("192.0.2.0/28", "192.0.2.0/25", "x", "")]
    entry = Entry(ip_network("192.0.2.0/28"), is_exchange=True)
    assert found(tmp_path / "x", json.dumps({"data": rows})) == {ADDRESS: entry}


def test_networks_that_are_deleted_or_pending_do_not_count(tmp_path: Path) -> None:
    states = {"192.0.2.0/28": "deleted", "192.0.2.0/27": "pending", "192.0.2.0/25": "ok"}
    rows = [{"prefix": prefix, "status": status} for prefix, status in states.items()]
    entry = Entry(ip_network("192.0.2.0/25"), is_exchange=True)
    assert found(tmp_path / "x", json.dumps({"data": rows, "meta": {}})) == {ADDRESS: entry}


@pytest.mark.parametrize(
    "text",
    [
        PEERINGDB[:-20], "{}", '{"data": 1}', '{"data": [1, {"prefix": 2}]}', '{"ixpfx": []}',
        '{"a":' * 9999,
    ],
    ids=["cut short", "empty", "number", "odd rows", "no rows", "deep"],
)  # fmt: skip
def test_other_json_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"x: (not JSON|this JSON has no networks)"):
        found(tmp_path / "x", text)
