"""A measurement again from its packets: the same results to the byte, whatever became of it."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.errors import ParisTraceError
from mda.model import ProbeRequest
from mda.plan import Algorithm, Reading
from mda.statistics.stopping import Bound
from paris import replay
from paris.errors import ExitCode, FormatError
from paris.formats import pcapng
from paris.sim.topology_file import samples
from tests.support.commands import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AS_IT_WAS = Reading()


def fault_of(file: Path) -> str | None:
    """The message about a file's fault, if there is one; other exceptions are raised."""
    try:
        replay.trace(str(file), AS_IT_WAS)
    except ParisTraceError as error:
        return str(error)
    return None


def measured(folder: Path, *options: str) -> Path:
    """A run's packets, beside them its JSON and DOT."""
    files = [folder / f"live.{suffix}" for suffix in ("pcapng", "json", "dot", "txt")]
    run(*options, *(part for file in files for part in ("-o", str(file))))
    return files[0]


@pytest.mark.parametrize("name", sorted(samples()))
def test_a_replay_of_every_sample_gives_the_same_outputs(name: str, tmp_path: Path) -> None:
    packets = measured(tmp_path, "--sim", name, "--mda", "-c", "99")
    for file in (packets, tmp_path / "live.json"):
        again = [str(tmp_path / f"again.{suffix}") for suffix in ("json", "dot", "txt")]
        run("--replay", str(file), "--mda", *(part for path in again for part in ("-o", path)))
        for suffix in ("json", "dot", "txt"):
            live = (tmp_path / f"live.{suffix}").read_bytes()
            assert (tmp_path / f"again.{suffix}").read_bytes() == live


@pytest.mark.parametrize(
    "options",
    [
        ("--sim", "lossy"),  # one flow
        ("--sim", "two-way", "--mda", "--max-probes", "50"),  # cut short
        ("--sim", "silent-hop", "--mda", "--deadline", "0.1"),  # with probes in flight
        ("--sim", "two-way", "--mda-lite", "-I", "-4"),
        ("--sim", "two-way", "--mda", "-T", "-p", "443"),
        ("--sim", "ipv6-label", "--mda", "--flow-field", "flow-label"),
        ("--sim", "ipv6-label", "--classify"),
        ("--sim", "two-way", "--classify", "-T", "--prefix-len", "28"),
        ("--sim", "per-destination", "--classify", "-I"),
    ],
    ids=" ".join,
)
def test_a_replay_of_every_kind_of_run_gives_the_same_json(
    options: Sequence[str], tmp_path: Path
) -> None:
    packets = measured(tmp_path, *options)
    again = tmp_path / "again.json"
    run("--replay", str(packets), "-o", str(again))
    assert again.read_bytes() == (tmp_path / "live.json").read_bytes()


def test_a_replay_may_use_another_bound_or_algorithm(tmp_path: Path) -> None:
    packets = measured(tmp_path, "--sim", "two-way", "--mda")
    live = replay.trace(str(packets), AS_IT_WAS)
    surer = replay.trace(str(packets), Reading(bound=Bound(0.01)))
    assert surer.outcomes == live.outcomes
    assert surer.certainty.unfinished
    assert not live.certainty.unfinished
    lite = replay.trace(str(packets), Reading(algorithm=Algorithm.MDA_LITE))
    assert lite.plan.algorithm is Algorithm.MDA_LITE


def test_a_capture_without_its_end_is_read_as_an_interrupted_trace(tmp_path: Path) -> None:
    packets = measured(tmp_path, "--sim", "two-way", "--mda")
    data = packets.read_bytes()
    whole = replay.trace(str(packets), AS_IT_WAS)
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(data[: len(data) * 2 // 3])
    part = replay.trace(str(cut), AS_IT_WAS)
    assert part.stopped.value == "interrupted"
    assert 0 < len(part.outcomes) < len(whole.outcomes)
    assert set(part.replies) <= set(whole.replies)


def test_a_broken_capture_is_refused_in_one_line(tmp_path: Path) -> None:
    data = measured(tmp_path, "--sim", "two-way", "--mda").read_bytes()
    random = Random(5)
    broken = tmp_path / "broken.pcapng"
    refused = 0
    for _ in range(300):
        wrong = bytearray(data)
        for _ in range(random.randint(1, 30)):
            # The header says most, so that is where most is broken.
            at = random.randrange(random.choice((40, 900, len(wrong))))
            wrong[at] = random.randrange(256)
        broken.write_bytes(wrong[: random.randint(1, len(wrong))])
        fault = fault_of(broken)
        assert fault is None or (fault.startswith(str(broken)) and "\n" not in fault)
        refused += fault is not None
    assert refused > 100


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\x0a\x0d\x0d\x0a", "byte 4: cut short"),
        (pcapng.header("a note", "another program"), "there is no trace in it"),
        (pcapng.header('{"format": "paris-trace capture", "version": 9}', ""), "version 9"),
        (pcapng.header('{"format": "paris-trace capture", "version": 1}', ""), "'plan' is missing"),
    ],
)
def test_a_file_that_is_not_a_capture_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "other.pcapng"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=said):
        replay.trace(str(file), AS_IT_WAS)


def test_a_loss_of_a_probe_that_was_never_sent_is_refused(tmp_path: Path) -> None:
    packets = measured(tmp_path, "--sim", "two-way", "--mda")
    with packets.open("ab") as file:
        file.write(pcapng.statistics(json.dumps({"losses": [[0, 999, 1, 0, 0.5]]}), 0, 0))
    with pytest.raises(FormatError, match=f"{ProbeRequest.__name__}.*never sent"):
        replay.trace(str(packets), AS_IT_WAS)


def test_replay_refuses_a_host_and_an_output_of_packets(tmp_path: Path) -> None:
    packets = str(measured(tmp_path, "--sim", "two-way", "--mda"))
    for arguments, said in (
        (("--replay", packets, "example.net"), "without HOST"),
        (("--replay", packets, "-o", str(tmp_path / "x.pcapng")), "a replay sends none"),
        (("--replay", str(tmp_path / "none.pcapng")), "No such file"),
        (("--sim", "two-way", "-o", "a.pcapng", "-o", "b.pcapng"), "packets go to one file"),
        (("--sim", "two-way", "--wire", "raw"), "--wire is for a real network"),
    ):
        ran = run(*arguments)
        assert ran.returncode == ExitCode.USAGE
        assert said in ran.stderr
        assert ran.stderr.count("\n") == 1
