"""What a simulated host says to SYNs while a connection is half open, by the rules of Linux."""

from __future__ import annotations

import struct

from paris.sim.listening import Listening, Said

ENDS = bytes(8)
DELAY_S = 0.02


def hears(host: Listening, number: int, at_s: float, *, is_lost: bool = False) -> Said | None:
    return host.hears(ENDS, struct.pack("!HHI", 20_000, 80, number), at_s, DELAY_S, is_lost=is_lost)


def test_a_refused_connection_is_forgotten_one_round_trip_later() -> None:
    host = Listening()
    assert hears(host, 100, 0.0) == Said("SA", 101)
    assert hears(host, 100, 0.01) == Said("SA", 101)  # the same SYN again
    assert hears(host, 101, 0.03) == Said("SA", 102)


def test_a_second_syn_is_reset_within_the_window_and_acknowledged_outside_it() -> None:
    for step, flags, said in ((1, "RA", 1), (65_535, "RA", 65_535), (65_537, "A", 0), (-1, "A", 0)):
        host, number = Listening(), 0xFFFF_FFF0
        hears(host, number, 0.0)
        other = (number + step) & 0xFFFF_FFFF
        acknowledged = (number + said + 1) & 0xFFFF_FFFF
        assert hears(host, other, 0.001) == Said(flags, acknowledged), step
    assert hears(host, number - 2, 0.002) is None  # only twice per second


def test_a_connection_whose_syn_ack_is_lost_stays_half_open_until_it_is_sent_again() -> None:
    host = Listening()
    assert hears(host, 100, 0.0, is_lost=True) == Said("SA", 101, 1.0)
    assert hears(host, 200_000, 0.3) == Said("A", 101)  # which the source refuses
    assert hears(host, 200_000, 0.33) == Said("SA", 200_001)
    assert hears(host, 100, 0.5, is_lost=True) == Said("SA", 101, 1.0)
    assert hears(host, 200_000, 0.6, is_lost=True) is None
    assert hears(host, 200_000, 1.4) == Said("A", 101)


def test_a_reset_that_is_lost_still_closes_the_connection() -> None:
    host = Listening()
    hears(host, 100, 0.0)
    assert hears(host, 101, 0.001, is_lost=True) is None
    assert hears(host, 102, 0.002) == Said("SA", 103)
