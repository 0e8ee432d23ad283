"""Places, and what the files of a job are called: outputs never become inputs."""

import pytest

from broker.errors import Invalid
from sinks.file_batch.identity import job_id
from sinks.file_batch.matching import Matching, Verdict
from sinks.file_batch.names import OutputNames, names_for, temporary_name
from sinks.file_batch.place import Place, parse_place
from sinks.file_batch.spec import MatchSpec, WriteSpec

IRIS = parse_place("s3://flowers/in/iris.csv")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://b/in/a b.csv", Place("s3", "b", "in/a b.csv")),
        ("s3://b/in/%2e%2e/a", Place("s3", "b", "in/%2e%2e/a")),
        ("in/iris.csv", Place("folder", "", "in/iris.csv")),
        ("in/", Place("folder", "", "in/")),
        ("https://h:8443/a/b?c=1", Place("http", "https://h:8443", "/a/b?c=1")),
    ],
)
def test_a_place_is_read_as_it_is_written(text: str, place: Place) -> None:
    assert parse_place(text) == place
    assert str(place) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "/etc/passwd", "../a", "in/../../a", "a\0b", "a//b", "s3:///key", "s3://b/", "s3://b/../a",
        "file:///etc/passwd", "gopher://x/", "http://user@h/a", "http://h/a b", "http://[::1/a",
        "x" * 1_025,
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_place(text)

    assert refused.value.code == "invalid-place"


def test_files_of_a_job_lie_beside_the_input() -> None:
    names = names_for(IRIS, WriteSpec(), "csv")

    assert str(names.output) == "s3://flowers/in/iris.csv.predictions.csv"
    assert str(names.errors) == "s3://flowers/in/iris.csv.errors.jsonl"
    assert str(names.manifest) == "s3://flowers/in/iris.csv.predictions.manifest.json"
    assert str(names.part(7)) == "s3://flowers/in/.iris.csv.parts/000000007.rows"


def test_under_an_output_prefix_the_rest_of_the_path_is_kept() -> None:
    source = parse_place("in/2026/01/iris.csv")

    names = names_for(source, WriteSpec(prefix="out/"), "parquet", below="in/")

    assert names.output.path == "out/2026/01/iris.csv.predictions.parquet"


def test_results_may_go_to_another_bucket() -> None:
    write = WriteSpec(bucket="results", prefix="p", name="{stem}-scored.{ext}")

    names = names_for(IRIS, write, "jsonl", below="in/")

    assert str(names.output) == "s3://results/p/iris-scored.jsonl"


def test_a_file_that_was_fetched_needs_a_bucket_for_its_results() -> None:
    with pytest.raises(Invalid, match="name a bucket"):
        names_for(parse_place("https://h/iris.csv"), WriteSpec(), "csv")


@pytest.mark.parametrize(
    "name", ["{name}", "{name}.{ext}", "x/{name}.out", "{nme}.predictions", ""]
)
def test_a_name_that_could_be_an_inputs_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        OutputNames(name)


@pytest.mark.parametrize("template", ["{name}.predictions.{ext}", "scored-{stem}.{ext}"])
@pytest.mark.parametrize(
    "source", ["iris.csv", "a/b/c.d.jsonl", "images/", ".hidden", "a.predictions.csv"]
)
def test_every_file_of_a_job_is_known_again(template: str, source: str) -> None:
    known = OutputNames(template)

    names = names_for(parse_place(source), WriteSpec(name=template), "csv")

    places = [names.output, names.errors, names.manifest, names.parts, names.part(1)]
    paths = [place.path for place in (*places, names.part_errors(1))]
    folder, _, name = names.output.path.rpartition("/")
    paths.append(f"{folder}/{temporary_name(name)}")
    assert all(known.is_output_name(path) for path in paths)


@pytest.mark.parametrize("path", ["iris.csv", "predictions.csv", "a/errors.jsonl", "manifest.json"])
def test_what_is_not_a_jobs_is_not_taken_for_it(path: str) -> None:
    assert not OutputNames(WriteSpec().name).is_output_name(path)


@pytest.mark.parametrize(
    ("path", "size_bytes", "verdict"),
    [
        ("in/a.csv", 10, Verdict.TAKEN),
        ("out/a.csv", 10, Verdict.OTHER),
        ("in/a.txt", 10, Verdict.OTHER),
        ("in/a.csv.predictions.csv", 10, Verdict.OUTPUT),
        ("in/a.csv.ready", 10, Verdict.MARKER),
        ("in/a.csv", 0, Verdict.TOO_SMALL),
        ("in/a.csv", 101, Verdict.TOO_LARGE),
    ],
)
def test_a_file_is_judged_by_name_and_size(path: str, size_bytes: int, verdict: Verdict) -> None:
    match = MatchSpec(prefix="in/", bytes_max=100, marker="ready")
    matching = Matching(match, WriteSpec(), takes=lambda name: name.endswith(".csv"))

    assert matching.judge(path, size_bytes) is verdict


def test_a_marker_is_looked_for_beside_the_file() -> None:
    markers = [
        Matching(MatchSpec(marker=kind), WriteSpec()).marker_of("in/a.csv")
        for kind in ("none", "ready", "success")
    ]

    assert markers == [None, "in/a.csv.ready", "in/_SUCCESS"]


def test_a_folders_files_settle_and_a_buckets_are_whole() -> None:
    matching = Matching(MatchSpec(), WriteSpec())

    assert [matching.settle_seconds(kind) for kind in ("folder", "s3")] == [2.0, 0.0]
    assert Matching(MatchSpec(settle_seconds=5.0), WriteSpec()).settle_seconds("s3") == 5.0


def test_a_job_is_the_same_for_every_notification_of_the_same_input() -> None:
    first = job_id(IRIS, "etag-1", "default/iris", {"read": {}, "write": {"join": "none"}})

    again = job_id(IRIS, "etag-1", "default/iris", {"write": {"join": "none"}, "read": {}})
    others = {
        job_id(IRIS, "etag-2", "default/iris", {}),
        job_id(IRIS, "etag-1", "default/other", {}),
        job_id(IRIS, "etag-1", "default/iris", {"write": {"join": "key"}}),
        job_id(parse_place("in/iris.csv"), "etag-1", "default/iris", {}),
    }
    assert again == first
    assert len(first) == 32
    assert len(others | {first}) == 5
