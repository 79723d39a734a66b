"""paris-render: lists of traces, and --diff from two files to text, picture and exit code."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from paris.errors import ExitCode
from tests.support.commands import run

WARTS = Path(__file__).parents[2] / "data" / "warts"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with traces, as JSON and as packets."""
    folder = tmp_path_factory.mktemp("saved")
    for network in ("two-way", "plain", "ipv6-label"):
        outputs = [word for kind in ("json", "pcapng")
                   for word in ("-o", str(folder / f"{network}.{kind}"))]  # fmt: skip
        run("--sim", network, "--mda", "-c", "99", "--seed", "3", *outputs)
    for name, options in {
        "tcp": ("--mda", "-T", "-p", "443"),
        "third": ("--mda", "-f", "3"),
        "one": ("--seed", "1"),
        "another": ("--seed", "2"),
        "dport": ("--mda", "--flow-field", "dport", "--sport", "4000"),
        "dport2": ("--mda", "--flow-field", "dport", "--sport", "5000"),
    }.items():
        run("--sim", "two-way", *options, "-o", str(folder / f"{name}.json"))
    run("--sim", "plain", "--compare", "udp,tcp", "-o", str(folder / "compared.json"))
    return folder


def render(*arguments: object) -> tuple[int, str, str]:
    ran = run(*map(str, arguments), program="paris-render")
    return ran.returncode, ran.stdout, ran.stderr


def test_a_difference_is_told_in_text_and_by_the_exit_code(saved: Path) -> None:
    code, out, err = render("--diff", saved / "two-way.json", saved / "plain.json")
    assert (code, err) == (ExitCode.CHANGED, "")
    assert "\nwent: 198.51.100.4 (hop 4), p < 0.00001\n" in out
    assert "\n1 hop farther away: 198.51.100.3\n" in out
    assert "\n198.51.100.1 (hop 2) replies 1.00 ms later, p = 0.0" in out
    assert "\n(assuming even splits)\n" in out
    assert "\n-   4.2  198.51.100.4  19.0 ms" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, err = render("--diff", saved / "two-way.json", saved / "two-way.pcapng")
    assert (code, err) == (ExitCode.REACHED, "")
    assert out.endswith("\nnothing changed that chance does not explain\n")


def test_the_json_of_a_difference_is_rendered_again(saved: Path, tmp_path: Path) -> None:
    both = saved / "two-way.json", saved / "plain.json"
    file, picture = tmp_path / "d.json", tmp_path / "d.dot"
    text = render("--diff", *both, "-o", file, "-o", picture)
    assert json.loads(file.read_text())["is_change"]
    assert render(file) == text
    again = tmp_path / "again.dot"
    assert render(file, "-o", again)[0] == ExitCode.CHANGED
    assert again.read_text() == picture.read_text()


def test_the_picture_marks_what_came_went_and_changed(saved: Path, tmp_path: Path) -> None:
    picture = tmp_path / "d.dot"
    render("--diff", saved / "two-way.json", saved / "plain.json", "-o", picture)
    source = picture.read_text()
    for mark in ("<b>- 198.51.100.4</b>", "<b>+ 198.51.100.3</b>", "<b>~ 198.51.100.1</b>"):
        assert mark in source
    assert " of the flows before, none after; went, p = 0.0" in source


def test_a_single_flow_says_how_little_it_shows(saved: Path) -> None:
    code, out, _ = render("--diff", saved / "one.json", saved / "another.json")
    assert code == ExitCode.REACHED
    assert out.endswith(
        "\na single flow shows too little to tell a change from chance: measure with --mda\n"
    )


