"""The options of the Python functions: what is refused is named as the parameter."""

from __future__ import annotations

import re
from contextlib import contextmanager
from difflib import get_close_matches
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mda.model import FLOW_FIELDS, IPAddress
from paris.checks import LEAST_PROBABILITY, MIN_SHARE
from paris.errors import SettingsError, on_one_line
from paris.packets.protocols import Protocol
from paris.settings import GROUPS, Settings
from paris.wire.registry import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class _Kind(NamedTuple):
    """What a parameter may be, in words, and a test of it."""

    words: str
    accepts: Callable[[Any], bool]


def _of(words: str, *classes: type, besides: Callable[[Any], bool] = lambda _: True) -> _Kind:
    """Values of `classes` that `besides` accepts; True and False do not count as numbers."""

    def accepts(value: Any) -> bool:
        is_number = not isinstance(value, bool) or bool in classes
        return isinstance(value, classes) and is_number and besides(value)

    return _Kind(words, accepts)


def _one_of(values: Iterable[str | int]) -> _Kind:
    known = list(values)
    return _Kind(" or ".join(map(repr, known)), lambda value: value in known)


_ADDRESS: Final = _of("a name or an address", str, *IPAddress.__args__)
_NUMBER: Final = _of("a number", int, float)
_PATH: Final = _of("a name or a path", str, PathLike)
_SWITCH: Final = _of("True or False", bool)
_WHOLE: Final = _of("a whole number", int)

_KINDS: Final[Mapping[str, _Kind]] = {
    "host": _ADDRESS,
    "network": _PATH,
    "ip_version": _one_of((4, 6)),
    "source": _ADDRESS,
    "interface": _of("a name", str),
    "wire": _one_of(names()),
    "by_link": _SWITCH,
    "mark": _WHOLE,
    "protocol": _one_of(protocol.value for protocol in Protocol),
    "flow_field": _one_of(field.value for field in FLOW_FIELDS),
    "sport": _WHOLE,
    "dport": _WHOLE,
    "traffic_class": _WHOLE,
    "flow_label": _WHOLE,
    "payload": _of("a text", str),
    "multipath": _SWITCH,
    "lite": _SWITCH,
    "first_ttl": _WHOLE,
    "max_ttl": _WHOLE,
    "queries": _WHOLE,
    "gap_limit": _WHOLE,
    "failure_probability": _of(
        f"a number from {LEAST_PROBABILITY:g} to below 1",
        int,
        float,
        besides=lambda value: LEAST_PROBABILITY <= value < 1,
    ),
    "per_vertex": _SWITCH,
    "min_share": _of(
        f"a number from {MIN_SHARE:g} to 0.5",
        float,
        besides=lambda value: MIN_SHARE <= value <= 0.5,
    ),
    "rate_pps": _NUMBER,
    "wait_s": _NUMBER,
    "most_in_flight": _WHOLE,
    "max_probes": _WHOLE,
    "deadline_s": _NUMBER,
    "studies": _of("a dict of arguments by study", dict),
    "parameters": _of("a dict of numbers by parameter", dict),
    "compare": _of("a tuple of lanes", tuple),
    "every_s": _NUMBER,
    "rounds": _WHOLE,
    "until_s": _NUMBER,
    "seed": _WHOLE,
}

# What the command calls otherwise than its option says: in messages the longer comes first.
_IN_PYTHON: Final[Mapping[str, str]] = {
    "(--mda, ": "(",
    "lower -c": "a higher failure_probability",
    "-s/--source": "source",
    "-i/--interface": "interface",
    "-p/--port": "dport",
    "-t/--tos": "traffic_class",
    "-f/--first-hop": "first_ttl",
    "-m/--max-hops": "max_ttl",
    "-q/--queries": "queries",
    "-c/--confidence": "failure_probability",
    "-N/--sim-queries": "most_in_flight",
    "-w/--wait": "wait_s",
    "a simulated network with --sim": "a simulated network (network=...)",
    "--sim": "network",
    "--link": "by_link",
    "--rate": "rate_pps",
    "--deadline": "deadline_s",
    "--mda-lite": "lite",
    "--watch": "every_s",
    "--count": "rounds",
    "--until": "until_s",
    "name a HOST": "name a host",
    "either a HOST": "either a host",
    "-4": "ip_version=4",
    "-6": "ip_version=6",
    "-U": "protocol='udp'",
    "-I": "protocol='icmp'",
    "-T": "protocol='tcp'",
}
_OPTION: Final = re.compile(
    "|".join(map(re.escape, sorted(_IN_PYTHON, key=len, reverse=True)))
    + r"|(?<![\w-])--(?P<name>[a-z][a-z-]*)"
)


def settings(**options: Any) -> Settings:
    """Settings from the fields of all groups of `paris.settings`, each by its own name.

    Raises TypeError for a name that no field has, and SettingsError, which is a ValueError, with
    one line that names the parameter for a value that it cannot have.
    """
    for name, value in options.items():
        kind = _KINDS.get(name)
        if kind is None:
            near = get_close_matches(name, _KINDS, n=1)
            raise TypeError(
                f"no parameter is named {name!r}" + "".join(f"; {own!r} is" for own in near)
            )
        if not kind.accepts(value) and not (value is None and _may_be_none(name)):
            said = on_one_line(repr(value))
            raise SettingsError(f"{name} must be {kind.words}, not {said}")
    with named_as_in_python():
        return Settings.of(**options)


def _may_be_none(name: str) -> bool:
    """Whether the field that has this name is None unless given."""
    return any(getattr(group, name, ...) is None for group in (Settings, *GROUPS.values()))


@contextmanager
def named_as_in_python() -> Iterator[None]:
    """Raise SettingsErrors again, with parameters where options of the command are named."""
    try:
        yield
    except SettingsError as error:
        raise type(error)(_OPTION.sub(_parameter, str(error))) from None


def _parameter(option: re.Match[str]) -> str:
    name = option["name"]
    return _IN_PYTHON[option[0]] if name is None else name.replace("-", "_")
