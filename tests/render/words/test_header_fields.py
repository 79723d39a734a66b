"""Every field that a trace can name has words."""

from __future__ import annotations

from mda.findings.changes.headers import TRANSPORT
from paris.packets.tags import FIELD_NAME
from render.words.header_fields import HEADER_FIELDS


def test_every_field_that_tags_use_or_a_nat_changes_has_words() -> None:
    assert {*FIELD_NAME.values(), *TRANSPORT} <= HEADER_FIELDS.keys()
