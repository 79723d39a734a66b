"""The options that a user always wants: from a file, and from an environment variable.

Both hold what the command line could: an option that is given there counts instead, and one that
does not go with what is given there is left out. The variable counts before the file. The command
line may name another file, or leave out both.
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
_OF_A_RUN: Final = (
    "output", "format", "json", "jsonl", "replay", "sim", "help", "version", "seed",
    "config", "no_config", "print_config", "dry_run",
)  # fmt: skip
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
    kept, _ = _sorted_out(arguments)
    return [*(word for own in kept for word in own.words), *arguments]


def asks_for_account(arguments: Sequence[str]) -> bool:
    """Whether `account` is asked for."""
    return "--print-config" in _options(arguments)


def account(arguments: Sequence[str]) -> str:
    """A line for each option that counts, and one for each that is left out: where it is from.

    Raises as `with_own` does, and SettingsError for arguments that are refused.
    """
    from paris.cli.options import parse_trace
    from paris.cli.parser import trace_parser

    if _given(arguments) is None and _given([*arguments, _ANY_HOST]) is not None:
        arguments = [*arguments, _ANY_HOST]  # options need no host to be looked at
    parse_trace(arguments)
    kept, left_out = _sorted_out(arguments)
    rows = [*_of_line(arguments, trace_parser()), *kept]
    rows += [own._replace(place=f"{own.place}, left out here") for own in left_out]
    width = max((len(" ".join(own.words)) for own in rows), default=0)
    lines = (f"{' '.join(own.words):{width}}  {own.place}" for own in rows)
    return "".join(f"{on_one_line(line)}\n" for line in lines)


def _sorted_out(arguments: Sequence[str]) -> tuple[list[_Own], list[_Own]]:
    """The user's own options that count beside the arguments, and those that do not."""
    variable, file = _sources(arguments)
    if not variable and file is None:
        return [], []
    from paris.cli.parser import trace_parser

    parser = trace_parser()
    sources = [_of_variable(variable, parser), [] if file is None else list(_of_file(file, parser))]
    if (taken := _given(arguments)) is None:
        return [], []  # what is wrong with them is said as ever
    if "replay" in taken:
        taken |= {*_OF_A_READING, *(parser.dest(f"--{study.name}") for study in STUDIES)}
    kept: list[_Own] = []
    left_out: list[_Own] = []
    for source in sources:
        found = set()
        for own in source:
            _check(own)
            words = [word for former in kept for word in former.words]
            if own.dest not in taken and _given([*own.words, *words, *arguments]) is not None:
                kept.append(own)
                found.add(own.dest)
            else:
                left_out.append(own)
        taken |= found
    return kept, left_out


def _options(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments in front of the first that cannot be an option."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _sources(arguments: Sequence[str]) -> tuple[str, Path | None]:
    """The words of the variable, and the file."""
    options = list(_options(arguments))
    if "--no-config" in options:
        return "", None
    for place, word in enumerate(options):
        name, joined, value = word.partition("=")
        if name == "--config" and (joined or options[place + 1 :]):
            return _variable(), _named(value if joined else options[place + 1])
    return _variable(), _file()


def _named(name: str) -> Path:
    """The file that the command line names; under sudo it is one that its caller can read."""
    from pathlib import Path

    path, caller = Path(name), os.environ.get("SUDO_UID")
    try:
        status = path.stat()
    except OSError:
        return path  # whoever reads it says why that cannot be
    if caller not in (None, str(status.st_uid)) and not status.st_mode & stat.S_IROTH:
        raise SettingsError(f"{path} is not used: it is not for all users to read")
    return path


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
    if own_folder is None:
        return None
    path = own_folder / _FILE
    try:
        status = path.stat()
    except OSError:  # as a home that this user may not enter
        return None
    if status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return path
    complain("paris-trace", f"{path} is not used: other users can write to it")
    return None


def _of_variable(words: str, parser: Parser) -> list[_Own]:
    """The options in the variable."""
    if not words:
        return []
    import shlex

    try:
        split = shlex.split(words)
    except ValueError as error:
        raise SettingsError(f"{VARIABLE}: {error}") from None
    found = _of_words(split, parser, VARIABLE)
    for own in found:
        if own.dest in ("", *_OF_A_RUN):
            word = on_one_line(own.words[0])
            raise SettingsError(f"{VARIABLE}: {word} is not an option to set for good")
    return found


def _of_line(arguments: Sequence[str], parser: Parser) -> list[_Own]:
    """The options of the command line."""
    found = _of_words(_options(arguments), parser, "command line")
    return [own for own in found if own.dest not in ("", "config", "no_config", "print_config")]


def _of_words(words: Sequence[str], parser: Parser, place: str) -> list[_Own]:
    """Words as options with their values; a word that is not an option has an empty `dest`."""
    left = parser.joined(words)
    found = []
    while left:
        word = left.pop(0)
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        is_option = word.startswith("-") and name in parser.options
        if is_option and word != name and name not in parser.valued and name == word[:2]:
            word, *left = name, f"-{word[2:]}", *left  # -nA is -n -A
        takes_next = is_option and name in parser.valued and name == word and left
        words_of_it = (word, left.pop(0)) if takes_next else (word,)
        found.append(_Own(words_of_it, parser.dest(name) if is_option else "", place))
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
    if said in ("true", "false"):
        return parser.joined([option]) if said == "true" else []
    if option not in parser.optionally_valued:
        nodes.fail(node, f"{option} is true or false")
    return [f"{option}={said}"]


def _settable(parser: Parser) -> frozenset[str]:
    """The names of the options that can be set for good."""
    return frozenset(name for name in parser.options if parser.dest(name) not in _OF_A_RUN)
