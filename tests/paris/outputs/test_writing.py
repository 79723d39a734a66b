"""Nothing that a foreign file says leaves raw: each text is hostile once, in every output."""

from __future__ import annotations

import copy
import csv
import io
import json
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paris.errors import ExitCode
from tests.support.commands import Ran, run

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "\x1b]0;t\x07\x9b2J\u202e\u2028\x7f\x00\t\r\nforged \"'<&>]]>\\N\\x1b;,$(id)`id`=1"
# Graphviz' source has a space without width, which disarms backslashes.
DISARMING = "\u200b"
# As a shell can pass it on: without NUL, and with a byte that is not UTF-8.
ARGUMENT = HOSTILE.replace("\x00", "\udcff")
TEXTS = (
    "txt", "json", "scamper.jsonl", "caracal.csv", "graphml", "gexf", "cyjs", "node-link.json",
    "csv", "jsonl", "dot", "mmd",
)  # fmt: skip
SCHEMA = json.loads((Path(__file__).parents[3] / "paris/formats/native.schema.json").read_text())
# What a reader uses; all else in a file follows from these.
READ = ("plan", "ways", "run", "outcomes", "names", "facts", "tables", "controls", "addresses")

Place = tuple[str | int, ...]


@cache
def _document() -> Any:
    """A trace that has something in every member that may hold text."""
    document = json.loads(run("--sim", "named-interfaces", "--mda", "--paths", "-j").stdout)
    plan, wire = document["plan"], document["run"]["wire"]
    interface = {"source": plan["source"], "interface": "eth0", "gateway": "192.0.2.3"}
    document["ways"] = [
        {**interface, "flows": [0, 1]},
        {**interface, "interface": "eth1", "flows": [2]},
    ]
    router = document["outcomes"][0]["responder"]
    document["names"] = {router: "gw.example.net"}
    document["facts"] = {"site": {router: "Berlin"}}
    document["tables"] = {"site": [{"file": "sites.tsv", "built_at_unix_s": 1}]}
    document["run"]["unmatched"] = {"not ours": 1}
    wire["tool"] = "scamper"
    wire["hidden"] = ["quoted_ttl", "more"]
    wire["withheld"] = [{"reason": "no route", "probes": 1, "flows": 1}]
    document["outcomes"][0]["changed"] = ["sport"]
    plan["zone"], plan["payload"] = "eth0", "dns"
    document["controls"] = [
        {
            "name": "tcp/80",
            "probes": 2,
            "fate": "closed",
            "hop": None,
            "address": router,
            "reply_ttl": 60,
            "via": [router],
        },
    ]
    document["addresses"] = [plan["destination"], router]
    plan["sources"] = [plan["source"]]
    return document


def _places(value: object, place: Place = ()) -> Iterator[Place]:
    """The place of each text in a document; that of a key ends with "" after the key."""
    match value:
        case str():
            yield place
        case dict():
            for key, member in value.items():
                yield (*place, key, "")
                yield from _places(member, (*place, key))
        case list():
            for index, member in enumerate(value):
                yield from _places(member, (*place, index))


@cache
def _kinds() -> dict[str, Place]:
    """A place of each kind: members of a list are one kind, and so are texts by address."""
    document = _document()
    places: dict[str, Place] = {}
    for member in READ:
        for place in _places(document[member], (member,)):
            if (
                place[-1] == ""
                and place[0] not in ("names", "facts", "tables")
                and "unmatched" not in place
            ):
                continue
            words = ("" if isinstance(step, int) else step for step in place)
            places.setdefault("/".join(words), place)
    return places


def _with(document: Any, place: Place, text: str) -> Any:
    changed = copy.deepcopy(document)
    *way, last = place
    holder = changed
    for step in way[:-1] if last == "" else way:
        holder = holder[step]
    if last == "":
        holder[text] = holder.pop(way[-1])
    else:
        holder[last] = text
    return changed


def _rendered(document: Any, folder: Path, suffixes: tuple[str, ...]) -> tuple[Ran, Path]:
    file = folder / "foreign.json"
    file.write_text(json.dumps(document))
    outputs = [word for suffix in suffixes for word in ("-o", str(folder / f"shown.{suffix}"))]
    return run(str(file), *outputs, program="paris-render"), file


def _is_inert(text: str) -> bool:
    """Whether nothing in a text steers a terminal or begins a line that is not ours."""
    lines = text.removesuffix("\n").split("\n")
    return all(line.replace(DISARMING, "").isprintable() for line in lines) and not any(
        line.lstrip().startswith("forged") for line in lines
    )


def test_every_text_of_the_schema_is_tried() -> None:
    """A new member that holds text has to be in the document above."""
    tried = {place.split("/")[-1] for place in _kinds()} | {"zone"}
    free = {
        name
        for member in ("plan", "run", "ways")
        for name in _free_texts(SCHEMA["properties"][member])
    }
    assert free <= tried | {"follow"}  # without that study the argument is not read
    assert {"host", "network", "interface", "reason"} <= free


