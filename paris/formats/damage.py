"""Turns the exceptions that a file's invalid values cause into one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Raise FormatError with the file's `name` if the code inside fails on the file's values."""
    try:
        yield
    except KeyError as error:
        raise FormatError(f"{name}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise FormatError(f"{name}: a value is not what it should be: {error}") from error
