"""The server.properties of one Kafka broker that is its own controller (KRaft)."""

from collections.abc import Mapping
from pathlib import Path

from tests.servers.certificates import Certificates

# Every way in, by its name in server.properties; CONTROLLER is the broker talking to itself.
LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "SASL": "SASL_PLAINTEXT",
    "TLS": "SSL",
    "SASLTLS": "SASL_SSL",
    "MUTUAL": "SSL",  # asks for the client's certificate
    "PROXIED": "PLAINTEXT",  # advertised at ADVERTISED, where a proxy may stand
    "CONTROLLER": "PLAINTEXT",
}
ADVERTISED = "ADVERTISED"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
USER, PASSWORD = "alice", "alice-secret"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"  # a random one may begin with a dash, which reads as an option

ALONE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
# With the defaults a killed broker serves again only when its session of 9 s has run out.
QUICK = {
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.backoff.ms": "200",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.initial.task.delay.ms": "500",
    "log.retention.check.interval.ms": "500",
    "file.delete.delay.ms": "200",
}


def server_properties(ports: Mapping[str, int], data: Path, certificates: Certificates) -> str:
    """The whole file; `ports` names one for each of LISTENERS, and ADVERTISED."""
    reached = [name for name in LISTENERS if name != "CONTROLLER"]
    rows = {
        **ALONE,
        **QUICK,
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "listeners": _addresses(ports, list(LISTENERS)),
        "advertised.listeners": _addresses({**ports, "PROXIED": ports[ADVERTISED]}, reached),
        "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in LISTENERS.items()),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",  # a misspelt topic is to be seen
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.authority),
        "listener.name.mutual.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        **_logins("sasl"),
        **_logins("sasltls"),
    }
    return "".join(f"{key}={value}\n" for key, value in rows.items())


def _addresses(ports: Mapping[str, int], names: list[str]) -> str:
    return ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in names)


def _logins(listener: str) -> dict[str, str]:
    """PLAIN knows its users from here; SCRAM's were written when the store was formatted."""
    package = "org.apache.kafka.common.security"
    plain = f'{package}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    scram = f"{package}.scram.ScramLoginModule required;"
    modules = {"plain": plain, "scram-sha-256": scram, "scram-sha-512": scram}
    return {
        f"listener.name.{listener}.{mechanism}.sasl.jaas.config": module
        for mechanism, module in modules.items()
    }
