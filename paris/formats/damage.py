"""One line for a file whose values are not what they should be, wherever that shows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Raises FormatError, with the file's `name`, for what its values make fail inside."""
    try:
        yield
    except KeyError as error:
        raise FormatError(f"{name}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise FormatError(f"{name}: a value is not what it should be: {error}") from error
