"""Text from outside, made harmless: for people, and for the shells that they paste into.

Whoever owns an address, a router or a file chooses the names in it. Formats that have their own
escapes (DOT, JSON, XML) add them to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

_Value = TypeVar("_Value")


def printable(text: str) -> str:
    r"""The text with every character escaped that steers a terminal, or the order of others.

    >>> printable("evil\x1b[2J\u202ehost")
    'evil\\x1b[2J\\u202ehost'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def shown(value: _Value) -> _Value:
    r"""The value with every text in it printable, however deep in tuples and mappings.

    >>> shown(("a\nb", {"c": (1, "d\x7f")}))
    ('a\\nb', {'c': (1, 'd\\x7f')})
    """
    return cast("_Value", _shown(value))


def _shown(value: object) -> object:
    if value is None or isinstance(
        value, float
    ):  # as most are; to find out about a mapping is slow
        return value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(member) for key, member in value.items()}
    if isinstance(value, tuple):
        members = map(_shown, value)
        return value._make(members) if hasattr(value, "_make") else tuple(members)
    return value


def shell_word(text: str) -> str:
    r"""The text as one word of a shell command, which holds printable characters alone.

    What does not print is written in `$'...'` (POSIX.1-2024, 2.2.4).

    >>> [shell_word(text) for text in ("two-way", "my net.yaml", "x;y", "it's", "a\x1bb'")]
    ['two-way', "'my net.yaml'", "'x;y'", '\'it\'"\'"\'s\'', "$'a\\033b\\''"]
    """
    if text.isprintable():
        from shlex import quote  # not before the first probe

        return quote(text)
    return f"$'{''.join(map(_in_dollar_quotes, text))}'"


def _in_dollar_quotes(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    is_byte = "\udc80" <= character <= "\udcff"  # of an argument that is not UTF-8
    errors = "surrogateescape" if is_byte else "surrogatepass"
    return "".join(f"\\{byte:03o}" for byte in character.encode(errors=errors))