def _free_texts(schema: Any) -> Iterator[str]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, member in schema.get("properties", {}).items():
        if "string" in member.get("type", ()) and "enum" not in member:
            yield name
        yield from _free_texts(member)
    if isinstance(schema.get("items"), dict):
        yield from _free_texts(schema["items"])


@pytest.mark.parametrize("kind", sorted(_kinds()))
def test_no_text_of_a_file_leaves_raw_in_any_output(kind: str, tmp_path: Path) -> None:
    ran, file = _rendered(_with(_document(), _kinds()[kind], HOSTILE), tmp_path, TEXTS)
    assert ran.returncode in (ExitCode.REACHED, ExitCode.USAGE), ran.stderr
    assert _is_inert(ran.stdout)
    assert _is_inert(ran.stderr)
    if ran.returncode == ExitCode.USAGE:
        assert len(ran.stderr.splitlines()) == 1
        return
    for suffix in TEXTS:
        written = (tmp_path / f"shown.{suffix}").read_text()
        assert _is_inert(written), suffix
    for suffix in ("graphml", "gexf"):
        ET.fromstring((tmp_path / f"shown.{suffix}").read_text())
    for suffix in ("json", "cyjs", "node-link.json"):
        json.loads((tmp_path / f"shown.{suffix}").read_text())
    table = run("--metrics", str(file), program="paris-render").stdout
    assert _is_inert(table)
    assert all(len(row) == len(rows[0]) for rows in [list(csv.reader(io.StringIO(table)))]
               for row in rows)  # fmt: skip


def test_a_picture_of_a_hostile_file_is_whole_and_shows_all_of_it_as_text(tmp_path: Path) -> None:
    document = _document()
    for kind, place in _kinds().items():
        changed = _with(document, place, f"{HOSTILE}{kind}")
        if place[-1] != "" and _rendered(changed, tmp_path, ())[0].returncode == ExitCode.REACHED:
            document = changed
    ran, _ = _rendered(document, tmp_path, ("svg", "html"))
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    svg = (tmp_path / "shown.svg").read_text()
    assert all(line.replace(DISARMING, "").replace("\xa0", "").isprintable()
               for line in svg.splitlines())  # fmt: skip
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "g", "a", "title", "text", "path", "polygon", "polyline", "ellipse",
                    "desc", "metadata", "style"}  # fmt: skip
    page = _Tags()
    page.feed((tmp_path / "shown.html").read_text())
    assert page.names - tags <= {
        "html", "head", "meta", "title", "body", "header", "main", "aside", "h1", "h2", "h3", "p",
        "pre", "div", "span", "label", "input", "output", "button", "select", "option", "details",
        "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "script",
    }  # fmt: skip
    assert page.scripts == 2
    assert not any(name.startswith("on") or name in ("style", "src", "href")
                   for name in page.attributes)  # fmt: skip
    assert all(own.replace("\xa0", "").isprintable()
               for text in page.texts for own in text.split("\n"))  # fmt: skip


class _Tags(HTMLParser):
    """What a page consists of: the names of its elements and their attributes, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.attributes = set[str](), set[str]()
        self.texts: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            self.attributes.add(name)
            self.texts.append(value or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", ["\x1b[2J\nforged", "tcp/\u202e443", "-o"])
def test_the_name_of_a_protocol_in_a_comparison_is_shown_as_text(name: str, tmp_path: Path) -> None:
    document = json.loads(run("--sim", "two-way", "--compare", "udp,icmp", "-j").stdout)
    document["views"][0]["name"] = name
    for member in ("host", "network"):
        document["views"][0]["trace"]["plan"][member] = HOSTILE
    ran, _ = _rendered(document, tmp_path, ("txt", "json", "dot"))
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    assert all(_is_inert((tmp_path / f"shown.{suffix}").read_text())
               for suffix in ("txt", "json", "dot"))  # fmt: skip


@pytest.mark.parametrize("host", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "x;=1+1"], ids=ascii)
def test_no_cell_of_a_table_is_a_formula(host: str, tmp_path: Path) -> None:
    document = _with(_document(), ("plan", "host"), host)
    _, file = _rendered(document, tmp_path, ())
    table = run("--metrics", str(file), program="paris-render").stdout
    (row,) = list(csv.DictReader(io.StringIO(table)))
    assert row["host"][0] in "'x"
    assert ";" not in table


@pytest.mark.parametrize(
    "option",
    ["--sim", "--replay", "-p", "-o", "-s", "--compare", "-w", "--wire", "--unknown"],
)
def test_a_hostile_argument_is_refused_in_one_line_that_only_quotes_it(option: str) -> None:
    ran = run(option, ARGUMENT)
    assert ran.returncode == ExitCode.USAGE
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert _is_inert(ran.stderr)
