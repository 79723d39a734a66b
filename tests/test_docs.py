"""The documents: links lead somewhere, tables say what the registries say, and files exist."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from mda.studies.registry import STUDIES
from paris.cli.foreign import GRANTED, REFUSED
from paris.cli.options import parse_trace
from paris.errors import ExitCode
from paris.formats.readers.registry import KINDS
from paris.lookup.registry import LOOKUPS
from paris.outputs.registry import CAPTURE, FORMATS
from paris.packets.payloads import PAYLOADS
from paris.sim.registry import SIMULATORS
from paris.wire.registry import WIRES

CHECKOUT = Path(__file__).parents[1]
FOLDERS = [
    folder
    for folder in CHECKOUT.iterdir()
    if folder.is_dir() and folder.name[0] != "." and not (folder / "pyvenv.cfg").exists()
]
PAGES = [*CHECKOUT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))]
COMING_FROM = (CHECKOUT / "docs/coming-from.md").read_text()
DECISIONS = sorted((CHECKOUT / "docs/decisions").glob("[0-9]*.md"))
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# A file or folder of this checkout, as documents name it.
_PATH = re.compile(r"`((?:paris|mda|render|tests|benchmarks|samples|docs|findings|\.ci)/[\w./-]*)`")


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return _CODE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page; the second of a name ends in -1."""
    found = Counter[str]()
    names = set[str]()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def name_of(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in _LINK.findall(prose(page)):
        if "://" in target:
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    for path in _PATH.findall(prose(page)):
        assert (CHECKOUT / path).exists() or "NAME" in path, path


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [CHECKOUT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for target, _ in _LINK.findall(prose(page)):
            linked = (page.parent / target).resolve()
            if linked.suffix == ".md" and linked.exists() and linked not in reached:
                waiting.append(linked)
    assert set(PAGES) <= reached


def test_the_readme_stays_short() -> None:
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= 150


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    index = (CHECKOUT / "docs/decisions/README.md").read_text()
    for number, page in enumerate(DECISIONS, 1):
        assert page.name.startswith(f"{number:04}-")
        title, date = page.read_text().splitlines()[0:3:2]
        assert title.startswith(f"# {number}. ")
        dated = re.fullmatch(r"Decided on (\d{4}-\d\d-\d\d)\.", date)
        assert dated is not None, page.name
        row = f"| {number} | [{title.partition('. ')[2]}]({page.name}) | {dated[1]} |\n"
        assert row in index


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_context_choice_and_price(page: Path) -> None:
    headings = re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)
    assert headings == ["Context", "Choice", "Price"]


def test_tables_in_extending_agree_with_the_registries() -> None:
    shown = (CHECKOUT / "docs/extending.md").read_text()
    for row in FORMATS:
        trace = "while measuring" if row.suffix == CAPTURE else "yes" if row.trace else "no"
        comparison = "yes" if row.comparison else "no"
        assert f"| `.{row.suffix}` | {row.about} | {trace} | {comparison} |\n" in shown
    assert len(re.findall(r"^\| `\.", shown, re.MULTILINE)) == len(FORMATS)
    for rows in (
        [(kind.name, kind.about) for kind in WIRES],
        [(f"--{row.name} {row.argument}".strip(), row.about) for row in STUDIES],
        [(row.name, row.about, f"`{'` `'.join(row.options)}`") for row in LOOKUPS],
        [(row.form, row.about) for row in SIMULATORS],
        [(row.name, ", ".join(map(str, row.ports))) for row in PAYLOADS],
    ):
        lines = [f"| `{name}` | {' | '.join(cells)} |" for name, *cells in rows]
        assert "---|\n" + "\n".join(lines) + "\n\n" in shown


def test_the_table_of_formats_that_are_read_agrees_with_the_registry() -> None:
    shown = (CHECKOUT / "docs/formats.md").read_text()
    rows = "".join(f"| `{kind.name}` | {kind.about} |\n" for kind in KINDS)
    assert f"| format | what is read |\n|---|---|\n{rows}\n" in shown


def test_the_ten_example_changes_name_files_that_exist() -> None:
    shown = (CHECKOUT / "docs/extending.md").read_text().partition("## Ten changes")[2]
    rows = re.findall(r"^\| (?!change |---)(.*) \|$", shown, re.MULTILINE)
    assert len(rows) == 10
    for row in rows:
        paths = _PATH.findall(row)
        assert paths, row
        assert all((CHECKOUT / path).is_file() for path in paths), row


def test_the_page_of_exit_codes_lists_those_of_the_program() -> None:
    shown = (CHECKOUT / "docs/exit-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| \w", shown, re.MULTILINE)
    assert rows == [(str(code.value), code.name) for code in sorted(ExitCode)]
    excused = re.search(r"^`--exit-zero` makes ([\d, and]+) a 0", shown, re.MULTILINE)
    assert excused is not None
    of_the_network = {ExitCode.NOT_REACHED, ExitCode.PORT_CLOSED, ExitCode.FILTERED}
    assert set(map(int, re.findall(r"\d+", excused[1]))) == of_the_network


def test_the_page_for_users_of_other_tools_lists_every_option_of_theirs() -> None:
    shown = COMING_FROM.partition("## Every option\n")[2]
    for rows in (GRANTED, REFUSED):
        lines = [
            f"| {' '.join(f'`{own}`' for own in row.options)} | {row.tools} | {row.says} |"
            for row in rows
        ]
        assert "---|\n" + "\n".join(lines) + "\n" in shown


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`paris-trace ([^`]+)`", COMING_FROM))))
def test_commands_for_users_of_other_tools_are_accepted(command: str) -> None:
    assert parse_trace(shlex.split(command)).settings is not None


def test_the_architecture_page_names_every_folder() -> None:
    shown = (CHECKOUT / "docs/architecture.md").read_text()
    folders = {
        str(file.parent.relative_to(CHECKOUT))
        for package in ("paris", "mda", "render")
        for file in (CHECKOUT / package).glob("*/**/__init__.py")
    }
    inner = {"paris/wire/bulk", "paris/wire/unprivileged"}  # separate wires
    for folder in folders - inner:
        assert f"| `{folder}` |" in shown, folder
