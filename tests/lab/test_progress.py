"""Progress on a terminal: the hops of a slow trace fill in, and a quick one shows nothing."""

from __future__ import annotations

import pytest

from tests.lab import netlab
from tests.lab.command import command_line
from tests.support.window import window

pytestmark = pytest.mark.lab


def test_hops_fill_in_a_table_that_fits_its_window_and_leaves_nothing_behind() -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        search = command_line(str(netlab.TARGET[4]), "--mda", "-n", "-c", "99.9", "--rate", "20")
        with window(lab.at_source(*search), 24, 80) as slow:
            slow.read_until(b" left, ")
            slow.read_until(b"sure")
            slow.resize(5, 40)
            slow.read_until(b" more lines")
            begin = len(slow.shown)  # of what is drawn in the narrow window alone
            slow.read_until(b" more lines")
            slow.press(b"q")  # which is for the shell
            slow.resize(24, 80)
            slow.read_until(b" and 1 more")
            narrow = slow.shown[begin:].partition(b"more lines")[0]
            slow.press(b"\x03")
            left = slow.left()
        assert b"sure" not in narrow  # no room for that column
        assert slow.process.returncode == 130
        assert b"interrupted: unfinished" in left
        assert b"times in ms" not in left
        quick = command_line(str(netlab.TARGET[4]), "-n", "-w", "0.2")
        with window(lab.at_source(*quick), 24, 80) as fast:
            fast.read_until(b"reached in ")
            fast.process.wait()
        assert fast.shown.startswith(b"203.0.113.9  udp ")  # the result, and nothing before
