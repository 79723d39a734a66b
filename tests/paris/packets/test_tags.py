"""Tags: every one has a copy that the IPv4 header can carry, and comes back from it."""

from __future__ import annotations

import pytest

from paris.packets import tags

EVERY = range(tags.FIRST_TAG, tags.HIGHEST_TAG + 1)


def test_the_ip_identification_yields_its_tag_and_is_never_0() -> None:
    assert all(tags.tag_of(tags.ip_id(tag)) == tag for tag in EVERY)
    assert all(1 <= tags.ip_id(tag) <= 0xFFFF for tag in EVERY)


def test_a_sequence_number_yields_its_tag() -> None:
    assert all(tags.of_sequence(tags.sequence(tag)) == tag for tag in EVERY)


@pytest.mark.parametrize("number", [0, 1, 0xBEEF, 0xBEEF_BEEE, 0xDEAD_BEEF, 0xFFFF_FFFE])
def test_a_sequence_number_of_another_program_yields_neither_a_tag_nor_0(number: int) -> None:
    assert tags.of_sequence(number) not in (0, *EVERY)


def test_no_sequence_number_lies_in_the_window_behind_another() -> None:
    numbers = [tags.sequence(tag) for tag in EVERY]
    following = [*numbers[1:], numbers[0] + (1 << 32)]
    # A SYN takes a number itself; a window begins behind that, and has 65,535 at most.
    assert all(
        after - number - 1 > 65_535 for number, after in zip(numbers, following, strict=True)
    )


def test_tags_avoid_the_udp_checksums_0_and_ffff() -> None:
    assert tags.FIRST_TAG == 1  # 0 says that there is no checksum (RFC 768)
    assert tags.HIGHEST_TAG == 0xFFFE  # 0xFFFF is the same number as 0
