"""Each signal asks for more: the end of the measurement, no names and pictures, the end at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paris.cli.signals import Signals, listen, taken_over
from paris.engine.stopping import OutOfTimeError, SkippedError
from paris.errors import ExitCode
from tests.support.commands import CHECKOUT
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EACH = pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@pytest.fixture
def signals() -> Iterator[Signals]:
    with taken_over(None) as taken:
        yield taken


def run_forever() -> None:
    while True:
        pass


def measured(signals: Signals) -> Signals:
    """The same signals, after a measurement that none of them ended."""
    signals.begin()
    with signals.heard():
        pass
    return signals


@EACH
def test_a_signal_before_the_measurement_ends_the_program(
    how: signal.Signals, signals: Signals
) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(how)


@EACH
def test_a_signal_that_comes_before_the_first_step_ends_the_measurement_there(
    how: signal.Signals, signals: Signals
) -> None:
    signals.begin()
    signal.raise_signal(how)
    with pytest.raises(KeyboardInterrupt), signals.heard():
        pytest.fail("heard too late")


def test_what_is_held_is_done_as_a_whole_before_a_signal_is_heard(signals: Signals) -> None:
    done = []

    def step() -> None:
        with signals.heard():
            with signals.held():
                signal.raise_signal(signal.SIGINT)
                done.append("all of it")
            done.append("more")

    signals.begin()
    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["all of it"]


def test_the_signal_that_ended_the_measurement_leaves_nothing_out(signals: Signals) -> None:
    signals.begin()
    with pytest.raises(KeyboardInterrupt), signals.heard():
        signal.raise_signal(signal.SIGINT)
    assert not signals.in_haste
    with signals.skippable():
        pass


@EACH
def test_the_first_signal_after_the_measurement_leaves_out_what_is_slow_and_nothing_else(
    how: signal.Signals, signals: Signals
) -> None:
    measured(signals)
    signal.raise_signal(how)
    assert signals.in_haste
    with pytest.raises(SkippedError), signals.skippable():
        pytest.fail("slow, and begun in haste")
    with signals.skippable(is_slow=False):
        pass


def test_a_signal_ends_what_may_be_skipped_at_once(signals: Signals) -> None:
    measured(signals)
    with pytest.raises(SkippedError), signals.skippable():
        signal.raise_signal(signal.SIGTERM)
    assert signals.in_haste


def test_the_second_signal_after_the_measurement_ends_the_program(signals: Signals) -> None:
    measured(signals)
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)  # it is ending


@contextmanager
def listening(if_lost: Callable[[], object] = lambda: None) -> Iterator[None]:
    every = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.getsignal(number) for number in every}
    former_hook = sys.unraisablehook
    listen(if_lost)
    try:
        yield
    finally:
        sys.unraisablehook = former_hook
        for number, handler in former.items():
            signal.signal(number, handler)


@EACH
def test_no_signal_disturbs_a_program_that_is_ending(how: signal.Signals) -> None:
    with listening():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(how)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)


class Dropping:
    """Gets a signal where Python drops what is raised."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_python_drops_before_the_measurement_is_not_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost: list[bool] = []
    with listening(lambda: lost.append(True)):
        Dropping()
    assert lost == [True]
    assert capsys.readouterr().err == ""


def test_a_signal_that_python_drops_during_the_measurement_ends_it_at_the_next_step() -> None:
    def step(signals: Signals) -> None:
        with signals.heard():
            Dropping()
            with signals.held():
                pass
            pytest.fail("lost")

    with taken_over(None) as signals:  # a fixture's would end before the test, by some pytests
        signals.begin()
        with pytest.raises(KeyboardInterrupt):
            step(signals)


def test_what_python_drops_otherwise_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing:
        def __del__(self) -> None:
            raise ValueError("a fault")

    with listening():
        Failing()
    assert "ValueError: a fault" in capsys.readouterr().err


def test_the_deadline_ends_a_step_that_never_looks_at_the_clock() -> None:
    with taken_over(0.01) as taken:
        taken.begin()
        with pytest.raises(OutOfTimeError), taken.heard():
            run_forever()


def test_an_alarm_that_somebody_else_set_stays_theirs(signals: Signals) -> None:
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        listen(lambda: None)
        with taken_over(None) as taken:
            taken.begin()
            with taken.heard():
                signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)


def test_an_interruption_within_a_text_that_python_runs_ends_with_its_exit_code(
    tmp_path: Path,
) -> None:
    """As when it comes while a dataclass is being defined: it is handled, and Python remembers."""
    (tmp_path / "interrupted.py").write_text(
        "from paris.cli.exits import ended\n"
        "def command(_):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        print('handled')\n"
        "    return 130\n"
        "ended('paris-trace', command)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "interrupted"], env={"PYTHONPATH": f"{tmp_path}:{CHECKOUT}"},
        capture_output=True, check=False, timeout=LONGEST_S,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (ExitCode.INTERRUPTED, b"handled\n", b"")
