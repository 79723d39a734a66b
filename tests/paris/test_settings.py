"""Settings: fields find their groups, no name is in two of them, and each group checks its own."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

import pytest

from paris.errors import SettingsError
from paris.settings import (
    Budget,
    Lane,
    Pace,
    ProbeOptions,
    Repeat,
    Search,
    Settings,
    StudyOptions,
    Target,
)
from tests.support.drive import full_mda, layers, play

if TYPE_CHECKING:
    from mda.frozen import Frozen

GROUPS: dict[str, type[Frozen]] = {
    "target": Target,
    "probe": ProbeOptions,
    "search": Search,
    "pace": Pace,
    "budget": Budget,
    "study": StudyOptions,
    "repeat": Repeat,
}


def test_every_group_is_a_field_and_no_option_has_two_meanings() -> None:
    assert list(Settings.field_names()) == [*GROUPS, "seed"]
    names = Counter(name for group in GROUPS.values() for name in group.field_names())
    assert set(names.values()) == {1}
    assert not names.keys() & {*GROUPS, "seed"}


def test_addresses_may_be_given_as_texts_and_texts_as_addresses() -> None:
    made = Settings.of(host=ip_address("192.0.2.1"), source="192.0.2.2").target
    assert (made.host, made.source) == ("192.0.2.1", ip_address("192.0.2.2"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": "192.0.2"}, "-s/--source must be an IPv4 or IPv6 address, not '192.0.2'"),
        ({"max_ttl": "5"}, "-m/--max-hops must be a whole number, not '5'"),
        ({"rate_pps": "fast"}, "--rate must be a number of probes per second, not 'fast'"),
        ({"seed": -1}, "--seed must be from 0 to"),
        ({"interface": "a\0b"}, "-i/--interface must be a name"),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused_in_the_words_of_its_option(
    options: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.of(host="192.0.2.1", **options)


def test_settings_of_puts_each_option_into_its_group() -> None:
    made = Settings.of(
        host="192.0.2.1", sport=4000, multipath=True, rate_pps=10.0, max_probes=1000,
        studies={"paths": None}, seed=3,
    )  # fmt: skip
    assert made == Settings(
        target=Target(host="192.0.2.1"),
        probe=ProbeOptions(sport=4000),
        search=Search(multipath=True),
        pace=Pace(rate_pps=10.0),
        budget=Budget(max_probes=1000),
        study=StudyOptions(studies={"paths": None}),
        seed=3,
    )


def test_settings_can_be_copied_and_sent_to_another_process() -> None:
    settings = Settings.of(host="192.0.2.9", multipath=True, studies={"paths": None})
    for own in (settings, Settings.of(host="192.0.2.9")):
        assert copy.deepcopy(own) == own == pickle.loads(pickle.dumps(own))


def test_settings_keep_their_values_if_the_caller_changes_its_own() -> None:
    studies: dict[str, str | None] = {"paths": None}
    settings = Settings.of(host="192.0.2.9", multipath=True, studies=studies)
    studies["nosuch"] = None
    assert settings.study.studies == {"paths": None}


def test_an_unknown_option_is_a_type_error_as_for_any_function() -> None:
    with pytest.raises(TypeError, match="'multi_path'"):
        Settings.of(host="192.0.2.1", multi_path=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mark": 0}, "--mark must be from 1 to 4294967295, not 0"),
        ({"protocol": "icmp", "dport": 80}, "-p/--port has no meaning with -I"),
        ({"protocol": "tcp", "payload": "dns"}, "--payload is for UDP; leave out -T"),
        ({"protocol": "icmp", "payload": "dns"}, "--payload is for UDP; leave out -I"),
        (
            {"payload": "dns", "multipath": True, "compare": (Lane("udp", 53), Lane("icmp", None))},
            "--compare takes the payload that suits a port; leave out --payload",
        ),
        ({"lite": True}, "--mda-lite requires every path"),
        ({"per_vertex": True}, "--per-vertex requires every path"),
        ({"min_share": 0.1}, "--min-share requires every path"),
        ({"failure_probability": 0.01}, "-c/--confidence requires every path"),
        ({"gap_limit": 5}, "--gap-limit requires every path"),
        ({"studies": {"paths": None}}, "studies require every path"),
        ({"first_ttl": 9, "max_ttl": 3}, "-f/--first-hop 9 is beyond -m/--max-hops 3"),
        ({"traffic_class": 256}, "-t/--tos must be from 0 to 255, not 256"),
        ({"rate_pps": 0.0}, "--rate must be a number of probes per second above 0, not 0"),
        ({"deadline_s": float("inf")}, "--deadline must be a number of seconds above 0, not inf"),
        ({"studies": {"nosuch": None}}, "not a study or a parameter of one: 'nosuch'"),
        ({"multipath": True, "max_probes": 5}, "--max-probes 5 cannot complete a single hop"),
        ({"protocol": "icmp", "studies": {"classic": None}}, "--classic cannot be used with -I"),
    ],
)
def test_each_group_refuses_values_that_cannot_be_used(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.of(host="192.0.2.1", **options)
    assert str(caught.value).startswith(message)


def test_a_budget_is_refused_with_the_numbers_of_probes_that_traces_take() -> None:
    short, long = (
        play(full_mda(per_vertex=False), layers(*[1] * hops).per_flow(Random(1))).probes
        for hops in (1, 12)
    )
    Settings.of(host="192.0.2.1", multipath=True, max_probes=short)
    with pytest.raises(SettingsError) as caught:
        Settings.of(host="192.0.2.1", multipath=True, max_probes=short - 1)
    assert f"that takes {short}, a plain path of 12 hops {long};" in str(caught.value)
