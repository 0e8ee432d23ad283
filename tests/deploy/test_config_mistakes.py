"""Everything that can be wrong, each with its place and remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import InvalidConfig
from deploy.config.broker_spec import Configuration
from deploy.config.read import read_configuration

Reader = Callable[..., Configuration]
Mistakes = Callable[..., list[str]]

# One mistake a row: the lines of a trigger's spec, and what is said of them.
TRIGGERS = (
    ("filtres: []", "a.yaml:10:3: spec.filtres: is no known field; did you mean filters?"),
    ("broker: other", "a.yaml:10:11: spec.broker: there is no broker default/other"),
    ("broker: defalt", "did you mean default?"),
    ("retry: 3", "spec.retry: is no known field"),
    ("paused: 1", "spec.paused: is a number instead of true or false"),
    ("paused: no", "spec.paused: is text instead of true or false"),
    ("delivery:", "spec.delivery: is empty instead of a mapping"),
    ("delivery: {retry: 012}", "is text instead of a whole number"),
    ("delivery: {retry: 1.5}", "is a number with a fraction instead of a whole number"),
    ("delivery: {timeout: PT0S}", "'PT0S' is no time at all"),
    ("delivery: {backoffDelay: P1M}", "months and years have no fixed length"),
    ("delivery: {format: xml}", "write 'binary' or 'json'"),
    ("order: {by: Key}", "spec.order.by: 'Key' is no attribute name"),
    ("limits: {maxInFlight: 0}", "0 is too small; write at least 1"),
    ("start: soon", "'soon' is neither latest, earliest nor"),
    ("filters: {exact: {type: a}}", "is a mapping instead of a list"),
    ("filters: [{}]", "a.yaml:10:13: spec.filters[0]: "),
    ("filters: [{exact: {type: 5}}]", "a.yaml:10:28: spec.filters[0].exact.type: "),
    ("filters: [{exact: {type: a}, prefix: {type: b}}]", "spec.filters[0]"),
)
SUBSCRIBERS = (
    ("broker: default", "spec.subscriber: is missing; add subscriber"),
    ("subscriber: {}", "spec.subscriber: names no destination"),
    ("subscriber: {uri: '/path'}", "the value is no http or https URL"),
    ("subscriber: {ref: {kind: FileSink, name: f}}", "there is no FileSink default/f"),
    ("subscriber: {ref: {kind: Service, name: f}}", "'Service' is no kind of sink"),
    ("subscriber: {ref: {kind: InferenceSink, name: s}}", "it is a FileSink"),
    ("subscriber: {ref: {kind: FileSink, name: s}, uri: 'http://h'}", "uri: stands beside a ref"),
)
DOCUMENTS = (
    ("- 1", "is no resource"),
    ("apiVersion: v1", "kind: is missing"),
    ("kind: [1]", "kind: is no text"),
    ("{apiVersion: v1, kind: Secret, metadata: {name: a}}", "'Secret' is no known kind"),
    ("{apiVersion: v1, kind: Triger, metadata: {name: a}}", "did you mean Trigger?"),
    ("{kind: Broker, metadata: {name: a}}", "apiVersion: is missing"),
    (
        "{apiVersion: eventing.knative.dev/v1beta1, kind: Broker, metadata: {name: a}}",
        "a.yaml:1:14: apiVersion: is not the apiVersion of Broker; write eventing.knative.dev/v1",
    ),
    ("{apiVersion: eventing.knative.dev/v1, kind: Broker}", "metadata: is missing"),
)
BROKERS = (
    ("metadata: {}", "metadata.name: is missing"),
    ("metadata: {name: A_b}", "'A_b' is no DNS label"),
    ("metadata: {name: ../x}", "'../x' is no DNS label"),
    ("metadata: {name: a, nmespace: b}", "did you mean namespace?"),
    ("metadata: {name: a}\nspec: {egress: {deny: [10.0.0.1/8]}}", "'10.0.0.1/8' is no network"),
    ("metadata: {name: a}\nspec: {egress: {deny: ['a b']}}", "neither a host name, a suffix"),
    ("metadata: {name: a}\nspec: {limits: {publishRate: 5/d}}", "'5/d' is no rate"),
    ("metadata: {name: a}\nspec: {limits: {maxEventBytes: 1MB}}", "'1MB' is no size in bytes"),
)
SINKS = (
    ("FileSink", "path: ''", "'' is empty"),
    ("FileSink", 'path: "a\\0b"', "cannot be the name of a file"),
    ("InferenceSink", "protocol: v2, url: 'http://h'", "protocol v2 needs spec.model"),
    ("InferenceSink", "protocol: onxx, url: 'file:a'", "'http-json' or 'onnx'"),
    ("InferenceSink", "protocol: onnx, url: 'http://h'", "the value is no file: URL"),
)
MODELS = (
    ("breaker: {consecutive: 3}", "this version of headrace has no breaker for protocol onnx"),
    ("reply: {type: ''}", "spec.reply.type: '' cannot be the type of an event"),
    ("reply: {source: '{nothing}'}", "'{nothing}' is no template"),
    ("reply: {source: 'a b'}", "'a b' cannot be the source of an event"),
    ("input: {data: '', instances: $.a}", "spec.input: needs exactly one key"),
    ("input: {columns: {names: []}}", "has too few items"),
    ("input: {data: a.b}", "'a.b' is no path"),
)


@pytest.mark.parametrize(("fields", "mistake"), TRIGGERS)
def test_a_mistake_in_a_trigger_says_where_what_and_the_remedy(
    yaml: Any, mistakes: Mistakes, fields: str, mistake: str
) -> None:
    found = mistakes(yaml.broker + yaml.trigger(f"subscriber: {{uri: 'http://h'}}\n{fields}"))

    assert len(found) == 1
    assert mistake in found[0]


@pytest.mark.parametrize(("fields", "mistake"), SUBSCRIBERS)
def test_a_subscriber_that_cannot_be_found_says_so(
    yaml: Any, mistakes: Mistakes, fields: str, mistake: str
) -> None:
    found = mistakes(yaml.broker + yaml.trigger(fields) + yaml.sink("FileSink", "path: a"))

    assert len(found) == 1
    assert mistake in found[0]


@pytest.mark.parametrize(("text", "mistake"), DOCUMENTS)
def test_a_document_of_no_known_kind_says_what_there_is(
    mistakes: Mistakes, text: str, mistake: str
) -> None:
    found = mistakes(text)

    assert len(found) == 1
    assert mistake in found[0]


@pytest.mark.parametrize(("fields", "mistake"), BROKERS)
def test_a_mistake_in_a_broker_says_the_remedy(
    mistakes: Mistakes, fields: str, mistake: str
) -> None:
    found = mistakes(f"apiVersion: eventing.knative.dev/v1\nkind: Broker\n{fields}\n")

    assert len(found) == 1
    assert mistake in found[0]


@pytest.mark.parametrize(("kind", "fields", "mistake"), SINKS)
def test_a_mistake_in_a_sink_says_the_remedy(
    yaml: Any, mistakes: Mistakes, kind: str, fields: str, mistake: str
) -> None:
    found = mistakes(yaml.sink(kind, fields))

    assert len(found) == 1
    assert mistake in found[0]


@pytest.mark.parametrize(("fields", "mistake"), MODELS)
def test_a_mistake_in_an_inference_sink_says_the_remedy(
    yaml: Any, mistakes: Mistakes, fields: str, mistake: str
) -> None:
    found = mistakes(yaml.iris(fields))

    assert len(found) == 1
    assert mistake in found[0]


def test_no_two_resources_have_one_name(yaml: Any, mistakes: Mistakes) -> None:
    found = mistakes(yaml.broker + "---\n" + yaml.broker)

    assert found == [
        "a.yaml:7:18: metadata.name: Broker default/default is already declared at a.yaml:3; "
        "rename or remove one of them"
    ]


def test_sinks_of_two_kinds_share_their_names(yaml: Any, mistakes: Mistakes) -> None:
    found = mistakes(yaml.iris() + yaml.sink("FileSink", "path: a", "iris"))

    assert "FileSink default/iris is already declared" in found[0]


@pytest.mark.parametrize("path", ["a", "./b/../a", "link"])
def test_no_two_file_sinks_write_one_file(
    yaml: Any, mistakes: Mistakes, tmp_path: Path, path: str
) -> None:
    (tmp_path / "link").symlink_to("a")

    found = mistakes(yaml.sink("FileSink", "path: a", "x") + yaml.sink("FileSink", f"path: {path}"))

    assert found == [
        "a.yaml:10:14: spec.path: is the file of FileSink default/x already; "
        "name another, or use default/x"
    ]


def test_brokers_keep_out_of_the_namespace_of_sources(mistakes: Mistakes) -> None:
    found = mistakes(
        "apiVersion: eventing.knative.dev/v1\nkind: Broker\n"
        "metadata: {name: a, namespace: sources}\n"
    )

    assert found == [
        "a.yaml:3:32: metadata.namespace: 'sources' cannot hold brokers: its paths are those "
        "of sources; name another namespace"
    ]


def test_all_mistakes_of_all_files_come_at_once_and_sorted(yaml: Any, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("a: [\n")
    (tmp_path / "a.yaml").write_text(yaml.broker + "spec: {x: 1, dedupe: {window: 5s}}\n")

    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([tmp_path / "b.yaml", tmp_path / "a.yaml", tmp_path / "c.yaml"], {})

    places = [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in invalid.value.mistakes]
    assert places == ["a.yaml:4:8", "a.yaml:4:31", "b.yaml:2:1", "c.yaml"]


def test_names_and_filters_are_judged_even_where_other_fields_are_wrong(
    yaml: Any, mistakes: Mistakes
) -> None:
    fields = (
        "broker: defalt\n"
        "filters: [{exact: {}}]\n"
        "subscriber: {ref: {kind: FileSink, name: nowhere}}\n"
        "paused: 'yes'\n"
        "delivery: {retry: -1}"
    )

    found = mistakes(yaml.broker + yaml.trigger(fields))

    assert [line.split(": ")[1] for line in found] == [
        "spec.broker", "spec.filters[0].exact", "spec.subscriber.ref.name", "spec.paused",
        "spec.delivery.retry",
    ]  # fmt: skip


def test_a_mistake_within_an_expression_has_its_own_column(yaml: Any, mistakes: Mistakes) -> None:
    text = yaml.trigger("subscriber: {uri: 'http://h'}\nfilters: [{cesql: \"a = (1\"}]")

    found = mistakes(yaml.broker + text)

    assert found[0].startswith("a.yaml:10:28: spec.filters[0].cesql: ")


def test_a_mistake_within_a_folded_expression_says_its_column_in_words(
    yaml: Any, mistakes: Mistakes
) -> None:
    text = yaml.trigger("subscriber: {uri: 'http://h'}\nfilters:\n- cesql: >-\n    a\n    = (1")

    found = mistakes(yaml.broker + text)

    assert found[0].startswith("a.yaml:11:12: ")
    assert "(column 7 of the text)" in found[0]


@pytest.mark.parametrize(
    ("filters", "reply", "loops"),
    [
        ("[]", "type: b", True),
        ("[{exact: {type: a}}]", "type: b", False),
        ("[{exact: {type: a}}]", "type: a", True),
        ("[{prefix: {type: com.}}]", "type: com.b", True),
        ("[{prefix: {type: com.}}]", "type: com.b, allowLoop: true", False),
        ("[{exact: {subject: s}}]", "type: b", True),
        ("[{exact: {region: eu}}]", "type: b", False),
        ("[{exact: {region: eu}}]", "type: b, copyExtensions: [region]", True),
        ("[{exact: {region: eu}}]", "type: b, copyExtensions: ['*']", True),
        ("[{exact: {type: a, region: eu}}]", "type: b, copyExtensions: ['*']", False),
        ("[{all: [{exact: {subject: s}}, {prefix: {type: b}}]}]", "type: b", True),
        ("[{not: {exact: {type: b}}}]", "type: b", False),
        ("[{cesql: \"type LIKE 'b%'\"}]", "type: b", True),
        ("[{exact: {type: b}}]", "type: '{{ subject }}'", False),
    ],
)
def test_a_trigger_that_matches_its_own_replies_is_refused(
    yaml: Any, read: Reader, filters: str, reply: str, loops: bool
) -> None:
    fields = f"filters: {filters}\nsubscriber: {{ref: {{kind: InferenceSink, name: iris}}}}"
    text = yaml.broker + yaml.iris(f"reply: {{{reply}}}") + yaml.trigger(fields)

    if loops:
        with pytest.raises(InvalidConfig) as invalid:
            read(text)
        assert "matches the replies of its own sink" in invalid.value.mistakes[0]
    else:
        assert "default/t" in read(text).triggers


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: \xff\n", "a.yaml:1:4: is no UTF-8 text"),
        (b"# " + b"x" * 8 * 2**20, "is over 8 MiB"),
        (b"\xef\xbb\xbfkind: x\n", "is no known kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)

    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([tmp_path / "a.yaml"], {})

    assert len(invalid.value.mistakes) == 1
    assert what in invalid.value.mistakes[0]


def test_a_folder_without_yaml_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([tmp_path], {})

    assert "has no YAML file" in invalid.value.mistakes[0]


def test_a_broken_document_does_not_make_others_wrong(yaml: Any, mistakes: Mistakes) -> None:
    text = yaml.broker + "status: !tag x\n" + yaml.trigger("subscriber: {uri: 'http://h'}")

    assert len(mistakes(text)) == 1
