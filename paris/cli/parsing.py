"""Shared by the parsers of both commands: usage errors, the width of help, and output options."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from paris.errors import SettingsError
from paris.outputs.columns import terminal_width
from paris.outputs.files import STANDARD_OUTPUT, check, write
from paris.outputs.registry import suffixes
from paris.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBER: Final = re.compile(r"[-+]?\.?\d[\d.e]*(ms|s)?$")
_NEGATIVE: Final = re.compile(r"-(\d|\.\d|inf|nan)")


class Parser(argparse.ArgumentParser):
    """A parser that raises SettingsError instead of printing the usage and exiting."""

    @property
    def valued(self) -> frozenset[str]:
        """The names of all options that take a value."""
        return frozenset(
            name for own in self._actions if own.nargs is None for name in own.option_strings
        )

    @property
    def optionally_valued(self) -> Mapping[str, object]:
        """The names of all options whose value may be left out, and what it then is."""
        return {
            name: own.const for own in self._actions if own.nargs == "?"
            for name in own.option_strings
        }  # fmt: skip

    @property
    def options(self) -> frozenset[str]:
        """The names of all options."""
        return frozenset(self._option_string_actions)

    @property
    def repeatable(self) -> frozenset[str]:
        """The names of all options that may be given several times, each time with a value."""
        return frozenset(
            name
            for own in self._actions
            if isinstance(own, argparse._AppendAction)
            for name in own.option_strings
        )

    def dest(self, option: str) -> str:
        """The attribute in which argparse keeps the value of an option."""
        return self._option_string_actions[option].dest

    def given(self, arguments: Sequence[str]) -> set[str]:
        """The attributes in which argparse keeps what the arguments give. Raises SettingsError."""
        absent = argparse.Namespace(**{own.dest: None for own in self._actions})
        found = vars(self.parse_args(self.joined(arguments), absent))
        return {dest for dest, value in found.items() if value is not None}

    def parsed(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The values of the options. A negative number is the value of the option before it.

        An option whose value may be left out takes only a number: --watch HOST, --watch 5 HOST.
        """
        return self.parse_args(self.joined(arguments))

    def joined(self, arguments: Sequence[str]) -> list[str]:
        """The arguments, with each number, and each value that was left out, at its option.

        So no option whose value may be left out takes a word that is put behind them.
        """
        valued, usual = self.valued, self.optionally_valued
        end = arguments.index("--") if "--" in arguments else len(arguments)
        joined: list[str] = []
        for word in arguments[:end]:
            option = joined[-1] if joined else ""
            if option in usual and _NUMBER.match(word):
                joined[-1] += f"={word}"
            elif option in valued and _NEGATIVE.match(word):
                joined[-1] += word if len(option) == 2 else f"={word}"
            else:
                joined.append(word)
        options = (f"{word}={usual[word]}" if word in usual else word for word in joined)
        return [*options, *arguments[end:]]

    def error(self, message: str) -> NoReturn:
        """Raise SettingsError with `message`, or with a suggestion for an unknown option."""
        if message.startswith("unrecognized arguments: "):
            import difflib

            # An argument may be empty, or a space.
            word = next(iter(message.split()[2:]), "''").split("=")[0]
            close = difflib.get_close_matches(word, sorted(self.options), n=1)
            hint = f"; did you mean {close[0]}?" if close else "; see --help"
            if word.removeprefix("--") in suffixes():
                hint = f"; -o FILE.{word.removeprefix('--')} writes that"
            if word.isdecimal():
                hint = f"; a port is written as HOST:{word}, and probes have one length"
            message = f"unknown option or argument {word}{hint}"
        raise SettingsError(message)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help or the version to standard output. Raises OutputError."""
        check(STANDARD_OUTPUT)
        write(STANDARD_OUTPUT, message.encode())


def help_formatter(prog: str) -> argparse.HelpFormatter:
    """Help as wide as the terminal; measured here, because argparse would import shutil for it."""
    return argparse.RawDescriptionHelpFormatter(prog, width=terminal_width() - 2)


def add_outputs(parser: argparse.ArgumentParser, *, measures: bool = True) -> None:
    """Add the options for outputs: their files, their formats, and the look of text.

    `measures` is whether the command measures; see `suffixes`.
    """
    formats = suffixes(measures=measures)
    group = parser.add_argument_group("output")
    add = group.add_argument
    add(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help=f"write FILE, as its suffix says: {' '.join(f'.{name}' for name in formats)}; "
        "- is standard output; repeatable",
    )
    add(
        "--format",
        choices=formats,
        metavar="SUFFIX",
        help="format of -o - and of files with another suffix, as one of those suffixes",
    )
    add("-j", "--json", action="store_true", help="the same as -o - --format json")
    add(
        "--redact",
        action="store_true",
        help="in all outputs, replace addresses, names and labels, each by the same everywhere",
    )
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colour the text (auto: on a terminal, unless NO_COLOR is set)",
    )
    add("--ascii", action="store_true", help="draw the text with ASCII only")
    add(
        "--plain",
        action="store_true",
        help="draw pictures without title, sentences and legend, as figures for a paper",
    )
    add(
        "--size",
        choices=("screen", "slide", "paper"),
        default="screen",
        help="what a picture is for; a slide has large text, paper is 8.5 cm wide (screen)",
    )
    folding = group.add_mutually_exclusive_group()
    folding.add_argument(
        "--fold",
        metavar="N",
        type=int,
        help="draw more than N branches that are alike as one stack (12)",
    )
    folding.add_argument(
        "--no-fold", dest="fold", action="store_const", const=0, help="draw every branch"
    )


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add the option that prints the version and exits."""
    parser.add_argument("-V", "--version", action="version", version=f"paris-trace {__version__}")
