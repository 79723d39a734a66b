"""A survey by a real Dask scheduler and its workers, one of which dies in the middle of a slice."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import sys
from contextlib import ExitStack
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import pytest

from paris.cli.exits import guarded
from paris.cli.survey import main
from paris.errors import ExitCode
from paris.sim.internet import internet
from paris.survey import files, scheduler
from paris.survey.report import report
from tests.support.surveys import edges, traces, true_edges
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

SIM: Final = ("--sim", "internet:1", "--seed", "5", "--rate", "20000", "--window", "1")
ALONE: Final = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
# Each process is forked from one that has what takes a second to import.
FORKS: Final = multiprocessing.get_context("forkserver")
LOADED: Final = ("distributed.cli.dask_scheduler", "distributed.cli.dask_worker",
                 "paris.survey.scheduler")  # fmt: skip


def schedule(known: Path) -> None:
    from distributed.cli.dask_scheduler import main

    main([*ALONE, "--scheduler-file", str(known)])


def work(known: Path, name: str) -> None:
    from distributed.cli.dask_worker import main

    main(["--scheduler-file", str(known), "--nthreads", "1", "--no-nanny", "--no-dashboard",
          "--name", name])  # fmt: skip


def survey(arguments: tuple[str, ...]) -> None:
    sys.exit(guarded("paris-survey", main, arguments))


def test_a_dead_workers_slice_is_traced_by_another_one(tmp_path: Path) -> None:
    folder, known = tmp_path / "out", tmp_path / "scheduler.json"
    FORKS.set_forkserver_preload(list(LOADED))

    def is_in_a_slice(name: str) -> bool:
        """Whether a worker has begun a slice, and has traced some of it."""
        return any(
            journal.stat().st_size
            and json.loads((journal.parent / "survey.json").read_text())["worker"] == name
            for journal in folder.glob(".slice-*/finished.jsonl")
        )

    with ExitStack() as ends:

        def start(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
            process = FORKS.Process(target=target, args=arguments)
            process.start()
            ends.callback(process.kill)
            return process

        start(schedule, known)
        victim, _ = (start(work, known, name) for name in "ab")
        wait_until(known.exists)
        address = json.loads(known.read_text())["address"]
        surveys = start(survey, ("10.0.0.0/26", "--mda", *SIM, "-o", str(folder),
                                 "--scheduler", address))  # fmt: skip

        def dies_in_a_slice() -> bool:
            assert victim.pid is not None
            os.kill(victim.pid, signal.SIGSTOP)
            if is_in_a_slice("a"):
                victim.kill()
                return True
            os.kill(victim.pid, signal.SIGCONT)
            return False

        wait_until(dies_in_a_slice)
        surveys.join(LONGEST_S)
        assert surveys.exitcode == ExitCode.REACHED
    parts = files.folders(folder)[1:]
    assert len(parts) == 4
    found = {name: trace for part in parts for name, trace in traces(part).items()}
    assert set(found) == {f"10.0.0.{number}" for number in range(1, 63)}
    assert sum(len(traces(part)) for part in parts) == len(found)
    network = internet("1", 5)
    for name, trace in found.items():
        assert edges(trace) <= true_edges(network, ip_address(name))
    told = report(folder)
    assert (told.traces, told.unfinished) == (62, 0)
    assert told.probes == sum(len(trace.outcomes) for trace in found.values())
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("address", "said", "exit_code"),
    [
        ("127.0.0.1:8786", r"not of the form tcp://HOST:PORT", ExitCode.USAGE),
        ("tcp://127.0.0.1:65536", r"not of the form", ExitCode.USAGE),
        ("tcp://127.0.0.1:1", r"no Dask scheduler answers at", ExitCode.LOCAL_NETWORK),
    ],
)
def test_a_bad_address_is_one_line_and_no_folder(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    said: str,
    exit_code: ExitCode,
) -> None:
    monkeypatch.setattr(scheduler, "_CONNECTS_S", 0.1)
    given = ["10.0.0.1", *SIM, "-o", str(tmp_path / "out"), "--scheduler", address]
    assert guarded("paris-survey", main, given) == exit_code
    error = capsys.readouterr().err
    assert re.search(said, error)
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
