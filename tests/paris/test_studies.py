"""The studies of the command line, on simulated networks."""

from __future__ import annotations

import pytest

from tests.paris.test_cli import process


def test_balancers_are_classified() -> None:
    ran = process("--sim", "two-way", "--classify")
    assert ran.returncode == 0
    text = " ".join(ran.stdout.split())
    assert "1 balancer 198.51.100.1 (hop 2): per flow, 2 ways (wrong with" in text
    assert "ignored: traffic class" in text
    unseen = process("--sim", "per-destination", "--mda")
    assert "no diamond" in unseen.stdout
    found = process("--sim", "per-destination", "--classify")
    assert "198.51.100.1 (hop 2): per destination, 3 ways" in found.stdout
    assert max(map(len, found.stdout.splitlines())) <= 80


def test_icmp_is_classified_by_its_first_four_bytes() -> None:
    ran = process("--sim", "two-way", "--classify", "-I")
    assert "first four bytes of ICMP" in ran.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prefix-len", "24"), "--prefix-len goes with --classify"),
        (("--flows", "100"), "--flows goes with --classify"),
        (
            ("--classify", "--prefix-len", "33"),
            "--prefix-len must be from 1 to 32 for 203.0.113.9, not 33",
        ),
        (("--classify", "--prefix-len", "0"), "--prefix-len must be from 1 to 128, not 0"),
        (("--classify", "--flows", "99999"), "--flows must be from 0 to 50000, not 99999"),
    ],
)
def test_studies_refuse_what_makes_no_sense(options: tuple[str, ...], message: str) -> None:
    ran = process("--sim", "two-way", *options)
    assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {message}\n")
