"""The suite passes however it was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def test_programs_that_tests_start_heed_ctrl_c() -> None:
    show = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"


def test_programs_heed_ctrl_c_even_if_the_suite_runs_in_the_background() -> None:
    this = f"{__file__}::{test_programs_that_tests_start_heed_ctrl_c.__name__}"
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    as_background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]  # as `pytest &` in a script is
    ran = subprocess.run(
        [*as_background, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", this],
        cwd=CHECKOUT, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("is_shown", [True])
def test_values_of_parameters_are_shown_in_words(
    request: pytest.FixtureRequest, *, is_shown: bool
) -> None:
    assert is_shown
    assert request.node.name.endswith("[shown]")


@pytest.mark.xdist_group("timing")
def test_tests_that_measure_time_share_a_worker(request: pytest.FixtureRequest) -> None:
    # Workers take tests by name: a group that is not in the name is taken apart without a word.
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@timing")
