"""Turns YAML nodes into checked values; each mistake is a TopologyError with file, line and cure.

This file handles YAML, not networks. It reads nodes, because loaded values have no line numbers.
"""

from __future__ import annotations

import re
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, TypeVar

import yaml

from paris.errors import TopologyError, on_one_line
from paris.files import opened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from mda.model import IPAddress

_LONGEST: Final = 600  # characters of a message, which may list all that is known
_PORTS: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_Choice = TypeVar("_Choice", bound=Enum)
_Number = TypeVar("_Number", int, float)


def compose(path: Path) -> yaml.Node:
    """The root node of a YAML file. Raises TopologyError if the file is unreadable or empty."""
    root = composed(path)
    if root is None:
        raise TopologyError(f"{path}:1: the file is empty; it needs source, destination, paths")
    return root


def composed(path: Path) -> yaml.Node | None:
    """The root node of a YAML file, None of an empty one. Raises TopologyError."""
    try:
        with opened(str(path), TopologyError) as stream:
            text = stream.readall().decode()
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise TopologyError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TopologyError(f"{path}: not a text file in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TopologyError(f"{path}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise TopologyError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise TopologyError(f"{path}: brackets are nested too deeply; close them") from None
    return root


def hint(text: str, known: Collection[str]) -> str:
    """A hint for a wrong `text`: the nearest `known` text, if any, and the list of all."""
    import difflib  # only mistakes need it

    close = difflib.get_close_matches(text, known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}known: {', '.join(known)}"


class Nodes(NamedTuple):
    """Reads the nodes of the file `path`. Each method raises TopologyError for an invalid node."""

    path: Path

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        """Raise TopologyError with the line where `node` begins."""
        line = node.start_mark.line + 1
        raise TopologyError(f"{self.path}:{line}: {on_one_line(message, _LONGEST)}")

    def mapping(self, node: yaml.Node, allowed: Collection[str]) -> dict[str, yaml.Node]:
        """The values of a mapping by key; all keys must be in `allowed`."""
        parts: dict[str, yaml.Node] = {}
        for key, value in self.pairs(node):
            name = self.text(key)
            if name not in allowed:
                self.fail(key, f"unknown key {name!r}; {hint(name, allowed)}")
            parts[name] = value
        return parts

    def pairs(self, node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
        """The keys and values of a mapping, whose keys must be unique."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, "expected `key: value` pairs here")
        seen: set[str] = set()
        for key, _ in node.value:
            name = self.text(key)
            if name in seen:
                self.fail(key, f"{name!r} is given twice; remove one")
            seen.add(name)
        return list(node.value)

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        """The items of a list."""
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, "expected a list here: [a, b] or lines that begin with -")
        return list(node.value)

    def is_mapping(self, node: yaml.Node) -> bool:
        """Whether the node holds `key: value` pairs."""
        return isinstance(node, yaml.MappingNode)

    def is_list(self, node: yaml.Node) -> bool:
        """Whether the node holds a list."""
        return isinstance(node, yaml.SequenceNode)

    def text(self, node: yaml.Node) -> str:
        """The text of a single value, as written in the file."""
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, "expected a single value here")
        return str(node.value)

    def number(self, node: yaml.Node, lowest: float, highest: float) -> float:
        """A number within limits."""
        text = self.text(node)
        try:
            number = float(text)
        except ValueError:
            self.fail(node, f"not a number: {text!r}; use one from {lowest:g} to {highest:g}")
        return self._within(node, number, lowest, highest)

    def whole(self, node: yaml.Node, lowest: int, highest: int) -> int:
        """A whole number within limits."""
        text = self.text(node)
        try:
            number = int(text)
        except ValueError:
            self.fail(node, f"not a whole number: {text!r}; use one from {lowest} to {highest}")
        return self._within(node, number, lowest, highest)

    def ports(self, node: yaml.Node) -> tuple[range, ...]:
        """Ports: a number, a range such as 8000-8999, or a list of these."""
        items = self.items(node) if self.is_list(node) else [node]
        return tuple(self._range_of_ports(item) for item in items)

    def _range_of_ports(self, node: yaml.Node) -> range:
        text = self.text(node)
        match = _PORTS.fullmatch(text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 65_535:
            self.fail(node, f"not a port: {text!r}; use 1 to 65535, or a range such as 8000-8999")
        return range(first, last + 1)

    def _within(
        self, node: yaml.Node, number: _Number, lowest: _Number, highest: _Number
    ) -> _Number:
        if not lowest <= number <= highest:
            self.fail(node, f"{number} is out of range; use {lowest} to {highest}")
        return number

    def flag(self, node: yaml.Node) -> bool:
        """True or false."""
        text = self.text(node)
        if text not in ("true", "false"):
            self.fail(node, f"{text!r} is neither true nor false")
        return text == "true"

    def one_of(self, node: yaml.Node, members: Iterable[_Choice]) -> _Choice:
        """The one of `members` (an enum, or some of its members) with the node's value."""
        text = self.text(node)
        choices = {member.value: member for member in members}
        if text not in choices:
            self.fail(node, f"unknown value {text!r}; {hint(text, choices)}")
        return choices[text]

    def address(self, node: yaml.Node, text: str | None = None) -> IPAddress:
        """The address in a node, or in `text` if given; errors still name the node's line."""
        text = self.text(node) if text is None else text
        try:
            return ip_address(text)
        except ValueError:
            self.fail(node, f"not an IPv4 or IPv6 address: {text!r}")

    def plain(self, node: yaml.Node, allowed: Collection[str]) -> Mapping[str, Any]:
        """A mapping of plain values, which are not checked; its keys must be in `allowed`."""
        self.mapping(node, allowed)
        try:
            return dict(yaml.SafeLoader("").construct_document(node))
        except yaml.MarkedYAMLError as error:
            self.fail(node, f"cannot be read: {error.problem}")
        except ValueError as error:  # a number of thousands of digits, or a date that is none
            self.fail(node, f"cannot be read: {error}")
