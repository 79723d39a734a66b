"""What the TTL of a reply shows: its distance, and whether a host copied that of the probe."""

from __future__ import annotations

import pytest

from mda.answers.distances import copies_ttl
from tests.support.outcomes import TARGET, reply


@pytest.mark.parametrize(
    ("ttl", "quoted", "arrived", "is_copied"),
    [
        pytest.param(9, None, 1, True, id="a reply with its last TTL"),
        pytest.param(9, 5, 1, True, id="the same, with a quote"),
        pytest.param(30, 26, 22, True, id="it lost as many as the probe"),
        pytest.param(30, 26, 60, False, id="of an initial 64"),
        pytest.param(30, 26, 28, False, id="of an initial 32"),
        pytest.param(30, 26, 26, False, id="of an initial 30"),
        pytest.param(30, None, 22, False, id="no quote to compare with"),
        pytest.param(68, 64, 60, False, id="where the copy would be of an initial 64"),
        pytest.param(36, 32, 28, False, id="where the copy would be of an initial 32"),
        pytest.param(1, 1, 1, False, id="of a neighbour"),
        pytest.param(9, 5, None, False, id="a wire that sees no TTLs"),
    ],
)
def test_a_reply_copies_the_ttl_if_no_usual_one_explains_its_own(
    ttl: int, quoted: int | None, arrived: int | None, *, is_copied: bool
) -> None:
    final = reply(0, ttl, TARGET, ends=True)._replace(quoted_ttl=quoted, reply_ttl=arrived)
    assert copies_ttl(final) is is_copied
    assert not copies_ttl(reply(0, ttl, TARGET)._replace(quoted_ttl=quoted, reply_ttl=arrived))
