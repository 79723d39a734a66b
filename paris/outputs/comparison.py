"""Compares the traces of a host by several protocols, or reads a saved comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mda.comparison import compare
from paris.errors import FormatError
from paris.formats import comparison as files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.comparison import Comparison
    from mda.trace import Trace
    from paris.settings import Settings


def comparison_of(settings: Settings, traces: Sequence[Trace]) -> Comparison:
    """The comparison of the traces of the protocols in `settings`, in that order."""
    names = (lane.name for lane in settings.study.compare)
    return compare(list(zip(names, traces, strict=True)))


def read(file: str) -> Comparison | None:
    """The comparison in a file; None if the file holds something else or cannot be read.

    Raises FormatError for a damaged comparison.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
        if not text.startswith("{") or not files.is_comparison(json.loads(text)):
            return None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    try:
        return files.read(text, file)
    except AttributeError as error:
        raise FormatError(f"{file}: a value is not what it should be: {error}") from None
