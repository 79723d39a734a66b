from __future__ import annotations

from mda.studies.paths import Recipe
from render.words.routes import route_words
from tests.render.samples import HOSTILE, TRACES


def recipe(flow: int) -> Recipe:
    return Recipe(f"port {flow} {HOSTILE}", (f"run {flow}",))


def test_every_path_has_its_vertices_from_the_source_on_and_its_flows() -> None:
    first, second = route_words(TRACES["two-way"], recipe)
    assert (first.number, second.number) == (1, 2)
    assert [key.split()[1] for key in second.vertices] == [
        "192.0.2.1", "192.0.2.254", "198.51.100.1", "198.51.100.12", "198.51.100.2", "203.0.113.9",
    ]  # fmt: skip
    assert [flow.number for flow in second.flows] == [1, 3, 5, 7, 9, 11, 13, 15]
    assert second.flows[0].commands == ("run 1",)


def test_what_a_recipe_says_is_printable() -> None:
    (flow, *_) = route_words(TRACES["two-way"], recipe)[0].flows
    assert flow.ports.isprintable()
    assert flow.ports.startswith("port 0 ")


def test_behind_a_balancer_per_packet_there_are_no_paths() -> None:
    assert route_words(TRACES["per-packet"], recipe) == ()
