"""The pages that only the site of the docs has say all that the code knows."""

from __future__ import annotations

import json
import re
from argparse import SUPPRESS
from typing import TYPE_CHECKING

import pytest

from docs.site import gallery, pages, reference

if TYPE_CHECKING:
    from pathlib import Path


def test_every_page_is_staged_and_every_link_of_it_leads_to_a_file(tmp_path: Path) -> None:
    pages.stage(tmp_path, {"gallery": "Gallery"})
    staged = sorted(tmp_path.rglob("*.md"))
    assert len(staged) == len(list(pages.sources()))
    index = (tmp_path / "index.md").read_text()
    for name in ("tutorial", "SECURITY", "notebooks/balancer", "decisions/README", "gallery"):
        assert re.search(rf"^{name}$", index, re.MULTILINE), name
    for page in staged:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)#\s]+)", prose):
            made = target == "gallery.md"  # only the program makes it
            assert "://" in target or made or (page.parent / target).is_file(), (page, target)


def test_the_notebook_is_a_page_with_what_its_cells_print(tmp_path: Path) -> None:
    pages.stage(tmp_path, {})
    page = (tmp_path / "notebooks/balancer.md").read_text()
    assert page.startswith("# Studying a balancer\n")
    assert "```python\nimport paris\n" in page
    assert "```text\nResult(203.0.113.9: 7 vertices" in page


def test_the_page_of_options_has_each_that_the_parsers_take() -> None:
    page = reference.options()
    for make in reference.PARSERS:
        parser = make()
        part = page.partition(f"\n## {parser.prog}\n")[2].partition("\n## ")[0]
        for action in parser._actions:
            if action.help != SUPPRESS:
                for option in action.option_strings:
                    assert re.search(rf"`{option}[ `]", part), option


@pytest.mark.parametrize("name", reference.SCHEMAS)
def test_the_page_of_json_has_each_member_that_a_schema_names(name: str) -> None:
    schema = json.loads((pages.CHECKOUT / f"paris/formats/{name}.schema.json").read_text())
    part = reference.json_formats().partition(f"\n## {schema['title']}\n")[2].partition("\n## ")[0]
    shown = {own.rpartition(".")[2] for own in re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)}

    def members(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(members, value)) if value else set()
        if not isinstance(value, dict):
            return set()
        own = value.get("properties", {})
        inner = (each for key, each in value.items() if key not in ("required", "enum"))
        return (set(own) if isinstance(own, dict) else set()).union(*map(members, inner))

    assert members(schema) - {own.removesuffix("[]") for own in shown} == set()


def test_the_page_of_findings_has_every_script() -> None:
    page = reference.findings()
    scripts = sorted(path.name for path in (pages.CHECKOUT / "findings").glob("*.sh"))
    assert re.findall(r"^`findings/(.*)`$", page, re.MULTILINE) == scripts
    assert page.count("\n## ") == len(scripts) > 5


def test_a_command_of_the_gallery_that_fails_stops_it(monkeypatch: pytest.MonkeyPatch,
                                                      tmp_path: Path) -> None:  # fmt: skip
    wrong = gallery.Picture("Wrong", "", ("paris-trace --sim nowhere -o nowhere.svg",))
    monkeypatch.setattr(gallery, "PICTURES", (wrong,))
    with pytest.raises(RuntimeError, match="nowhere"):
        gallery.gallery(tmp_path)


def test_the_gallery_has_the_picture_that_each_command_draws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gallery, "PICTURES", gallery.PICTURES[:1])
    page = gallery.gallery(tmp_path)
    assert "](gallery/two-way.svg)" in page
    assert b"<svg" in (tmp_path / "gallery/two-way.svg").read_bytes()
