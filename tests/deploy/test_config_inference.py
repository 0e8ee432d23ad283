"""InferenceSinks over HTTP: every field reaches its spec, or is said to be out of place."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from broker.delivery import OutcomeClass
from sinks.file_batch.spec import S3Access, S3Keys
from sinks.inference_spec import (
    Auth,
    BatchSpec,
    BreakerSpec,
    ClassifyRule,
    HoldSpec,
    InferenceSinkSpec,
    LimitSpec,
    OverflowSpec,
    ReplySpec,
    ScaleSpec,
    TimeoutSpec,
    TlsSpec,
    VariantSpec,
)

Mistakes = Callable[..., Sequence[str]]
Reader = Callable[..., Any]

EVERYTHING = """
  protocol: v2
  server: triton
  url: [http://a:8080/base, http://b:8080]
  path: /x/{model}
  readyPath: /ready/{model}
  model: m
  version: '3'
  binary: true
  input: {bytes: {name: i, as: raw}, parameters: {p: 1}}
  output: {take: raw, path: /a, mergeUnder: k}
  reply: {mode: auto, type: t, source: /s, copyExtensions: ['*'], allowLoop: true, maxBytes: 2Mi}
  batch: {maxRecords: 8, maxBytes: 1Mi, adaptive: false, maxDelay: PT0.01S, targetLatency: PT2S}
  limits: {maxInFlight: 9, initialInFlight: 3, maxRetriesInFlight: 4, maxConnections: 5, rate: 6/m,
    maxRequestBytes: 1Mi, maxResponseBytes: 2Mi, suspectRetries: 1}
  timeouts: {connect: PT1S, probe: PT3S, attempt: PT4S, firstByte: PT5S}
  hold: {initial: PT1S, max: PT2S, jitter: 0, maxHold: PT3S, notFoundGrace: PT4S, wakeTimeout: PT5S,
    wakeWith: probe, assumeAsleepAfter: PT6S, wake: {minEvents: 7, maxWait: PT8S},
    keepWarm: '*/5 8-18 * * 1-5'}
  breaker: {consecutive: 0, ratio: 0.25, minCalls: 2, window: PT3S, badInputs: 4, openFor: PT5S,
    openMax: PT6S}
  scale: {targetConcurrency: 1, drain: PT2S, min: 3, max: 4}
  headers: {Host: iris.example, X-Tenant: '{{ tenant }}'}
  auth: {basic: {username: u, password: '${env:SECRET}'}}
  tls: {caFile: ca.pem, certFile: /c.pem, keyFile: /k.pem, serverName: n, verify: false}
  resend: never
  classify: [{status: 500, bodyContains: x, class: bad_input}]
  variants: [{name: canary, weight: 10, url: http://c:1, model: m2, version: '4'},
    {name: main, weight: 90}]
  splitKey: subject
"""


def sink(fields: str) -> str:
    begin = "---\napiVersion: headrace.dev/v1\nkind: InferenceSink\nmetadata: {name: s}\nspec:"
    return f"{begin} {{{fields}}}\n" if not fields.startswith("\n") else f"{begin}{fields}"


@pytest.fixture
def model(yaml: Any, read: Reader) -> Callable[..., InferenceSinkSpec]:
    def made(fields: str, **environment: str) -> InferenceSinkSpec:
        found = read(yaml.broker + sink(fields), **environment).sinks["default/s"]
        assert isinstance(found, InferenceSinkSpec)
        return found

    return made


def test_every_field_reaches_its_spec(
    model: Callable[..., InferenceSinkSpec], tmp_path: Path
) -> None:
    found = model(EVERYTHING, SECRET="pw")

    assert found == InferenceSinkSpec(
        name="default/s",
        protocol="v2",
        server="triton",
        url="http://a:8080/base",
        replicas=("http://b:8080",),
        path="/x/{model}",
        ready_path="/ready/{model}",
        model="m",
        version="3",
        binary="true",
        input={"bytes": {"name": "i", "as": "raw"}, "parameters": {"p": 1}},
        output={"take": "raw", "path": "/a", "mergeUnder": "k"},
        reply=ReplySpec("auto", "t", "/s", ("*",), True, (), 2_097_152),
        batch=BatchSpec(8, 1_048_576, False, 0.01, 2.0, None),
        limits=LimitSpec(9, 3, 4, 5, 0.1, None, 1_048_576, 2_097_152, 1),
        timeouts=TimeoutSpec(1.0, 3.0, 4.0, 5.0, 60.0),
        hold=HoldSpec(1.0, 2.0, 0.0, 3.0, 4.0, 5.0, "probe", 6.0, 7, 8.0, "*/5 8-18 * * 1-5"),
        breaker=BreakerSpec(0, 0.25, 2, 3.0, 4, 5.0, 6.0),
        scale=ScaleSpec(1, 2.0, 3, 4),
        headers={"Host": "iris.example", "X-Tenant": "{{ tenant }}"},
        auth=Auth("basic", username="u", password="pw"),
        tls=TlsSpec(f"{tmp_path}/ca.pem", "/c.pem", "/k.pem", "n", False),
        is_resent=False,
        classify=(ClassifyRule(OutcomeClass.BAD_INPUT, 500, "x"),),
        variants=(
            VariantSpec("canary", 10, "http://c:1", "m2", "4"),
            VariantSpec("main", 90),
        ),
        split_key="subject",
    )


def test_what_nobody_wrote_is_the_protocol_s_own(
    model: Callable[..., InferenceSinkSpec],
) -> None:
    chat = model("protocol: openai, url: 'http://h', model: m")
    plain = model("protocol: http-json, url: 'http://h'")
    events = model("protocol: kserve-ce, url: 'http://h', model: m")

    assert (chat.task_asked, chat.batch_max_records, chat.timeout_seconds) == ("chat", 1, 600.0)
    assert (plain.batch_max_records, plain.timeout_seconds, plain.max_in_flight) == (1, 60.0, 32)
    assert (plain.max_retries_in_flight, plain.reply_mode) == (8, "wrap")
    assert events.reply_mode == "auto"


def test_a_variant_calls_what_it_names_and_else_what_the_sink_does(
    model: Callable[..., InferenceSinkSpec],
) -> None:
    found = model(EVERYTHING, SECRET="pw")

    canary, main = (found.of_variant(variant) for variant in found.variants)

    assert (canary.urls, canary.model, canary.version) == (("http://c:1",), "m2", "4")
    assert (main.urls, main.model) == (found.urls, "m")


def test_large_replies_go_to_a_folder_or_a_bucket(
    model: Callable[..., InferenceSinkSpec], tmp_path: Path
) -> None:
    where = "endpoint: 'http://m:9000', credentials: {accessKeyId: k, secretAccessKey: '${env:S}'}"

    folder = model(f"{V1}, reply: {{overflow: 'file:large replies/'}}").reply
    bucket = model(f"{V1}, reply: {{overflow: 's3://big/x', s3: {{{where}}}}}", S="hush").reply

    access = S3Access("http://m:9000", keys=S3Keys("k", "hush"))
    assert folder.overflow == OverflowSpec(f"file:{tmp_path}/large%20replies")
    assert bucket.overflow == OverflowSpec("s3://big/x", access)
    assert "hush" not in repr(bucket)


def test_large_replies_are_kept_for_ever_or_up_to_an_age(
    model: Callable[..., InferenceSinkSpec],
) -> None:
    ever = model(f"{V1}, reply: {{overflow: 'file:x'}}").reply
    days = model(f"{V1}, reply: {{overflow: 'file:x', overflowMaxAge: P30D}}").reply

    assert ever.overflow is not None
    assert days.overflow is not None
    assert (ever.overflow.age_max_seconds, days.overflow.age_max_seconds) == (None, 30 * 86_400)


def test_secrets_are_never_shown(model: Callable[..., InferenceSinkSpec]) -> None:
    found = model(
        "protocol: openai, url: 'http://h', model: m, auth: {bearer: '${env:SECRET}'},"
        " headers: {X-Api-Key: '${env:SECRET}'}",
        SECRET="do-not-show",
    )

    assert found.auth is not None
    assert found.auth.token == "do-not-show"
    assert "do-not-show" not in repr(found)


V1 = "protocol: v1, url: 'http://h', model: m"
V2 = "protocol: v2, url: 'http://h', model: m"
CHAT = "protocol: openai, url: 'http://h', model: m"
PLAIN = "protocol: http-json, url: 'http://h'"
ONNX = "protocol: onnx, url: 'file:a.onnx'"
MISPLACED = (
    (f"{V1}, binary: true", "spec.binary: has no meaning for protocol v1, only for v2"),
    (f"{V2}, task: predict", "spec.task: has no meaning for protocol v2"),
    (f"{V1}, task: chat", "write one of predict, explain, classify, regress"),
    (f"{CHAT}, task: predict", "write one of chat, completions, embeddings"),
    (f"{V1}, reply: {{failOn: [length]}}", "reply.failOn: has no meaning for protocol v1"),
    (f"{V1}, limits: {{tokensPerMinute: 5}}", "tokensPerMinute: has no meaning for protocol v1"),
    (f"{V1}, timeouts: {{idle: PT1S}}", "timeouts.idle: has no meaning for protocol v1"),
    (f"{V1}, batch: {{wrap: /a}}", "batch.wrap: has no meaning for protocol v1"),
    (f"{V1}, input: {{messages: [{{role: user, content: a}}]}}", "input.messages: has no meaning"),
    (f"{CHAT}, input: {{embed: /a}}", "no meaning for protocol openai (chat)"),
    (f"{CHAT}, input: {{instances: /a}}", "use one of data, messages, prompt, parameters"),
    (f"{PLAIN}, input: {{columns: {{names: [a]}}}}", "use one of data, bytes, body, parameters"),
    (f"{V1}, output: {{take: text}}", "write one of predictions, raw"),
    (f"{PLAIN}, output: {{take: tensors}}", "write one of raw"),
    (f"{V1}, server: triton", "write one of auto, generic, kserve, tfserving"),
    (f"{ONNX}, server: kserve", "spec.server: has no meaning for protocol onnx"),
    (f"{ONNX}, auth: {{bearer: '${{env:A}}'}}", "spec.auth: has no meaning for protocol onnx"),
    (f"{ONNX}, input: {{parameters: {{a: 1}}}}", "has no meaning for protocol onnx"),
    (f"{ONNX}, reply: {{mode: auto}}", "write one of wrap, none"),
    (f"{ONNX}, hold: {{max: PT60S}}", "has no hold for protocol onnx"),
    ("protocol: kserve-ce, url: 'http://h', model: m, batch: {maxRecords: 2}",
     "spec.batch: has no meaning for protocol kserve-ce"),
    (f"{PLAIN}, batch: {{maxRecords: 2}}", "joins nothing without batch.wrap"),
    (f"{PLAIN}, batch: {{wrap: '$[*]'}}", "cannot be the place of a list"),
    (f"{PLAIN}, batch: {{wrap: ''}}, input: {{bytes: {{as: raw}}}}", "raw bytes cannot stand in"),
    (f"{PLAIN}, server: bentoml", "server bentoml needs spec.path"),
    (f"{PLAIN}, server: torchserve", "server torchserve needs spec.model"),
    ("protocol: v1, url: 'http://h'", "protocol v1 needs spec.model"),
    (f"{V1}, reply: {{overflow: /big}}", "'/big' is no URL of a folder or of a bucket"),
    (f"{V1}, reply: {{overflow: 's3://B/x', s3: {{}}}}", "cannot be the name of a bucket"),
    (f"{V1}, reply: {{overflow: 's3://bucket/../x', s3: {{}}}}", "is no URL of a prefix"),
    (f"{V1}, reply: {{overflow: 's3://bucket/x'}}", "has an overflow in a bucket, and not where"),
    (f"{V1}, reply: {{overflow: 'file:x', s3: {{}}}}", "has s3, and no overflow in a bucket"),
    (f"{V1}, reply: {{overflow: 'file:x', mode: none}}", "has an overflow, and no replies"),
    (f"{V1}, reply: {{overflowMaxAge: P1D}}", "has an overflowMaxAge, and no overflow"),
    (f"{V1}, reply: {{overflow: 's3://bucket/x', s3: {{region: '?'}}}}",
     "is no access to a bucket: region: is no region"),
    (f"{V1}, reply: {{overflow: 's3://bucket/x', s3: {{credentials: {{accessKeyId: a,"
     " secretAccessKey: b}}}", "is a secret written into the configuration"),
    (f"{V1}, mirror: []", "spec.mirror: is no known field"),
)  # fmt: skip
VALUES = (
    ("protocol: v1, model: m, url: 'ftp://h'", "the value is no http or https URL"),
    ("protocol: v1, model: m, url: 'http://u:p@h'", "carries a user or password"),
    ("protocol: v1, model: m, url: 'http://h?a=1'", "a query, which a base URL cannot have"),
    ("protocol: v1, model: m, url: []", "has no URL, too many, or one twice"),
    ("protocol: v1, model: m, url: ['http://h', 'http://h']", "or one twice"),
    ("protocol: v1, model: m, url: ['http://h', 'nowhere']", "spec.url[1]: the value is no http"),
    (f"{V1}, path: no/slash", "is no path of a URL"),
    (f"{V1}, path: '/{{nothing}}'", "is no template"),
    (f"{V1}, readyPath: '/{{{{ id }}}}'", "asks for an event, and a probe has none"),
    (f"{V1}, headers: {{Content-Length: '3'}}", "which the protocol writes itself"),
    (f"{V1}, headers: {{ce-id: '3'}}", "which the protocol writes itself"),
    (f"{V1}, headers: {{'a b': '3'}}", "a name that no header can have"),
    (f'{V1}, headers: {{a: "x\\ny"}}', "a value that no header can have"),
    (f"{V1}, headers: {{Authorization: 'Bearer abc'}}", "is a secret written into"),
    (f"{V1}, auth: {{bearer: abc}}", "is a secret written into the configuration"),
    (f"{V1}, auth: {{basic: {{username: a, password: b}}}}", "is a secret written into"),
    (f"{V1}, auth: {{}}", "needs exactly one key"),
    (f"{V1}, tls: {{certFile: a}}", "has one of certFile and keyFile"),
    (f"{V1}, classify: [{{class: suspect}}]", "would fit every refusal"),
    (f"{V1}, classify: [{{status: 500, class: ok}}]", "is none of the known values"),
    (f"{V1}, variants: [{{name: a, weight: 1}}, {{name: a, weight: 2}}]", "two variants of one"),
    (f"{V1}, variants: [{{name: a, weight: -1}}]", "is too small"),
    (f"{V1}, hold: {{keepWarm: 'often'}}", "is no cron expression"),
    (f"{V1}, hold: {{max: PT0.1S}}", "has a max below its initial"),
    (f"{V1}, hold: {{jitter: 2}}", "is no share"),
    (f"{V1}, breaker: {{openMax: PT0.5S}}", "has an openMax below its openFor"),
    (f"{V1}, scale: {{min: 5, max: 4}}", "has a max below its min"),
    (f"{V1}, input: {{data: '', instances: /a}}", "needs exactly one key"),
    (f"{CHAT}, input: {{messages: [{{role: user, content: '{{{{ a.b }}}}'}}]}}",
     "has a leaf that is no template"),
    (f"{CHAT}, input: {{prompt: '{{{{ a.b }}}}'}}", "is no template"),
)  # fmt: skip


@pytest.mark.parametrize(("fields", "mistake"), MISPLACED + VALUES)
def test_a_mistake_is_said_once_and_in_its_place(
    mistakes: Mistakes, fields: str, mistake: str
) -> None:
    found = mistakes(sink(fields), A="a")

    assert len(found) == 1, found
    assert mistake in found[0]


def test_all_mistakes_of_a_sink_are_said_at_once(mistakes: Mistakes) -> None:
    found = mistakes(sink("protocol: v1, url: 'x', binary: true, reply: {failOn: [a]}, tls: 3"))

    assert len(found) == 5, found


@pytest.mark.parametrize(
    "fields", [V1, V2, CHAT, PLAIN, "protocol: kserve-ce, url: 'http://h', model: m"]
)
def test_a_trigger_that_would_match_its_own_replies_is_refused(
    yaml: Any, mistakes: Mistakes, fields: str
) -> None:
    loop = yaml.trigger("subscriber: {ref: {kind: InferenceSink, name: s}}")

    found = mistakes(yaml.broker + loop + sink(fields))

    assert len(found) == 1
    assert "matches the replies of its own sink" in found[0]


def test_a_sink_without_replies_cannot_loop(yaml: Any, read: Reader) -> None:
    loop = yaml.trigger("subscriber: {ref: {kind: InferenceSink, name: s}}")

    found = read(yaml.broker + loop + sink(f"{V1}, reply: {{mode: none}}"))

    assert "default/t" in found.triggers
