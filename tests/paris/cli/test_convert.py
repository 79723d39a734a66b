"""`paris-convert`: traces of many files in one new file, past damage, in bounded memory."""

from __future__ import annotations

import gc
import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from paris import archives, trace
from paris.errors import ExitCode
from paris.formats import native, native_lines, warts
from paris.outputs.registry import archives as suffixes
from paris.outputs.registry import suffixes as written
from tests.support.commands import Ran, run
from tests.support.scamper import multipath, single_path

DATA = Path(__file__).parents[2] / "data"


def convert(*arguments: Path | str) -> Ran:
    return run(*map(str, arguments), program="paris-convert")


def kinds_in(file: Path) -> list[str]:
    listed = run("--list", str(file), program="paris-render").stdout
    return [line.split()[1] for line in listed.splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Our JSON, a packed archive of three traces, and lines of M-Lab."""
    own, packed = tmp_path / "own.json", tmp_path / "three.warts.gz"
    own.write_text(native.write(multipath("two-way")))
    three = [multipath("mpls"), single_path("two-way"), multipath("silent-hop")]
    packed.write_bytes(gzip.compress(b"".join(warts.stream(three))))
    return [own, packed, DATA / "warts" / "mlab-scamper1.jsonl"]


def test_traces_of_several_files_are_in_one(files: list[Path], tmp_path: Path) -> None:
    ran = convert(*files, "-o", tmp_path / "all.warts")
    assert (ran.returncode, ran.stdout) == (ExitCode.REACHED, "")
    lacking, counted = ran.stderr.splitlines()
    assert " has no place for: probes to the first hop, other than who replied; " in lacking
    assert counted == f"paris-convert: 5 traces written to {tmp_path / 'all.warts'}"
    every = ["tracelb", "tracelb", "trace", "tracelb", "tracelb"]
    assert kinds_in(tmp_path / "all.warts") == every
    shown = convert(tmp_path / "all.warts", "-o", "-", "--format", "scamper.jsonl").stdout
    kinds = [json.loads(line)["type"] for line in shown.splitlines()]
    assert kinds == ["cycle-start", *every, "cycle-stop"]


@pytest.mark.parametrize("suffix", suffixes())
def test_every_format_of_many_traces_is_written(
    suffix: str, files: list[Path], tmp_path: Path
) -> None:
    ran = convert(*files, "-o", tmp_path / f"all.{suffix}")
    assert ran.returncode == ExitCode.REACHED, ran.stderr
    assert (tmp_path / f"all.{suffix}").stat().st_size


def test_a_file_that_is_there_is_not_overwritten(files: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "x.warts"
    file.write_text("mine")
    ran = convert(*files, "-o", file)
    assert (ran.returncode, file.read_text()) == (ExitCode.OUTPUT, "mine")
    assert ran.stderr == f"paris-convert: {file} exists: it is not overwritten\n"


ONE_TRACE = sorted({*written(measures=False)} - {*suffixes()})


@pytest.mark.parametrize("suffix", ONE_TRACE)
def test_a_format_of_one_trace_goes_to_a_folder(suffix: str, tmp_path: Path) -> None:
    source, folder = tmp_path / "x.warts", tmp_path / "all"
    source.write_bytes(b"".join(warts.stream([multipath("two-way"), single_path("ipv6-way-back")])))
    ran = convert(source, "-o", folder, "--format", suffix)
    assert (ran.returncode, ran.stdout) == (ExitCode.REACHED, ""), ran.stderr
    assert ran.stderr.endswith(f"2 traces written to {folder}\n")
    first, second = sorted(folder.iterdir())
    assert first.name == f"00001-203.0.113.9.{suffix}"
    assert second.name.startswith("00002-2001-db8-")
    alone = tmp_path / f"x.{suffix}"
    run(str(source), "--select", "1", "-o", str(alone), program="paris-render")
    if suffix not in ("pdf", "html"):  # they say when, or by which command, they were made
        assert first.read_bytes() == alone.read_bytes()
    before = first.read_bytes()
    again = convert(source, "-o", folder, "--format", suffix)
    assert (again.returncode, first.read_bytes()) == (ExitCode.OUTPUT, before)
    assert again.stderr == f"paris-convert: {folder} exists: it is not overwritten\n"


def test_lines_of_our_json_are_the_traces_that_were_written(tmp_path: Path) -> None:
    traces = [multipath("mpls"), single_path("two-way"), multipath("four-way")]
    file, back = tmp_path / "x.traces.jsonl", tmp_path / "y.traces.jsonl"
    file.write_text("".join(native_lines.stream(traces)))
    assert kinds_in(file) == ["paris-trace"] * 3
    again = [native.write(found) for found in archives.traces(str(file), pytest.fail)]
    assert again == [native.write(found) for found in traces]
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[1][:900] + "\n" + lines[2])
    ran = convert(file, "-o", back)
    place = f"record at byte {len(lines[0])}"
    assert ran.stderr.startswith(f"paris-convert: left out: {file}, {place}: byte 0:1: not JSON: ")
    assert ran.stderr.endswith(f"2 traces written to {back}, 1 left out\n")
    assert back.read_text() == lines[0] + lines[2]


def test_what_is_damaged_is_left_out_with_its_place(tmp_path: Path) -> None:
    whole = [warts.write(multipath("two-way"))] * 3
    damaged = bytearray(b"".join(whole))
    begin = damaged.index(b"\x12\x05\x00\x08", len(whole[0]))
    damaged[len(whole[0]) + 200 : len(whole[0]) + 300] = b"\xff" * 100
    file, text = tmp_path / "bad.warts", tmp_path / "bad.jsonl"
    file.write_bytes(damaged + b"\x12\x05\x00\x08\xff\xff\xff\xff" + whole[0])
    lines = convert(file, "-o", "-", "--format", "scamper.jsonl").stdout.splitlines()
    text.write_text("\n".join([*lines[:2], lines[1][:500], *lines[2:]]) + "\n")
    for source, place in ((file, f"record at byte {begin}"), (text, "record at byte")):
        out = tmp_path / f"{source.suffix[1:]}-out.warts"
        ran = convert(source, "-o", out)
        assert ran.returncode == ExitCode.USAGE
        told = ran.stderr.splitlines()
        assert told[0].startswith(f"paris-convert: left out: {source}, {place}")
        assert told[-1].startswith(f"paris-convert: 3 traces written to {out}, ")
        assert kinds_in(out) == ["tracelb"] * 3


def test_a_trace_that_the_format_does_not_hold_is_left_out(tmp_path: Path) -> None:
    by_label = trace(network="ipv6-label", flow_field="flow-label")
    for name, found in (("a", by_label), ("b", multipath("two-way"))):
        (tmp_path / f"{name}.json").write_text(native.write(found))
    ran = convert(*sorted(tmp_path.glob("*.json")), "-o", tmp_path / "x.caracal.csv")
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.splitlines()[0] == (
        f"paris-convert: left out: {tmp_path / 'a.json'}: the trace to {by_label.plan.target}: "
        "caracal's columns hold no UDP probes whose flows differ by flow-label"
    )
    assert "1 trace written to" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x.warts", "-o", "y.svg"), "many traces are written as warts, "),
        (("x.warts", "-o", "-", "--format", "svg"), "svg holds one trace: give -o FOLDER, "),
        (("/nonexistent", "-o", "y", "--format", "svg"), "left out: cannot read /nonexistent"),
        (("x.warts", "-o", "-"), "-o - needs --format: warts, "),
        (("-", "-", "-o", "y.warts"), "standard input is read once"),
        (("x.warts", "-o", "y.warts", "--format", "warts"), "--format is for -o - and"),
        (("x.warts",), "the following arguments are required: -o/--output"),
        (("/nonexistent", "-o", "y.warts"), "left out: cannot read /nonexistent"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_a_line_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = convert(*arguments)
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.startswith(f"paris-convert: {message}")
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_traces(tmp_path: Path) -> None:
    file, taken = tmp_path / "40.warts", {}
    file.write_bytes(b"".join(warts.stream([single_path("two-way")] * 40)))
    tracemalloc.start()
    try:
        for number, _ in enumerate(warts.stream(archives.traces(str(file), pytest.fail))):
            if number in (8, 38):
                gc.collect()
                taken[number] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken[38] < 1.1 * taken[8]
