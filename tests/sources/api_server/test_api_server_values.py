"""The pure parts: lines, events, paths, records, refusals, waits."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Forbidden, Invalid, TooLarge, Unauthorized, Unavailable
from sources.api_server.events import EventMaker
from sources.api_server.inventory import Change
from sources.api_server.lines import Lines
from sources.api_server.objects import Identity
from sources.api_server.options import Mode, Owner, Selection
from sources.api_server.pace import SECONDS_MAX, Pace
from sources.api_server.records import selection_keys, selection_mark
from sources.api_server.refusals import Expired, NotServed, Right, refusal
from sources.api_server.served import Served, served_of
from sources.api_server.watcher import is_before

DEPLOYMENT = Selection("apps/v1", "Deployment")
PODS = Right("list", "", "pods", "shop")


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 60), max_size=8))
def test_lines_are_the_same_however_they_come(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"\n".join(parts) + b"\n"
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    lines = Lines(1000)

    found = [line for start, end in pairwise(places) for line in lines.feed(whole[start:end])]

    assert found == [line for line in whole.split(b"\n") if line.strip()]


def test_a_line_that_grows_beyond_its_bound_is_refused() -> None:
    lines = Lines(10)

    assert lines.feed(b"123456789\n1234567890") == [b"123456789"]

    with pytest.raises(TooLarge):
        lines.feed(b"1")


def made(mode: Mode, found: dict[str, Any] | None, namespace: str = "shop") -> Any:
    maker = EventMaker("https://k:6443", DEPLOYMENT, Served("deployments", True), mode)
    change = Change("update", Identity(namespace, "web", "u1", "7"), found)
    return maker.make(change, "2026-01-31T12:00:00Z")


def test_an_update_has_knatives_type_and_a_subject_that_is_a_path() -> None:
    event = made("Reference", None)

    assert event.type == "dev.knative.apiserver.ref.update"
    assert event.attributes["subject"] == "/apis/apps/v1/namespaces/shop/deployments/web"
    assert event.id == "apps/v1/u1/7/update"


def test_an_object_of_no_namespace_has_none_in_its_event() -> None:
    event = made("Reference", None, namespace="")

    assert event.attributes["subject"] == "/apis/apps/v1/deployments/web"
    assert "namespace" not in event.attributes
    assert "namespace" not in json.loads(event.data)


def test_the_same_object_has_the_same_bytes_in_whatever_order_it_came() -> None:
    one = made("Resource", {"spec": {"b": 1, "a": 2}, "metadata": {}})
    other = made("Resource", {"kind": "Deployment", "metadata": {}, "spec": {"a": 2, "b": 1}})

    assert one.data == other.data


def test_a_kind_is_found_by_its_name_and_not_by_its_parts() -> None:
    found = {
        "resources": [
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["watch"]},
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list", "watch"]},
            {"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]},
        ]
    }

    assert served_of(found, "Pod") == Served("pods", True)
    assert served_of(found, "Binding") is None


def test_two_selections_of_a_kind_have_keys_of_their_own() -> None:
    selections = [DEPLOYMENT, Selection("v1", "Pod"), Selection("v1", "Pod", "a=b")]

    assert selection_keys(selections) == ["Deployment.apps", "Pod", "Pod#2"]


def test_a_mark_differs_with_whatever_chooses_objects() -> None:
    marks = [
        selection_mark(Selection("v1", "Pod"), None),
        selection_mark(Selection("v1", "Pod", "a=b"), None),
        selection_mark(Selection("v1", "Pod", "", "a=b"), None),
        selection_mark(Selection("v1", "Pod"), Owner("v1", "a")),
    ]

    assert len(set(marks)) == 4
    assert selection_mark(Selection("v2", "Pod"), None) == marks[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid), (401, Unauthorized), (403, Forbidden), (404, NotServed), (410, Expired),
        (422, Invalid), (429, Unavailable), (500, Unavailable), (504, Unavailable),
    ],
)  # fmt: skip
def test_each_refusal_is_an_error_that_says_what_to_do(status: int, kind: type) -> None:
    error = refusal(status, b'{"message":"no\\nand no"}', PODS, "https://k:6443")

    assert type(error) is kind
    assert error.remedy
    assert "\n" not in str(error)


def test_a_refusal_in_plain_text_is_quoted() -> None:
    error = refusal(404, b"404 page not found\n", PODS, "https://k:6443")

    assert "list pods in namespace shop: 404 page not found" in error.what


def test_the_remedy_for_a_missing_right_can_be_pasted() -> None:
    error = refusal(403, b"", Right("watch", "apps", "deployments", ""), "https://k:6443")

    assert error.remedy == (
        'add {apiGroups: ["apps"], resources: [deployments], verbs: [get, list, watch]} to a '
        "ClusterRole, and bind it to the account that is used here"
    )


def test_waits_grow_to_a_cap_and_start_anew() -> None:
    pace = Pace(lambda: 1.0)

    waits = [pace.next_seconds() for _ in range(12)]
    pace.reset()

    assert waits[:3] == [0.2, 0.4, 0.8]
    assert waits[-1] == SECONDS_MAX
    assert pace.next_seconds() == 0.2


def test_versions_are_compared_only_where_both_are_numbers() -> None:
    assert is_before("9", "10")
    assert not is_before("10", "9")
    assert not is_before("a", "b")
