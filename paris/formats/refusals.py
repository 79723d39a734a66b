"""What a writer of many traces does with one that its format does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from paris.errors import OutputError


def end(error: OutputError) -> NoReturn:
    """Raise the error, and so write none of the others."""
    raise error
