"""Tags: every one has a copy that the IPv4 header can carry, and comes back from it."""

from __future__ import annotations

import pytest

from paris import tags
from paris.flows import Protocol


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.ICMP])
def test_a_tag_of_16_bits_comes_back_from_its_copy(protocol: Protocol) -> None:
    every = range(tags.FIRST_TAG, tags.TAG_FIELD[protocol].highest + 1)
    assert all(tags.tag_of(tags.ip_id(tag)) == tag for tag in every)


def test_the_copy_fits_and_is_never_0_whatever_the_tag() -> None:
    highest = tags.TAG_FIELD[Protocol.TCP].highest
    for tag in (*range(1, 0x20002), *range(highest - 0x20000, highest + 1)):
        assert 1 <= tags.ip_id(tag) <= 0xFFFF


def test_tags_avoid_what_udp_checksums_cannot_say() -> None:
    assert tags.FIRST_TAG == 1  # 0 says that there is no checksum (RFC 768)
    assert tags.TAG_FIELD[Protocol.UDP].highest == 0xFFFE  # 0xFFFF is the same number as 0
