"""Puts the Markdown pages of the checkout where the site has them, with the links between them."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT: Final = Path(__file__).parents[2]
INDEX: Final = "docs/README.md"
_FOLDERS: Final = ("docs", "samples", "benchmarks")
_FENCED: Final = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
_SECTION: Final = re.compile(r"^(\w[^\n]*):\n\n(- .*?)(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)


def sources() -> Iterator[Path]:
    """Every Markdown page of the checkout, and every notebook of the docs."""
    yield from sorted(CHECKOUT.glob("*.md"))
    for folder in _FOLDERS:
        yield from sorted((CHECKOUT / folder).rglob("*.md"))
    yield from sorted((CHECKOUT / "docs/notebooks").glob("*.ipynb"))


def stage(folder: Path, made: Mapping[str, str]) -> None:
    """Write all pages below `folder`, and copies of the files that they link to.

    `made` are the titles of the pages that only the site has, by their names; the index lists them.
    """
    for source in sources():
        text = source.read_text("utf-8")
        if source.suffix == ".ipynb":
            text = _notebook(json.loads(text))
        name = source.relative_to(CHECKOUT).as_posix()
        if name == INDEX:
            text = _index(text, made)
        elif name == "docs/decisions/README.md":
            text += _toctree("Decisions", ["*"], "glob")
        page = folder / place(name)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_relinked(text, source.parent, folder), "utf-8")


def place(name: str) -> str:
    """Where the site has a file of the checkout; both are paths with slashes.

    >>> place("docs/README.md"), place("docs/output.md"), place("docs/notebooks/balancer.ipynb")
    ('index.md', 'output.md', 'notebooks/balancer.md')
    """
    if name == INDEX:
        return "index.md"
    path = PurePosixPath(name.removeprefix("docs/"))
    return str(path.with_suffix(".md") if path.suffix == ".ipynb" else path)


def _relinked(text: str, beside: Path, folder: Path) -> str:
    """A page of the folder `beside`, with links that hold in the site, whose files are copied."""

    def link(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        if "://" in target or not (beside / target).is_file():
            return found[0]
        name = (beside / target).resolve().relative_to(CHECKOUT).as_posix()
        if not name.endswith((".md", ".ipynb")):
            copy = folder / place(name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, copy)
        own = place((beside / "page").relative_to(CHECKOUT).as_posix())
        return f"]({os.path.relpath(place(name), PurePosixPath(own).parent)}{anchor})"

    # Every second part is a block of code.
    parts = _FENCED.split(text)
    return "".join(part if place % 2 else _LINK.sub(link, part) for place, part in enumerate(parts))


def _index(text: str, made: Mapping[str, str]) -> str:
    """The index, with a list of what is `made`, and all pages in the order of its own lists."""
    for title, lines in _SECTION.findall(text):
        found = (place(_beside(target)) for target, _ in _LINK.findall(lines))
        text += _toctree(title, list(dict.fromkeys(found)))
    listed = "".join(f"- [{title}]({name}.md)\n" for name, title in made.items())
    return f"{text}\nMade by the program:\n\n{listed}{_toctree('Made by the program', list(made))}"


def _beside(target: str) -> str:
    """The path in the checkout that a link of the index means."""
    return (CHECKOUT / INDEX).parent.joinpath(target).resolve().relative_to(CHECKOUT).as_posix()


def _toctree(title: str, names: list[str], *flags: str) -> str:
    options = "".join(f":{own}:\n" for own in ("hidden", *flags))
    lines = "\n".join(name.removesuffix(".md") for name in names)
    return f"\n```{{toctree}}\n:caption: {title}\n{options}\n{lines}\n```\n"


def _notebook(notebook: dict[str, Any]) -> str:
    """A notebook as Markdown: its text, its cells, and what these printed."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            text = output.get("text") or output.get("data", {}).get("text/plain")
            if text:
                parts.append(f"```text\n{''.join(text).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"
