"""Moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def date(unix_s: float) -> str:
    """A moment in UTC, empty for none: virtual time has no date, and a file may say any number.

    >>> date(1_700_000_000.0), date(0.0), date(1e300)
    ('2023-11-14 22:13:20 UTC', '', '')
    """
    if not unix_s:
        return ""
    try:
        return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OSError, OverflowError, ValueError):
        return ""
