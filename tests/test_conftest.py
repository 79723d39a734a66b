"""The suite passes however it was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def test_what_tests_start_heeds_ctrl_c() -> None:
    show = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"


def test_it_does_so_where_the_suite_itself_was_started_without() -> None:
    this = f"{__file__}::{test_what_tests_start_heeds_ctrl_c.__name__}"
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    as_background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]  # as `pytest &` in a script is
    ran = subprocess.run(
        [*as_background, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", this],
        cwd=CHECKOUT, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
