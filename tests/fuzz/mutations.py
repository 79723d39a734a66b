"""Changes real inputs a little, so that they get deep into a reader: bytes, JSON, text, words."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

NUMBERS: Final = (
    0, 1, -1, 2, 255, 256, 65535, 65536, 2**31, 2**32, 2**40 + 1, 2**63, 2**64, 10**30, -(10**30),
    0.0, -0.0, 1.0, 1.5, 1e-320, 1e-299, 1e12, 1e13, 1e308, -1e308, float("inf"), float("nan"),
)  # fmt: skip
TEXTS: Final = (
    "", "x", "0", "-1", "1e400", "nan", "9" * 5000, "192.0.2.1", "::1", "2001:db8::1", "fe80::1%lo",
    "224.0.0.1", "0.0.0.0", "a\0b", "a\nb", "\x1b[31m", "\u202e", "\ud800", "\udcff", "é" * 300,
    "../..", "%n", "$(id)", "٣", "udp", "tcp", "icmp", "sport", "flow-label", "follow", "user",
)  # fmt: skip
ODD: Final[tuple[Any, ...]] = (None, True, False, [], {}, [[]], {"a": 1}, *NUMBERS, *TEXTS)
_WORD: Final = re.compile(r"[\w.:+-]+")
_SIGNS: Final = " \n:-[]{},'\"#&*!|>%@`?\t\x85\ufeff0a<"


def changed_bytes(random: Random, data: bytes) -> bytes:
    """Bytes with a few of them changed, doubled, removed or cut off."""
    made = bytearray(data)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(made) + 1)
        end = at + random.choice((1, 1, 2, 4, 8, 40))
        match random.randrange(7):
            case 0:
                made[at:end] = bytes(random.randrange(256) for _ in made[at:end])
            case 1:
                made[at : at + 1] = bytes([random.choice((0, 1, 4, 5, 0x7F, 0x80, 0xFF))])
            case 2:
                made[at : at + 2] = random.choice((0, 1, 8, 20, 40, 0xFFFF)).to_bytes(2, "big")
            case 3:
                made[at:at] = made[at:end]
            case 4:
                del made[at:end]
            case 5 if at < len(made):
                made[at] ^= 1 << random.randrange(8)
            case _ if random.random() < 0.2:
                del made[at:]
    return bytes(made)


def changed_json(random: Random, document: Any) -> str:
    """A JSON text in which a few values, names or signs of a document are changed."""
    made = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if isinstance(made, dict | list) and made:
            _change_value(random, made)
    text = json.dumps(made)
    if random.random() < 0.05:
        text = changed_text(random, text)
    if random.random() < 0.01:
        deep = random.choice(("[", '{"a":')) * random.choice((500, 900, 50_000))
        text = text.replace(random.choice(("[", "1", '"')), deep, 1)
    if random.random() < 0.02:
        text = re.sub(r"\b\d+\b", "9" * 5000, text, count=1)
    return text


def _change_value(random: Random, document: Any) -> None:
    """Change something in a list or an object, in place: each depth is as likely as the next."""
    holder, key = document, _key(random, document)
    while isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.85:
        holder = holder[key]
        key = _key(random, holder)
    old = holder[key]
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(old))
        case 1:
            holder[random.choice(TEXTS)] = old
        case 2 if isinstance(old, int | float):
            holder[key] = random.choice((old + 1, -old, old * 1000, float(old), str(old)))
        case 2 if isinstance(old, str):
            holder[key] = random.choice((old[:-1], old + old, old.upper(), old + "\0", [old]))
        case 3:
            # A value from elsewhere has a type and a form that belong to the format.
            other = document
            while isinstance(other, dict | list) and other and random.random() < 0.8:
                other = other[_key(random, other)]
            holder[key] = copy.deepcopy(other)
        case _:
            holder[key] = random.choice(ODD)


def _key(random: Random, holder: Any) -> Any:
    """A place in a list or an object, seldom that of the format's name, which ends the reading."""
    if isinstance(holder, list):
        return random.randrange(len(holder))
    names = [name for name in holder if name not in ("format", "version")]
    return random.choice(names if names and random.random() < 0.98 else list(holder))


def changed_text(random: Random, text: str) -> str:
    """A text in which a few words, lines or signs are changed."""
    for _ in range(random.randint(1, 3)):
        words = list(_WORD.finditer(text))
        lines = text.split("\n")
        match random.randrange(4):
            case 0 if words:
                word = random.choice(words)
                own = (random.choice(TEXTS), str(random.choice(NUMBERS)), random.choice(words)[0])
                text = text[: word.start()] + random.choice(own) + text[word.end() :]
            case 1:
                lines.insert(random.randrange(len(lines)), random.choice(lines))
                text = "\n".join(lines)
            case 2 if len(lines) > 1:
                lines.pop(random.randrange(len(lines)))
                text = "\n".join(lines)
            case _:
                at = random.randrange(len(text) + 1)
                text = text[:at] + random.choice(_SIGNS) + text[at + random.randint(0, 3) :]
    return text


def changed_arguments(
    random: Random, arguments: Sequence[str], options: Sequence[str]
) -> list[str]:
    """Arguments with a few others: known options, with and without values, that are odd or not."""
    made = list(arguments)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(made) + 1)
        value = random.choice((random.choice(TEXTS), str(random.choice(NUMBERS)), "1", "3", "20"))
        match random.randrange(6):
            case 0:
                made[at:at] = [random.choice(options)]
            case 1:
                made[at:at] = [f"{random.choice(options)}={value}"]
            case 2 if made:
                made.pop(at % len(made))
            case _:
                made[at:at] = [random.choice(options), value]
    return [word.replace("\0", "") for word in made]  # no process can be given that