def test_an_unfinished_trace_is_called_so(saved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.json"
    run("--sim", "two-way", "--mda", "-c", "99", "--max-probes", "30", "-o", str(cut))
    code, out, _ = render("--diff", cut, saved / "two-way.json")
    assert code == ExitCode.REACHED
    assert "unfinished" in out.partition("after:")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--diff", "two-way.json"), "--diff needs two FILEs, the earlier one first"),
        (("--diff", *["plain.json"] * 3), "--diff needs two FILEs, the earlier one first"),
        (("--diff", "--metrics", *["plain.json"] * 2), "--diff and --metrics conflict"),
        (("--diff", "plain.json", "none.json"), "none.json"),
        (("--diff", "plain.json", "compared.json"), "compared.json: a comparison; --diff needs"),
        (
            ("--diff", "plain.json", "ipv6-label.json"),
            "--diff needs two traces of one host, not of 203.0.113.9 and 2001:db8:9::9",
        ),
        (
            ("--diff", "two-way.json", "tcp.json"),
            "by the same probes, not udp to 33434 by sport and tcp to 443 by sport",
        ),
        (
            ("--diff", "two-way.json", "third.json"),
            "of the same hops, not from 1 to 30 and 3 to 30",
        ),
        (
            ("--diff", "dport.json", "dport2.json"),
            "whose flows differ in dport alone, not in source port as well (4000 and 5000)",
        ),
        (("--diff", *["plain.json"] * 2, "-o", "x.csv"), "a difference is written as json, txt"),
    ],
    ids=[
        "one file",
        "three files",
        "two tables",
        "no file",
        "no trace",
        "two hosts",
        "two protocols",
        "other hops",
        "two source ports",
        "no such format",
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(
    saved: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(saved)
    code, out, err = render(*arguments)
    assert (code, out, len(err.splitlines())) == (ExitCode.USAGE, "", 1)
    assert words in err


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A file of two traces of scamper."""
    file = tmp_path / "two.warts"
    stems = ("trace-tcp", "tracelb-udp-sport")
    file.write_bytes(b"".join((WARTS / f"{stem}.warts").read_bytes() for stem in stems))
    return file


def test_a_file_of_several_traces_is_listed_and_one_is_taken(archive: Path) -> None:
    code, out, err = render("--list", archive)
    assert (code, err) == (ExitCode.REACHED, "")
    assert out == (
        "     1  trace    2026-11-23T03:42:26Z  192.0.2.1  203.0.113.2\n"
        "     2  tracelb  2026-11-23T03:41:07Z  192.0.2.1  203.0.113.2\n"
    )
    alone = render(WARTS / "tracelb-udp-sport.warts")
    assert render("--select", 2, archive) == alone


def test_a_trace_is_taken_by_its_destination(archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "three.warts"
    stem = "trace-icmp-paris-v6"
    file.write_bytes(archive.read_bytes() + (WARTS / f"{stem}.warts").read_bytes())
    assert render("--select", "2001:db8:0:f::2", file) == render(WARTS / f"{stem}.warts")
    code, _, err = render("--select", "203.0.113.2", file)
    assert (code, len(err.splitlines())) == (ExitCode.USAGE, 1)
    assert "there are several traces to 203.0.113.2 in it" in err


@pytest.mark.parametrize("name", ["two-way.json", "two-way.pcapng"])
def test_standard_input_is_read_as_a_file(
    name: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved / name
    with file.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert render("-") == render(file)
    with file.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run("--replay", "-").stdout == run("--replay", str(file)).stdout


def test_a_fault_on_standard_input_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x12\x05")))
    assert render("-") == (
        ExitCode.USAGE, "",
        "paris-render: standard input: byte 2: cut short: 2 bytes expected, 0 left\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "several traces in it: paris-render --list shows them, and --select N takes one"),
        (("--select", 3), "there is no trace 3 in it; --list shows those there are"),
        (("--select", 0), "--select counts from 1, so 0 is none"),
        (("--select", 10**30), "so 1000000000000000000000000000000 is none"),
        (("--select", "x"), "takes the number of a trace or the address of its destination, not x"),
        (("--select", "192.0.2.9"), "there is no trace to 192.0.2.9 in it; --list shows those"),
        (("--list", "-j"), "--list writes no other output; give FILE alone"),
    ],
    ids=[
        "none",
        "beyond the last",
        "before the first",
        "too many",
        "no address",
        "another host",
        "an output",
    ],
)
def test_a_trace_that_is_not_chosen_is_refused_in_a_line(
    archive: Path, options: tuple[object, ...], words: str
) -> None:
    code, out, err = render(*options, archive)
    assert (code, out, len(err.splitlines())) == (ExitCode.USAGE, "", 1)
    assert words in err


def test_our_own_files_hold_one_trace_and_are_not_listed(saved: Path) -> None:
    for options in (("--list",), ("--select", 1)):
        code, out, err = render(*options, saved / "plain.json")
        assert (code, out, len(err.splitlines())) == (ExitCode.USAGE, "", 1)
        assert f"{options[0]} is for files of many traces, and there is one in it" in err


def test_a_redacted_trace_is_rendered_without_its_addresses(saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "shared.json"
    code, out, err = render(saved / "two-way.pcapng", "--redact", "-o", file, "-o", "-")
    assert (code, err) == (0, "")
    assert out.startswith("a redacted host (240.0.0.8) simulated, two-way")
    assert not any(net in out + file.read_text() for net in ("198.51.100.", "203.0.113.", "192.0."))
    assert render(file) == (0, out, "")
    assert render(file, "--redact") == (0, out, "")
    code, _, err = render("--diff", file, file)
    assert code == ExitCode.USAGE
    assert "redacted one by one" in err
    both = saved / "two-way.json", saved / "plain.json"
    code, out, err = render("--diff", "--redact", *both)
    assert (code, err) == (ExitCode.CHANGED, "")
    assert "\nwent: 240.0.0." in out
    assert "198.51.100." not in out
    code, out, _ = render(saved / "compared.json", "--redact", "-j")
    assert code == 0
    assert "203.0.113." not in out


def test_traces_of_any_format_are_merged(saved: Path, tmp_path: Path) -> None:
    outputs = {kind: tmp_path / f"m.{kind}" for kind in ("json", "graphml", "svg", "html", "dot")}
    written = [word for file in outputs.values() for word in ("-o", file)]
    files = saved / "two-way.json", saved / "plain.pcapng", saved / "tcp.json"
    code, out, err = render("--merge", *files, *written)
    assert (code, err) == (ExitCode.REACHED, "")
    assert out.startswith("3 traces from 1 source to 1 destination\n\n3 of 3 traces reached")
    assert "\n198.51.100.1    3       1        1\n" in out
    document = json.loads(outputs["json"].read_text())
    assert [own["seen_by"] for own in document["vertices"] if own["address"] == "198.51.100.1"] == [
        [0, 1, 2]
    ]
    assert len(document["traces"]) == 3
    assert all(b"198.51.100.4" in file.read_bytes() for file in outputs.values())
    # Each that holds the graph makes every output again.
    for kind in ("json", "svg", "html"):
        again = tmp_path / f"again.{kind}"
        assert render(outputs[kind], "-o", again) == (ExitCode.REACHED, out, "")
        assert again.read_bytes() == outputs[kind].read_bytes()
    for words in (("--diff", outputs["json"], saved / "plain.json"), ("--redact", outputs["json"])):
        code, out, err = render(*words)
        assert (code, out, err.count("\n")) == (ExitCode.USAGE, "", 1)


def test_more_than_5000_vertices_are_not_drawn_and_a_line_says_what_to_do(
    saved: Path, tmp_path: Path
) -> None:
    wide, picture, graph = (tmp_path / name for name in ("wide.json", "x.html", "x.graphml"))
    render("--merge", saved / "plain.json", "-o", wide)
    document = json.loads(wide.read_text())
    router = next(own for own in document["vertices"] if own["address"] == "198.51.100.1")
    missing = 5001 - len(document["vertices"])
    addresses = (f"10.0.{number // 256}.{number % 256}" for number in range(missing))
    document["vertices"] += [
        {**router, "address": own, "id": f"{own}@{router['column']}"} for own in addresses
    ]
    wide.write_text(json.dumps(document))
    code, _, err = render(wide, "-o", picture, "-o", graph)
    assert (code, err) == (
        ExitCode.OUTPUT, "paris-render: 5001 vertices are too many for .html, which holds 5000: "
        "merge by network (--by as), or write .graphml\n",
    )  # fmt: skip
    assert not picture.exists()
    assert graph.read_text().count("<node ") == 5001


def test_merging_leaves_out_what_is_damaged_and_says_so(saved: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    code, out, err = render("--merge", saved / "plain.json", broken)
    assert (code, out.partition(" ")[0]) == (ExitCode.USAGE, "1")
    assert err.startswith(f"paris-render: left out: {broken}:1: not JSON")
    assert len(err.splitlines()) == 1
    code, out, err = render("--merge", broken)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.endswith("paris-render: there is no trace to merge\n")


def test_merging_by_as_needs_to_know_one(saved: Path) -> None:
    assert render("--merge", saved / "plain.json", "--by", "as") == (
        ExitCode.USAGE, "", "paris-render: no trace knows an AS: measure with -A, or merge without "
        "--by as\n",
    )  # fmt: skip


def test_merging_by_router_needs_one_that_says_so(saved: Path) -> None:
    code, out, err = render("--merge", saved / "plain.json", "--by", "router")
    assert (code, out) == (ExitCode.USAGE, "")
    assert err == (
        "paris-render: no router of these traces says that two of their addresses are its own "
        "(RFC 5837): add traces that pass it by other interfaces, or merge without --by router\n"
    )


def test_the_traces_of_a_survey_are_merged(saved: Path, tmp_path: Path) -> None:
    files = [saved / "plain.json", saved / "two-way.json"]
    for name, file in zip((".", "slice-00000"), files, strict=True):
        (tmp_path / name).mkdir(exist_ok=True)
        line = json.dumps(json.loads(file.read_text()))
        (tmp_path / name / "traces-00000.jsonl").write_text(f"{line}\n")
        (tmp_path / name / "traces-00001.jsonl").touch()
    assert render("--merge", tmp_path) == render("--merge", *files)
    code, _, err = render("--merge", saved)
    assert code == ExitCode.USAGE
    assert "is not the folder of a survey" in err


def test_a_merged_graph_has_its_formats(saved: Path, tmp_path: Path) -> None:
    code, out, err = render("--merge", saved / "plain.json", "-o", tmp_path / "x.warts")
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith("paris-render: a merged graph is written as json, txt, graphml, dot, mmd")
