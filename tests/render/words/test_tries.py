"""Lost probes of a single path leave a mark each, or are counted."""

from __future__ import annotations

from tests.support.commands import run


def test_each_lost_probe_of_a_single_path_is_marked() -> None:
    lines = run("--sim", "lossy", "-n").stdout.splitlines()
    assert lines[2] == " 1  192.0.2.254     1.00 ms  *          1.00 ms"
    assert lines[3] == " 2  198.51.100.1   *          4.00 ms   4.00 ms"
    assert lines[4] == " 3  198.51.100.12   8.00 ms   8.00 ms   8.00 ms"


def test_lost_probes_are_counted_where_a_line_has_no_room_for_all() -> None:
    lines = run("--sim", "lossy", "-n", "-q", "6").stdout.splitlines()
    assert lines[2] == " 1  192.0.2.254     1.00 ms  *          1.00 ms  (1 of 6 lost)"
    assert "lost" not in lines[4]


def test_lost_probes_are_marked_neither_at_silent_hops_nor_in_multipath_traces() -> None:
    assert "*  *" not in run("--sim", "silent-hop", "-n").stdout
    assert " of 6 lost" not in run("--sim", "lossy", "-n", "--mda", "-q", "6").stdout
