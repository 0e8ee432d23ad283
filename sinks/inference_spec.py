"""What a configuration says of a model sink: an `InferenceSinkSpec` and its groups of fields.

Each group has the defaults of its fields; where a default depends on the protocol the field is
None and a property of `InferenceSinkSpec` gives the value. Tuples, because making a dataclass
takes ten times as long and every start imports this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from broker.delivery import OutcomeClass

if TYPE_CHECKING:  # every start imports this module
    from sinks.file_batch.spec import S3Access

ProtocolName = Literal["v1", "v2", "openai", "kserve-ce", "http-json", "onnx"]
ReplyMode = Literal["wrap", "auto", "cloudevent", "none"]
DEFAULT_REPLY_TYPE = "io.kserve.inference.response"
ANSWER_SECONDS = 60.0
GENERATION_SECONDS = 600.0  # texts of language models take minutes


class OverflowSpec(NamedTuple):
    """`url` is `file:/folder`, or `s3://bucket/prefix` of the server that `s3` reaches.

    What is older than `age_max_seconds` is removed; None: nothing ever is.
    """

    url: str
    s3: "S3Access | None" = None
    age_max_seconds: float | None = None


class ReplySpec(NamedTuple):
    """`mode` None: auto for kserve-ce, else wrap.

    A reply beyond `max_bytes` has its data stored at `overflow`; without one it is too large.
    """

    mode: ReplyMode | None = None
    type: str = DEFAULT_REPLY_TYPE
    source: str | None = None  # None: /{namespace}/{broker}/{trigger}/{model}
    copy_extensions: tuple[str, ...] = ()
    allow_loop: bool = False
    fail_on: tuple[str, ...] = ()  # finish reasons
    max_bytes: int = 1_048_576
    overflow: OverflowSpec | None = None


class BatchSpec(NamedTuple):
    """`max_records` None: 1 for chat, kserve-ce and http-json, else 64."""

    max_records: int | None = None
    max_bytes: int = 4_194_304
    is_adaptive: bool = True
    max_delay_seconds: float = 0.0
    target_latency_seconds: float = 1.0
    wrap: str | None = None  # http-json: the path of the list in the body


class LimitSpec(NamedTuple):
    """`max_in_flight` None: 2 for onnx, else 32; `max_retries_in_flight` None: a quarter of it."""

    max_in_flight: int | None = None
    initial_in_flight: int = 2
    max_retries_in_flight: int | None = None
    max_connections: int | None = None  # None: as many as calls
    calls_per_second: float | None = None
    tokens_per_minute: int | None = None
    max_request_bytes: int = 6_291_456
    max_response_bytes: int = 16_777_216
    suspect_retries: int = 2


class TimeoutSpec(NamedTuple):
    """`attempt_seconds` None: 600 for openai, else 60; `first_byte_seconds` None: the attempt's.

    `idle_seconds`, between the bytes of an answer, is for openai alone.
    """

    connect_seconds: float = 5.0
    probe_seconds: float = 2.0
    attempt_seconds: float | None = None
    first_byte_seconds: float | None = None
    idle_seconds: float = 60.0


class HoldSpec(NamedTuple):
    """How long to wait for a sleeping model, and with what to wake it; `keep_warm` is cron."""

    initial_seconds: float = 0.2
    max_seconds: float = 30.0
    jitter: float = 0.2
    max_hold_seconds: float = 86_400.0
    not_found_grace_seconds: float = 600.0
    wake_timeout_seconds: float = 300.0
    wake_with: Literal["event", "probe", "auto"] = "auto"
    assume_asleep_after_seconds: float | None = None
    wake_min_events: int = 1
    wake_max_wait_seconds: float = 0.0
    keep_warm: str | None = None


class BreakerSpec(NamedTuple):
    """`consecutive` and `bad_inputs` 0: off."""

    consecutive: int = 5
    ratio: float = 0.5
    min_calls: int = 20
    window_seconds: float = 30.0
    bad_inputs: int = 20
    open_for_seconds: float = 1.0
    open_max_seconds: float = 30.0


class ScaleSpec(NamedTuple):
    """What the wished number of replicas is reckoned from."""

    target_concurrency: int = 4
    drain_seconds: float = 60.0
    min_replicas: int = 0
    max_replicas: int = 100


class TlsSpec(NamedTuple):
    """Paths of PEM files, and what the certificate is checked for."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    is_verified: bool = True


