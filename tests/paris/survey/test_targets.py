"""Targets: names, addresses and prefixes become addresses in a random order, without a list."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, NoReturn

import pytest

from paris.errors import SettingsError
from paris.survey.targets import Targets, block, prefix, words

if TYPE_CHECKING:
    from pathlib import Path

    from mda.model import IPAddress


def no_name(name: str) -> NoReturn:
    raise AssertionError(name)


def traced(*given: str, per_prefix: int | None = None, excluded: tuple[str, ...] = ()) -> set[str]:
    blocks = [block(word, per_prefix, no_name) for word in given]
    addresses = list(Targets(blocks, map(ip_network, excluded), 1))
    assert len(set(addresses)) == len(addresses)
    return set(map(str, addresses))


def test_a_prefix_stands_for_its_hosts() -> None:
    assert traced("192.0.2.0/30", "2001:db8::/127") == {
        "192.0.2.1", "192.0.2.2", "2001:db8::", "2001:db8::1",
    }  # fmt: skip


def test_one_address_is_drawn_of_each_prefix() -> None:
    found = traced("10.0.0.0/16", "10.9.9.9", "10.8.0.0/26", per_prefix=24)
    assert {address.rpartition(".")[0] for address in found} == {
        *(f"10.0.{number}" for number in range(256)), "10.9.9", "10.8.0",
    }  # fmt: skip
    assert len(found) == 258
    assert not any(address.endswith((".0", ".255")) for address in found)


def test_the_same_addresses_are_drawn_again() -> None:
    assert traced("10.0.0.0/16", per_prefix=20) == traced("10.0.0.0/16", per_prefix=20)


def test_excluded_prefixes_are_left_out() -> None:
    assert traced("192.0.2.0/29", excluded=("192.0.2.4/30", "192.0.2.1/32", "2001:db8::/32")) == {
        "192.0.2.2", "192.0.2.3",
    }  # fmt: skip


def test_names_are_asked_for() -> None:
    def resolve(name: str) -> IPAddress:
        assert name == "example.net"
        return ip_address("192.0.2.7")

    assert block("example.net", None, resolve).first == int(ip_address("192.0.2.7"))


def test_a_file_has_a_target_a_line(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("192.0.2.1 # the first\n\n# none\n10.0.0.0/8\n")
    found = words([str(file), "::1"], lambda word: word == str(file))
    assert list(found) == ["192.0.2.1", "10.0.0.0/8", "::1"]


def test_what_is_no_prefix_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"'10\.0\.0/8' is neither"):
        prefix("10.0.0/8")


def test_too_many_targets_are_refused() -> None:
    with pytest.raises(SettingsError, match="too many"):
        Targets([block("2001:db8::/64", None, no_name)], (), 1)
