"""Moments of sending: the program's until the kernel's is known, in its batch or late."""

from __future__ import annotations

from contextlib import suppress

from paris.wire.linux.send_times import Numbers, SendTimes


def test_a_stamp_within_its_batch_replaces_the_clock_reading() -> None:
    times = SendTimes()
    with times.batch() as sent_at_s:
        first, second = times.add(1.0), times.add(2.0)
        times.stamp(second, 2.5)
    assert (first, second, sent_at_s) == (0, 1, [1.0, 2.5])
    assert times.late() == []


def test_a_stamp_after_its_batch_is_reported_as_late_once() -> None:
    times = SendTimes()
    with times.batch() as before:
        number = times.add(1.0)
    with times.batch() as after:
        times.add(3.0)
        times.stamp(number, 1.5)
    assert (before, after) == ([1.0], [3.0])
    assert times.late() == [(number, 1.5)]
    assert times.late() == []


def test_a_stamp_older_than_its_datagram_is_ignored() -> None:
    times = SendTimes()
    with times.batch() as sent_at_s:
        times.stamp(times.add(1.0), 0.5)
    assert (sent_at_s, times.stamped) == ([1.0], 0)


def test_a_batch_that_fails_keeps_the_times_of_datagrams_that_were_sent() -> None:
    times = SendTimes()
    with suppress(OSError), times.batch() as sent_at_s:
        times.add(1.0)
        raise OSError("full")
    times.stamp(0, 1.5)
    assert sent_at_s == [1.0]
    assert times.late() == [(0, 1.5)]


def test_a_datagram_that_did_not_leave_has_no_number() -> None:
    times = SendTimes()
    with times.batch() as sent_at_s:
        times.add(1.0)
        times.add(2.0)
        times.withdraw()
        assert times.add(3.0) == 1
        times.stamp(1, 3.5)
    assert (sent_at_s, times.count) == ([1.0, 3.5], 2)


def test_only_the_latest_datagrams_are_kept_and_the_kernels_numbers_begin_again() -> None:
    numbers, times = Numbers(), SendTimes()
    for number in range(10_000):
        numbers.sent(number)
        times.add(float(number))
    numbers.refused()
    numbers.sent(10_000)
    assert [numbers.ours(own) for own in (0, 9_999, 10_000, 10_001)] == [None, 9_999, None, 10_000]
    assert [numbers.ours(own) for own in (9_999, 9_998)] == [None, 9_998]  # each once
    assert times.count == 10_000
    numbers._count = (1 << 32) - 1
    numbers.sent(7)
    numbers.sent(8)
    assert (numbers.ours((1 << 32) - 1), numbers.ours(0)) == (7, 8)
    for own in (numbers._ours, times._unstamped):
        assert len(own) <= 4098
