"""What both parsers share: errors that can be caught, suggestions, and the width of help."""

from __future__ import annotations

import pytest

from paris.cli.parsing import Parser, add_outputs, add_version, help_formatter
from paris.errors import SettingsError
from paris.outputs.registry import suffixes
from paris.version import __version__


def parser() -> Parser:
    made = Parser(prog="p", formatter_class=help_formatter)
    add_outputs(made)
    add_version(made)
    return made


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--colour", "unknown option or argument --colour; did you mean --color?"),
        ("--colour=always", "unknown option or argument --colour; did you mean --color?"),
        ("--zzz", "unknown option or argument --zzz; see --help"),
        (
            "60",
            "unknown option or argument 60; a port is written as HOST:60, and probes have one "
            "length",
        ),
    ],
)
def test_an_unknown_option_is_an_error_with_a_suggestion(word: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parser().parse_args([word])
    assert str(refused.value) == message


def test_the_output_option_may_be_repeated_and_is_empty_by_default() -> None:
    assert parser().parse_args([]).output == []
    assert parser().parse_args(["-o", "a.svg", "-o", "-"]).output == ["a.svg", "-"]


def test_the_format_option_accepts_every_format_of_the_registry() -> None:
    for suffix in suffixes():
        assert parser().parse_args(["--format", suffix]).format == suffix
    with pytest.raises(SettingsError, match="invalid choice: 'jpeg'"):
        parser().parse_args(["--format", "jpeg"])


def test_a_command_that_only_reads_offers_no_packets() -> None:
    reading = Parser()
    add_outputs(reading, measures=False)
    assert reading.parse_args(["--format", "svg"]).format == "svg"
    with pytest.raises(SettingsError, match="invalid choice: 'pcapng'"):
        reading.parse_args(["--format", "pcapng"])


def test_help_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (100, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        widest = max(map(len, parser().format_help().splitlines()))
        assert columns - 15 < widest <= columns - 2


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(["--version"])
    assert capsys.readouterr().out == f"paris-trace {__version__}\n"


def test_a_format_that_is_taken_for_an_option_is_shown_as_a_suffix() -> None:
    with pytest.raises(SettingsError, match=r"unknown option .* --svg; -o FILE\.svg writes that$"):
        parser().parse_args(["--svg=x.svg"])