class VariantSpec(NamedTuple):
    """What a share of the events goes to; None: as the sink has it."""

    name: str
    weight: int
    url: str | None = None
    model: str | None = None
    version: str | None = None


class ClassifyRule(NamedTuple):
    """Answers of this status and with this text are of `outcome_class`; None asks nothing."""

    outcome_class: OutcomeClass
    status: int | None = None
    body_contains: str | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """Who calls. `kind` bearer has `token`; basic `username` and `password`; oauth2 the others."""

    kind: Literal["bearer", "basic", "oauth2"]
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    audience: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class InferenceSinkSpec:
    """`kind: InferenceSink`. `input` and `output` are as written; `headers` are templates.

    `url` is `file:…` for onnx, else http or https; `replicas` are the others of a list. `model`
    and `version` are what replies say, and what paths and bodies name.
    """

    name: str  # namespace/name
    protocol: ProtocolName
    url: str = field(repr=False)  # a resolved secret may stand in it
    input: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    version: str | None = None
    replicas: tuple[str, ...] = field(default=(), repr=False)
    server: str = "auto"
    task: str | None = None
    path: str | None = None
    ready_path: str | None = None
    binary: Literal["auto", "true", "false"] = "auto"
    reply: ReplySpec = field(default_factory=ReplySpec)
    batch: BatchSpec = field(default_factory=BatchSpec)
    limits: LimitSpec = field(default_factory=LimitSpec)
    timeouts: TimeoutSpec = field(default_factory=TimeoutSpec)
    hold: HoldSpec = field(default_factory=HoldSpec)
    breaker: BreakerSpec = field(default_factory=BreakerSpec)
    scale: ScaleSpec = field(default_factory=ScaleSpec)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Auth | None = None
    tls: TlsSpec = field(default_factory=TlsSpec)
    is_resent: bool = True  # resend: allowed
    classify: tuple[ClassifyRule, ...] = ()
    variants: tuple[VariantSpec, ...] = ()
    split_key: str = "id"

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.url, *self.replicas)

    @property
    def task_asked(self) -> str:
        """`predict` or `chat` where none is written."""
        return self.task or ("chat" if self.protocol == "openai" else "predict")

    @property
    def reply_mode(self) -> ReplyMode:
        return self.reply.mode or ("auto" if self.protocol == "kserve-ce" else "wrap")

    @property
    def batch_max_records(self) -> int:
        """1 where the protocol joins nothing, whatever is written."""
        joins = self.protocol not in ("kserve-ce", "http-json") and self.task_asked != "chat"
        if self.protocol == "http-json" and self.batch.wrap is not None:
            return self.batch.max_records or 1
        return (self.batch.max_records or 64) if joins else 1

    @property
    def max_in_flight(self) -> int:
        # More calls at once into one model of this process would share the same cores.
        return self.limits.max_in_flight or (2 if self.protocol == "onnx" else 32)

    @property
    def max_retries_in_flight(self) -> int:
        """Retries may fill a quarter of the sink, at least one call."""
        return self.limits.max_retries_in_flight or max(1, self.max_in_flight // 4)

    @property
    def timeout_seconds(self) -> float:
        """Of an attempt; a trigger's own `delivery.timeout` wins."""
        default = GENERATION_SECONDS if self.protocol == "openai" else ANSWER_SECONDS
        return self.timeouts.attempt_seconds or default

    def of_variant(self, variant: VariantSpec) -> "InferenceSinkSpec":
        """The spec of what one variant calls; another URL has none of the replicas."""
        return replace(
            self,
            url=variant.url or self.url,
            replicas=() if variant.url else self.replicas,
            model=variant.model or self.model,
            version=variant.version or self.version,
            variants=(),
        )
