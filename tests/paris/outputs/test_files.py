"""A file gets all of an output or stays as it was, and no output takes the place of another."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode, OutputError
from paris.outputs.backlog import Backlog
from paris.outputs.files import open_stream, write
from tests.support.commands import run
from tests.support.forks import fork
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = b"what was there before\n"
QUICK = ("--sim", "two-way", "--mda")


def test_a_written_file_keeps_its_permissions_and_leads_where_it_led(tmp_path: Path) -> None:
    file, link = tmp_path / "x.json", tmp_path / "link"
    file.write_bytes(GOOD)
    file.chmod(0o640)
    link.symlink_to(file)
    write(str(link), b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "x.json"]


def test_a_new_file_has_the_permissions_that_the_user_gives_to_new_files(tmp_path: Path) -> None:
    former = os.umask(0o027)
    try:
        write(str(tmp_path / "x.json"), b"new")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(GOOD)
    os.chown(file, 12345, 23456)
    write(str(file), b"new")
    assert (file.stat().st_uid, file.stat().st_gid, file.read_bytes()) == (12345, 23456, b"new")


def limited(file: Path, content: bytes, most: int) -> int:
    """The exit code of a process that may write only `most` bytes to a file."""

    def work() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            write(str(file), content)
        except OutputError:
            return ExitCode.OUTPUT
        return 0

    return os.waitstatus_to_exitcode(os.waitpid(fork(work), 0)[1])


@pytest.mark.parametrize("most", [0, 1, 99])
def test_a_file_that_cannot_be_written_to_its_end_stays_as_it_was(
    most: int, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(GOOD)
    assert limited(file, bytes(100), most) == ExitCode.OUTPUT
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [GOOD]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such a file")
@pytest.mark.parametrize(("most", "expected"), [(99, GOOD), (100, bytes(100))])
def test_a_file_in_a_folder_that_is_not_ours_is_overwritten_if_there_is_room(
    most: int, expected: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(GOOD)
    file.chmod(0o666)
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)

    def work() -> int:
        os.setresuid(65534, 65534, 65534)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            write(str(file), bytes(100))
        except OutputError:
            return ExitCode.OUTPUT
        return 0

    exit_code = os.waitstatus_to_exitcode(os.waitpid(fork(work), 0)[1])
    assert (exit_code == 0) == (expected != GOOD)
    assert file.read_bytes() == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount files")
def test_a_file_that_no_other_can_take_the_place_of_is_written_in_place(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("x.json", "x.pcapng")]
    mounts = []
    for file in files:
        file.write_bytes(GOOD * 1000)
        mounts.append(f"mount --bind {file} {file}")
    outputs = [part for file in files for part in ("-o", str(file))]
    script = " && ".join((*mounts, '"$@"'))
    command = (sys.executable, "-m", "paris", *QUICK, *outputs)
    subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", *command], check=True)
    assert json.loads(files[0].read_text())["run"]["stopped"] == "complete"
    assert run("--replay", str(files[1])).returncode == 0
    assert sorted(tmp_path.iterdir()) == files


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@contextmanager
def reading(pipe: Path) -> Iterator[int]:
    """Somebody has opened a pipe, and reads nothing by itself."""
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_a_pipe_gets_the_output_itself(pipe: Path) -> None:
    with reading(pipe) as reader:
        write(str(pipe), GOOD)
        assert os.read(reader, 100) == GOOD
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_that_nobody_reads_is_one_line_and_no_wait(pipe: Path) -> None:
    for suffix in ("json", "pcapng"):
        ran = run(*QUICK, "-o", str(pipe), "--format", suffix, "-o", str(pipe.with_name("x.dot")))
        said = f"paris-trace: cannot write {pipe}: nobody reads this pipe\n"
        assert (ran.returncode, ran.stderr) == (ExitCode.OUTPUT, said)


def test_packets_that_nobody_takes_hold_up_neither_the_measurement_nor_a_signal(pipe: Path) -> None:
    other = pipe.with_name("x.dot")
    options = (
        "--sim",
        "forty-eight-way",
        "--mda",
        "--format",
        "pcapng",
        "-o",
        str(pipe),
        "-o",
        str(other),
    )
    command = [sys.executable, "-m", "paris", *options]
    with (
        reading(pipe) as reader,
        subprocess.Popen(command, cwd=pipe.parent, stderr=subprocess.PIPE, text=True) as process,
    ):
        wait_until(other.exists)  # the measurement has ended
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST_S)
        assert process.returncode == ExitCode.INTERRUPTED
        assert err.startswith(
            "paris-trace: interrupted: packets that nobody read are not written\n"
        )
        assert len(os.read(reader, 1 << 20)) > 1 << 15


def test_packets_reach_a_slow_reader_in_order(pipe: Path) -> None:
    with reading(pipe) as reader:
        stream = open_stream(str(pipe))
        backlog, sent = Backlog(stream), bytes(range(256)) * 1024
        for start in range(0, len(sent), 1000):
            backlog.write(sent[start : start + 1000])
        taken = os.read(reader, len(sent))
        assert 0 < len(taken) < len(sent)
        drained = threading.Thread(target=backlog.drain)
        drained.start()
        os.set_blocking(reader, True)
        while len(taken) < len(sent):
            taken += os.read(reader, len(sent))
        drained.join()
        stream.close()
    assert taken == sent


def test_an_output_that_is_read_as_well_is_refused_by_whatever_name(tmp_path: Path) -> None:
    saved, link = tmp_path / "in.json", tmp_path / "link.csv"
    assert run(*QUICK, "-o", str(saved)).returncode == 0
    link.symlink_to(saved)
    before = saved.read_bytes()
    for program, arguments in (
        ("paris-render", (str(saved), "-o", str(saved))),
        ("paris-render", (str(saved), "--metrics", "-o", str(link))),
        ("paris-trace", ("--replay", str(link), "-o", str(saved))),
    ):
        ran = run(*arguments, program=program)
        assert ran.returncode == ExitCode.USAGE
        assert "is read as well" in ran.stderr
        assert ran.stderr.count("\n") == 1
    assert saved.read_bytes() == before


@pytest.mark.parametrize("exists", [False, True])
def test_two_outputs_to_one_file_are_refused(exists: bool, tmp_path: Path) -> None:
    file, other = tmp_path / "x.json", tmp_path / "." / "sub" / ".." / "x.json"
    (tmp_path / "sub").mkdir()
    if exists:
        file.write_bytes(GOOD)
    ran = run(*QUICK, "-o", str(file), "-o", str(other))
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.startswith("paris-trace: two outputs go to one file: ")
    assert run(*QUICK, "-o", "/dev/null", "--format", "dot", "-o", "/dev/null").returncode == 0


def test_another_name_of_standard_output_is_one_output(tmp_path: Path) -> None:
    """/dev/stdout leads to the file to which standard output goes."""
    file = tmp_path / "shown.json"
    command = [sys.executable, "-m", "paris", "--sim", "two-way", "-o", "/dev/stdout"]
    with file.open("wb") as shown:
        ran = subprocess.run(
            [*command, "--format", "json"], stdout=shown, stderr=subprocess.PIPE, check=False
        )
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, b"")
    assert json.loads(file.read_text())["format"] == "paris-trace"
