"""Writes many traces as lines of our JSON, each of which has everything of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.formats import native, refusals
from paris.formats.json_text import json_compact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.trace import Trace
    from paris.errors import OutputError
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace as one line of JSON, of what `native.write` writes."""
    return "".join(stream([trace]))


def stream(
    traces: Iterable[Trace], _: Callable[[OutputError], None] = refusals.end
) -> Iterator[str]:
    """A line for each trace."""
    for trace in traces:
        yield json_compact(native.document(trace)) + "\n"
