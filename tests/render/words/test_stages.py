from __future__ import annotations

import re

from render.words.stages import stage_words
from tests.render.samples import TRACES


def test_a_stage_says_how_much_of_the_graph_was_known_and_how_sure_that_was() -> None:
    first, *_, last = stage_words(TRACES["two-way"])
    assert first.sentence == "after 0 of 80 probes: 1 of 7 vertices, 0 of 7 edges"
    assert last.sentence == (
        "after 80 of 80 probes: 7 of 7 vertices, 7 of 7 edges; one more even branch of a vertex "
        "would stay unseen with 0.8 % at most"
    )
    assert (len(last.vertices), len(last.edges)) == (7, 7)


def test_what_turned_out_otherwise_is_in_no_stage() -> None:
    for name, trace in TRACES.items():
        stages = stage_words(trace)
        for stage in stages:
            assert stage.vertices <= stages[-1].vertices, name
            assert stage.edges <= stages[-1].edges, name
        assert (len(stages[-1].vertices), len(stages[-1].edges)) == (
            len(trace.dag), trace.dag.number_of_edges(),
        )  # fmt: skip


def test_vertices_that_need_more_flows_are_counted() -> None:
    sentences = [stage.sentence for stage in stage_words(TRACES["four-way"])]
    counts = [int(found[1]) if (found := re.search(r"(\d+) vert\w+ not fully", own)) else 0
              for own in sentences]  # fmt: skip
    assert max(counts) == 8
    assert (counts[0], counts[-1]) == (0, 0)


def test_of_one_flow_no_stage_promises_anything() -> None:
    for stage in stage_words(TRACES["path"]):
        assert re.fullmatch(
            r"after \d+ of \d+ probes: \d+ of 13 vertices, \d+ of 12 edges", stage.sentence
        )
