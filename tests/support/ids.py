"""Ids of parametrized tests: each value becomes words that a reader of a report understands."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

_LONGEST: Final = 100  # characters; of a longer value, only the name of its parameter is shown
_UNITS: Final = {"_ms": "ms", "_pps": "pps", "_s": "s"}


def id_of(value: object, name: str) -> str:
    """The id of a parameter's value, given the parameter's name.

    >>> id_of(True, "is_lite"), id_of(False, "is_lite"), id_of((), "options"), id_of(6, "version")
    ('lite', 'not lite', 'no options', 'IPv6')
    >>> id_of(3, "seed"), id_of(0.25, "wait_s"), id_of([1, 2, 1], "widths"), id_of("--mda", "mode")
    ('seed 3', 'wait 0.25 s', 'widths 1 2 1', '--mda')
    """
    noun = name.removeprefix("is_").removeprefix("has_").replace("_", " ")
    if isinstance(value, bool):
        return noun if value else f"not {noun}"
    if value is None or value in ("", b"", (), [], {}, range(0)):
        return f"no {noun}"
    if name.endswith("version") and value in (4, 6):
        return f"IPv{value}"
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return _measured(value, name)
    text = _words(value)
    if text is None or len(text) > _LONGEST or not text.isprintable():
        return noun
    is_row = isinstance(value, tuple | list) and not any(isinstance(item, str) for item in value)
    return f"{noun} {text}" if is_row else text


def _measured(number: float, name: str) -> str:
    """A number with the name of what it measures, and its unit."""
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} {number} {unit}"
    return f"{name.replace('_', ' ')} {number}"


def _words(value: object) -> str | None:
    """A value as words; None if it has none."""
    match value:
        case Enum():
            return value.name if isinstance(value, int) else str(value.value)
        case str() | int() | float() | None | IPv4Address() | IPv6Address():
            return str(value)
        case bytes():
            return value.decode("ascii", "replace")
        case range():
            return f"{value.start} to {value.stop - 1}"
        case BaseException():
            return f"{type(value).__name__} {value}"
        case Mapping():
            words = [f"{_words(key)}={_words(held)}" for key, held in value.items()]
        case set() | frozenset():
            words = sorted(str(_words(held)) for held in value)
        case tuple() | list():
            words = [_in_brackets(held) for held in value]
        case _:
            name: str | None = getattr(value, "__qualname__", None)
            return None if name is None or "<" in name else name
    return " ".join(words)


def _in_brackets(value: object) -> str:
    """A value as words, in brackets if it is a row of them."""
    words = _words(value) or ""
    return f"({words})" if isinstance(value, tuple | list | Mapping) else words
