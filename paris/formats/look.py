"""How an output is to look: what every writer of a format is told beside what it writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The format by its suffix, and for text whether it has colours or keeps to ASCII."""

    format: str
    color: bool = False
    ascii: bool = False
