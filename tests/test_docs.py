"""The documents: links lead somewhere, and tables say what the registries say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paris.outputs.registry import CAPTURE, FORMATS
from paris.wire.registry import WIRES

CHECKOUT = Path(__file__).parents[1]
PAGES = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("samples/*.md")]
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target, _ in _LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [CHECKOUT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for target, _ in _LINK.findall(page.read_text()):
            linked = (page.parent / target).resolve()
            if linked.suffix == ".md" and linked.exists() and linked not in reached:
                waiting.append(linked)
    assert set(CHECKOUT.glob("docs/**/*.md")) <= reached


def test_the_tables_of_formats_and_wires_are_the_registries() -> None:
    shown = (CHECKOUT / "docs/extending.md").read_text()
    for row in FORMATS:
        trace = "while measuring" if row.suffix == CAPTURE else "yes" if row.trace else "no"
        comparison = "yes" if row.comparison else "no"
        assert f"| `.{row.suffix}` | {row.about} | {trace} | {comparison} |\n" in shown
    assert len(re.findall(r"^\| `\.", shown, re.MULTILINE)) == len(FORMATS)
    wires = "".join(f"| `{kind.name}` | {kind.about} |\n" for kind in WIRES)
    assert f"|---|---|\n{wires}" in shown


def test_the_page_of_the_architecture_names_every_folder() -> None:
    shown = (CHECKOUT / "docs/architecture.md").read_text()
    folders = {
        str(file.parent.relative_to(CHECKOUT))
        for package in ("paris", "mda", "render")
        for file in (CHECKOUT / package).glob("*/**/__init__.py")
    }
    inner = {"paris/wire/bulk", "paris/wire/unprivileged"}  # wires of their own
    for folder in folders - inner:
        assert f"| `{folder}` |" in shown, folder
