"""Docstrings, comments and documents avoid phrases over which a native reader stumbles."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT: Final = Path(__file__).parents[1]
# Folders whose docstrings, comments and names are checked.
FOLDERS: Final = ("benchmarks", "mda", "paris", "render", "tests")
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTS: Final = ("*.md", "docs/**/*.md", "benchmarks/*.md", "samples/*.md")

# What to avoid: a pattern, and what to write instead. Each asks for a subject and an active verb.
BAD: Final = {
    r"(?<!there )\b(is|are|was|were) no (?!longer|more|later|such)\w+": "is not a, has no",
    r"\b(told|tells)\b(?! (apart|its probes apart))": "reports, shows, says",
    r"\b(is|are) said (of|to)\b": "name who says it, or say what holds",
    r"\bas far as\b": "until, where, or nothing",
    r"\bas often as (?!traceroute|others)\w+": "often enough to, until",
    r"\bso many as\b": "enough to",
    r"\b(packets|paths|flows|routes|variants|ways) part(ed)?\b": "split, diverge",
    r"\bpart (again|there)\b": "split, diverge",
    r"\bof ours\b": "our",
    r"\bof (its|their) own\b": "its own, or nothing",
    r"\bfor want of\b": "because there is no",
    r"\bmeanwhile\b": "during the trace",
    r"\bdeals? out packets\b": "balances per packet",
    r"\bbalancers? of packets\b": "per-packet balancer",
    r"\b(probes?|packets?|replies|answers|traces?|runs|times|\d+) a second\b": "per second",
    r"\b(probes?|us|packets?) a (hop|probe|vertex|round)\b": "per hop, per vertex",
    r"\bthe (lost|asked|met|sent)(?=[.,;:]| (of|at|to|that)\b)": "the lost probes",
    r"\btaken? (it )?for granted\b": "assumed",
    r"\bgoes? with (theory|--)": "agrees with, requires",
}


def _paragraphs(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings and runs of comments of a Python file, or a document's paragraphs, by line."""
    text = path.read_text()
    if path.suffix == ".md":
        prose = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S)
        line = 1
        for paragraph in prose.split("\n\n"):
            yield line, paragraph
            line += paragraph.count("\n") + 2
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and (docstring := ast.get_docstring(node)) is not None:
            yield node.body[0].lineno, docstring
    comments: list[str] = []
    begin = previous = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        if comments and token.start[0] != previous + 1:
            yield begin, "\n".join(comments)
            comments = []
        begin, previous = begin if comments else token.start[0], token.start[0]
        comments.append(token.string.lstrip("#: "))
    if comments:
        yield begin, "\n".join(comments)


def stumbles(path: Path) -> list[str]:
    """The phrases in a file that match a bad pattern, each with its line and what to write."""
    found = []
    for line, paragraph in _paragraphs(path):
        prose = re.sub(r"\s+", " ", re.sub(r"`[^`]*`|\]\([^)]*\)", "`", paragraph))
        for pattern, better in BAD.items():
            for match in re.finditer(pattern, prose, re.IGNORECASE):
                found.append(f"{line}: {match[0]!r}, better: {better}")
    return found


def bindings_of_one(path: Path) -> list[int]:
    """The lines of a Python file that bind the name `one`."""
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "one")
        or (isinstance(node, ast.arg) and node.arg == "one")
        or (isinstance(node, ast.alias) and node.asname == "one")
    )


def _sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((_ROOT / folder).rglob("*.py"))]
    return [path for path in found if path != Path(__file__)]  # it quotes the bad patterns


def _documents() -> list[Path]:
    return sorted({path for pattern in _DOCUMENTS for path in _ROOT.glob(pattern)})


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


@pytest.mark.parametrize("path", [*_sources(), *_documents()], ids=_name)
def test_prose_has_none_of_the_bad_phrases(path: Path) -> None:
    assert stumbles(path) == []


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_no_binding_is_called_one(path: Path) -> None:
    assert bindings_of_one(path) == []


@pytest.mark.parametrize(
    "text",
    [
        '"""What is told of a probe."""',
        "x = 1  # where packets part",
        "# probes that a router answers,\n# twenty probes a second\n",
        'def f():\n    """This is no time."""\n',
    ],
)
def test_a_bad_phrase_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.py").write_text(text)
    assert len(stumbles(tmp_path / "x.py")) == 1


@pytest.mark.parametrize(
    "text",
    ["for one in (): pass", "f = lambda one: 1", "with g() as one: pass", "[0 for one in ()]"],
)
def test_a_binding_called_one_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.py").write_text(text)
    assert bindings_of_one(tmp_path / "x.py") == [1]
