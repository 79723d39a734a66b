"""The man pages and completions of a wheel: every option is in each, and bash takes them."""

from __future__ import annotations

import subprocess
import sys
from argparse import SUPPRESS
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paris.cli.parser import convert_parser, render_parser, survey_parser, trace_parser

if TYPE_CHECKING:
    from argparse import ArgumentParser

DOCS = Path(__file__).parents[1] / "docs"
PARSERS = {
    "paris-trace": trace_parser,
    "paris-render": render_parser,
    "paris-convert": convert_parser,
    "paris-survey": survey_parser,
}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files where an installation has them."""
    sys.path.insert(0, str(DOCS))
    from manuals import write  # type: ignore[import-not-found]

    written, folder = tmp_path_factory.mktemp("written"), tmp_path_factory.mktemp("prefix")
    for file, place in write(written, "1.2.3").items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        Path(file).rename(folder / place)
    return folder


def options(parser: ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings
            if action.help != SUPPRESS and action.dest != "help"}  # fmt: skip


@pytest.mark.parametrize("program", PARSERS)
def test_every_option_is_in_the_man_page_and_in_the_completions(program: str, prefix: Path) -> None:
    every = options(PARSERS[program]())
    assert len(every) > 2
    page = (prefix / f"share/man/man1/{program}.1").read_text().replace("\\-", "-")
    for text in (
        page,
        (prefix / f"share/bash-completion/completions/{program}").read_text(),
        (prefix / f"share/zsh/site-functions/_{program}").read_text(),
    ):
        assert [option for option in every if option not in text] == []
    fish = (prefix / f"share/fish/vendor_completions.d/{program}.fish").read_text()
    long = {option for option in every if option.startswith("--")}
    assert [option for option in long if f"-l {option.removeprefix('--')}" not in fish] == []


def test_the_man_page_has_the_exit_codes_and_the_version(prefix: Path) -> None:
    page = (prefix / "share/man/man1/paris-trace.1").read_text()
    assert ".SH EXIT STATUS\n.TP\n.B 0\nthe host answered" in page
    assert ".B 130\n" in page
    assert "paris\\-trace 1.2.3" in page or "paris-trace 1.2.3" in page


def test_bash_completes_options_and_files(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "saved.json").touch()
    script = (
        'source "$1"; COMP_WORDS=(paris-trace "${@:2}"); COMP_CWORD=$(($# - 1));'
        ' COMP_LINE="${COMP_WORDS[*]}"; '
        "$(complete -p paris-trace | sed 's/.*-F \\([^ ]*\\).*/\\1/') paris-trace;"
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    file = str(prefix / "share/bash-completion/completions/paris-trace")

    def completed(*words: str) -> list[str]:
        ran = subprocess.run(
            ("bash", "-c", script, "bash", file, *words),
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert ran.stderr == ""
        return ran.stdout.split()

    assert completed("--mda") == ["--mda", "--mda-lite"]
    assert completed("--replay", "sa") == ["saved.json"]
    assert completed("--color", "a") == ["auto", "always"]
