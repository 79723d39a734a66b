from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.answers.rate_limits import LimitRange
from mda.model import ProbeRequest, Reply, ReplyKind
from render.words.vertices import ending, rates


def reply(kind: ReplyKind, address: str, icmp_type: int | None, code: int | None) -> Reply:
    return Reply(
        request=ProbeRequest(0, 1),
        kind=kind,
        responder=ip_address(address),
        sent_at_s=0.0,
        received_at_s=0.1,
        icmp_type=icmp_type,
        icmp_code=code,
    )


@pytest.mark.parametrize(
    ("address", "icmp_type", "code", "mark"),
    [
        ("192.0.2.1", 3, 0, "!N"),  # RFC 792
        ("192.0.2.1", 3, 1, "!H"),
        ("192.0.2.1", 3, 2, "!P"),
        ("192.0.2.1", 3, 4, "!F"),
        ("192.0.2.1", 3, 5, "!S"),
        ("192.0.2.1", 3, 6, "!N"),  # RFC 1122 section 3.2.2.1
        ("192.0.2.1", 3, 7, "!H"),
        ("192.0.2.1", 3, 8, "!N"),
        ("192.0.2.1", 3, 9, "!X"),
        ("192.0.2.1", 3, 10, "!X"),
        ("192.0.2.1", 3, 11, "!N"),
        ("192.0.2.1", 3, 12, "!H"),
        ("192.0.2.1", 3, 13, "!X"),  # RFC 1812 section 5.2.7.1
        ("192.0.2.1", 3, 14, "!V"),
        ("192.0.2.1", 3, 15, "!C"),
        ("192.0.2.1", 3, 99, "!<99>"),
        ("2001:db8::1", 1, 0, "!N"),  # RFC 4443 section 3.1
        ("2001:db8::1", 1, 1, "!X"),
        ("2001:db8::1", 1, 3, "!H"),
        ("2001:db8::1", 2, 0, "!F"),  # RFC 4443 section 3.2
    ],
)
def test_unreachable_errors_have_the_marks_of_traceroute(
    address: str, icmp_type: int, code: int, mark: str
) -> None:
    words = ending(reply(ReplyKind.UNREACHABLE, address, icmp_type, code)).split()
    assert words[0] == mark
    assert len(words) > 1


def test_port_unreachable_has_no_mark() -> None:
    for address, icmp_type, code in (("192.0.2.1", 3, 3), ("2001:db8::1", 1, 4)):
        assert ending(reply(ReplyKind.UNREACHABLE, address, icmp_type, code)) == "port unreachable"


@pytest.mark.parametrize("kind", ReplyKind)
def test_every_kind_of_reply_except_time_exceeded_has_words(kind: ReplyKind) -> None:
    is_ordinary = kind is ReplyKind.TIME_EXCEEDED
    assert (ending(reply(kind, "192.0.2.1", None, None)) == "") == is_ordinary


@pytest.mark.parametrize(
    ("lowest_pps", "highest_pps", "words"),
    [(4.0, 7.0, "about 5"), (1.2, 4.0, "1 to 4"), (0.2, 40.0, "at most 40")],
    ids=["close", "apart", "so far apart that the lower says nothing"],
)
def test_the_rates_of_a_limit_say_no_more_than_is_known(
    lowest_pps: float, highest_pps: float, words: str
) -> None:
    assert rates(LimitRange(lowest_pps, highest_pps, 6)) == words
