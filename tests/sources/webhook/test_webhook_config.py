"""`kind: WebhookSource` read from YAML, and all that can be wrong with it."""

from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration
from sources.webhook.options import EventTemplate, Verification, WebhookOptions
from tests.sources.webhook.sending import KEY

HEAD = """
kind: Broker
apiVersion: eventing.knative.dev/v1
metadata: {name: default}
---
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {name: hook}
spec:
"""
ENVIRONMENT = {"KEY": KEY, "TEXT": "one that we share", "SHORT": "short", "EMPTY": ""}


def options(folder: Path, *lines: str) -> WebhookOptions:
    file = folder / "a.yaml"
    file.write_text(HEAD + "".join(f"  {line}\n" for line in lines))
    (source,) = read_configuration([file], ENVIRONMENT).sources.values()
    made: WebhookOptions = source.options
    return made


def test_a_type_is_enough(tmp_path: Path) -> None:
    made = options(tmp_path, "template: {type: com.example.hook}")

    assert made == WebhookOptions(
        EventTemplate("com.example.hook", "/headrace/sources/default/hook")
    )


def test_all_that_can_be_said_is_read(tmp_path: Path) -> None:
    made = options(
        tmp_path,
        "template:",
        '  {type: a, source: /b, subject: "{{/c}}", id: "{{random}}", time: "{{header:d}}",',
        '   extensions: {e: "{{form:f}}"}}',
        "maxBytes: 64Ki",
        'verify: {stripe: {secret: "${env:TEXT}", previous: "${env:SHORT}"}, tolerance: PT1M}',
    )

    assert made.template == EventTemplate(
        "a", "/b", "{{/c}}", "{{random}}", "{{header:d}}", {"e": "{{form:f}}"}
    )
    assert made.body_bytes_max == 65_536
    assert made.verification == Verification("stripe", ("one that we share", "short"), 60.0)


@pytest.mark.parametrize("style", ["standardWebhooks", "github", "stripe", "bearer"])
def test_secrets_are_never_shown_with_the_options(tmp_path: Path, style: str) -> None:
    name = "KEY" if style == "standardWebhooks" else "TEXT"

    verify = f'verify: {{{style}: {{secret: "${{env:{name}}}"}}}}'
    made = options(tmp_path, "template: {type: a}", verify)

    assert made.verification is not None
    assert made.verification.secrets == (ENVIRONMENT[name],)
    assert ENVIRONMENT[name] not in repr(made)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sink: {}", "spec.template: is missing"),
        ("template: {}", "spec.template.type: is missing"),
        ('template: {type: ""}', "spec.template.type: '' is empty"),
        ('template: {type: "{{id}}"}', "spec.template.type: has the place 'id'"),
        ("template: {type: dev.headrace.system.x}", "spec.template.type: begins with dev."),
        ('template: {type: a, source: "no uri%"}', "spec.template.source: 'no uri%' is no URI"),
        ("template: {type: a, time: yesterday}", "spec.template.time: 'yesterday' is no RFC"),
        ('template: {type: a, subject: "{{"}', "spec.template.subject: holds braces"),
        ('template: {type: a, id: "{{header:Cookie}}"}', "spec.template.id: would store"),
        ("template: {type: a, extensions: {A: b}}", "spec.template.extensions: is no attribute"),
        ("template: {type: a, extensions: {id: b}}", "extensions: has id, which is no extension"),
        ('template: {type: a, extensions: {b: "{{x}}"}}', "spec.template.extensions.b: has the"),
        ('template: {type: a, extensions: {b: "a\\tb"}}', "spec.template.extensions.b: the value"),
        ("template: {type: a}\n  maxBytes: 0", "spec.maxBytes: 0 is no usable size"),
        ("template: {type: a}\n  methods: [GET]", "spec.methods: is no known field"),
        ("template: {type: a}\n  verify: {}", "spec.verify: names no way to verify"),
    ],
)
def test_each_mistake_is_told_where_it_is(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(InvalidConfig) as raised:
        options(tmp_path, line)

    assert told in raised.value.mistakes[0]


@pytest.mark.parametrize(
    ("verify", "told"),
    [
        ("github: {secret: abc}", "verify.github.secret: is a secret written into"),
        ('github: {secret: "${env:TEXT}", previous: abc}', "verify.github.previous: is a secret"),
        ("bearer: {secret: abc}", "verify.bearer.secret: is a secret written into"),
        ('bearer: {secret: "${env:SHORT}"}', "the value has less than 16 characters"),
        ('stripe: {secret: "${env:EMPTY}"}', "the value is empty"),
        ('standardWebhooks: {secret: "${env:TEXT}"}', "the value is no signing secret"),
        ('github: {secret: "${env:TEXT}"}, stripe: {secret: "${env:TEXT}"}', "names several ways"),
        ('github: {secret: "${env:TEXT}"}, tolerance: PT1M', "which signs no time"),
        ('stripe: {secret: "${env:TEXT}"}, tolerance: PT2H', "could be sent again"),
    ],
)
def test_a_mistake_in_verifying_is_told_without_the_secret(
    tmp_path: Path, verify: str, told: str
) -> None:
    with pytest.raises(InvalidConfig) as raised:
        options(tmp_path, "template: {type: a}", f"verify: {{{verify}}}")

    assert told in raised.value.mistakes[0]
    assert "abc" not in str(raised.value.mistakes)
    assert "'short'" not in str(raised.value.mistakes)


def test_without_resolving_nothing_is_judged_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    spec = '  template: {type: a, source: "${env:URL}"}\n'
    verify = '  verify: {standardWebhooks: {secret: "${env:NONE}"}}\n'
    file.write_text(HEAD + spec + verify)

    configuration = read_configuration([file], {}, resolve=False)

    assert list(configuration.sources) == ["default/hook"]
