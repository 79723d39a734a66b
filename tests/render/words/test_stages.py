from __future__ import annotations

import re
from itertools import pairwise

from mda.comparison import compare
from render.words.stages import stage_words, stages_together
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


def test_stages_of_a_comparison_have_what_all_protocols_had_shown_by_then() -> None:
    compared = compare([(name, TRACES[name]) for name in ("two-way", "four-way", "path")])
    stages = stages_together(compared)
    probes = sum(len(view.trace.outcomes) for view in compared.views)
    for sooner, later in pairwise(stages):
        assert len(later.vertices) >= len(sooner.vertices)
    assert stages[0].sentence.startswith(f"after 0 of {probes} probes: 1 of ")
    last = stages[-1]
    assert last.sentence == (
        f"after {probes} of {probes} probes: {len(compared.graph)} of {len(compared.graph)} "
        f"vertices, {len(compared.graph.edges)} of {len(compared.graph.edges)} edges"
    )
    assert len(last.vertices) == len(compared.graph)
