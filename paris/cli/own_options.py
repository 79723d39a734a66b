"""The options that a user always wants: from a file, and from an environment variable.

Both hold what the command line could: an option that is given there counts instead, and one that
does not go with what is given there is left out. The variable counts before the file.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.studies.registry import STUDIES
from paris.cli.exits import complain
from paris.errors import SettingsError, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import yaml

    from paris.cli.parsing import Parser
    from paris.sim.nodes import Nodes

VARIABLE: Final = "PARIS_TRACE_OPTIONS"
_FILE: Final = "config.yaml"
# What a single run is about; no file is ever written, or read, because of what was set long ago.
_OF_A_RUN: Final = ("output", "format", "json", "replay", "sim", "help", "version", "seed")
# A file is read as it was measured, unless the command line says otherwise.
_OF_A_READING: Final = ("mda", "mda_lite", "confidence", "per_vertex", "min_share")
_ANY_HOST: Final = "192.0.2.1"  # of a documentation range (RFC 5737); nothing is sent


class _Own(NamedTuple):
    """The words of an option, the attribute in which argparse keeps it, and where they are."""

    words: tuple[str, ...]
    dest: str
    place: str


def with_own(arguments: Sequence[str]) -> list[str]:
    """The arguments, behind the user's own options that go with them.

    Raises SettingsError, or TopologyError for a file that is not YAML, where such an option could
    never be used.
    """
    variable, file = _variable(), _file()
    if not variable and file is None:
        return list(arguments)
    from paris.cli.parser import trace_parser

    parser = trace_parser()
    sources = [_of_words(variable, parser), [] if file is None else list(_of_file(file, parser))]
    if (taken := _given(arguments)) is None:
        return list(arguments)  # what is wrong with them is said as ever
    if "replay" in taken:
        taken |= {*_OF_A_READING, *(parser.dest(f"--{study.name}") for study in STUDIES)}
    kept: list[str] = []
    for source in sources:
        found = set()
        for own in source:
            _check(own)
            if own.dest not in taken and _given([*own.words, *kept, *arguments]) is not None:
                kept += own.words
                found.add(own.dest)
        taken |= found
    return [*kept, *arguments]


def _given(arguments: Sequence[str]) -> set[str] | None:
    """Where argparse keeps the options that are given; None for arguments that are refused."""
    from paris.cli.options import parse_trace
    from paris.cli.parser import trace_parser

    try:
        parse_trace(arguments)
    except SettingsError:
        return None
    return trace_parser().given(arguments)


def _check(own: _Own) -> None:
    """Raise SettingsError for an option that no command line accepts."""
    from paris.cli.options import parse_trace

    studies = [[f"--{study.name}"] for study in STUDIES if not study.argument]
    fault = None
    for beside in ([], *studies, ["--mda"]):
        try:
            parse_trace([*own.words, *beside, _ANY_HOST])
        except SettingsError as error:
            fault = error
        else:
            return
    raise SettingsError(f"{own.place}: {fault}")


def _variable() -> str:
    """The words of the variable; those that sudo hands on are another user's."""
    is_own = os.getuid() == os.geteuid() and "SUDO_UID" not in os.environ
    return os.environ.get(VARIABLE, "") if is_own else ""


def _file() -> Path | None:
    """The user's file, if there is one that nobody else can have written."""
    if "SUDO_UID" not in os.environ:  # `folders` costs some of the time to the first probe
        folder = os.environ.get("XDG_CONFIG_HOME") or f"{os.environ.get('HOME', '')}/.config"
        if not os.path.isdir(f"{folder}/paris-trace"):  # noqa: PTH112 - as above
            return None
    from paris import folders

    own_folder = next(folders.of_user("XDG_CONFIG_HOME", ".config"), None)
    if own_folder is None or not (path := own_folder / _FILE).is_file():
        return None
    status = path.stat()
    if status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return path
    complain("paris-trace", f"{path} is not used: other users can write to it")
    return None


def _of_words(words: str, parser: Parser) -> list[_Own]:
    """The options in the variable."""
    if not words:
        return []
    import shlex

    try:
        left = shlex.split(words)
    except ValueError as error:
        raise SettingsError(f"{VARIABLE}: {error}") from None
    found = []
    while left:
        word = left.pop(0)
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if not word.startswith("-") or name not in _settable(parser):
            raise SettingsError(f"{VARIABLE}: {on_one_line(word)} is not an option to set for good")
        takes_next = name in parser.valued and name == word and left
        words_of_it = (word, left.pop(0)) if takes_next else (word,)
        found.append(_Own(words_of_it, parser.dest(name), VARIABLE))
    return found


def _of_file(path: Path, parser: Parser) -> Iterator[_Own]:
    """The options in the file: names of long options, each with its value, values or true."""
    from paris.sim.nodes import Nodes, composed

    root = composed(path)
    if root is None:
        return
    nodes = Nodes(path)
    names = [name.removeprefix("--") for name in _settable(parser) if name.startswith("--")]
    for name, node in nodes.mapping(root, names).items():
        place, option = f"{path}:{node.start_mark.line + 1}", f"--{name}"
        for word in _words(nodes, option, node, parser):
            yield _Own((word,), parser.dest(option), place)


def _words(nodes: Nodes, option: str, node: yaml.Node, parser: Parser) -> list[str]:
    if option in parser.valued:
        items = nodes.items(node) if nodes.is_list(node) else [node]
        if len(items) > 1 and option not in parser.repeatable:
            nodes.fail(node, f"{option} takes one value")
        return [f"{option}={nodes.text(item)}" for item in items]
    said = nodes.text(node)
    if said not in ("true", "false"):
        nodes.fail(node, f"{option} is true or false")
    return [option] if said == "true" else []


def _settable(parser: Parser) -> frozenset[str]:
    """The names of the options that can be set for good."""
    return frozenset(name for name in parser.options if parser.dest(name) not in _OF_A_RUN)
