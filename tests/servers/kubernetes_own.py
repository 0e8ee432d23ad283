"""kube-apiserver and etcd as these tests start them, and the choice of which to use."""

import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.cache import Missing, cache_folder
from tests.servers.certificates import make_certificates
from tests.servers.containers import ContainerRunner, why_no_engine
from tests.servers.kubeconfig import Access, read_kubeconfig, write_private
from tests.servers.kubernetes import VARIABLE, Kubernetes
from tests.servers.ports import LOOPBACK, free_ports
from tests.servers.runners import GivenRunner, NativeRunner, Runner
from tests.servers.server import Server
from tests.servers.tokens import make_key, sign_again

VERSION = "1.36.3"
IMAGE = f"registry.k8s.io/kube-apiserver:v{VERSION}"
ETCD_IMAGE = "quay.io/coreos/etcd:v3.6.8"
TOKENS = {"admin": "system:masters", "watcher": "readers"}  # user: group
# Served from etcd itself, so that a compaction shows at once (410 Gone); what is cached goes
# on being served from memory until the API server is restarted. Events are never cached.
UNCACHED = ("configmaps",)
PROBE_SECONDS_MAX = 2.0
ASK_SECONDS_MAX = 10.0
# The server bears a minute of clocks that disagree.
LONG_AGO_SECONDS = 3600


class Etcd(Server):
    """The store behind one API server."""

    name: ClassVar[str] = "etcd"

    def __init__(self, folder: Path, runner: Runner, program: str) -> None:
        super().__init__(runner)
        self._data, self._program = folder / "etcd", program
        client, peer = free_ports(2)
        self.url, self._peer_url = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"

    def command(self) -> Sequence[str]:
        return [
            self._program,
            "--name=tests",
            f"--data-dir={self._data}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={self._peer_url}",
            f"--initial-advertise-peer-urls={self._peer_url}",
            f"--initial-cluster=tests={self._peer_url}",
            "--unsafe-no-fsync",  # a process is killed here, never the machine
        ]

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=PROBE_SECONDS_MAX).close()
        except OSError:
            return False
        return True

    def revision(self) -> int:
        """Of the store as a whole; a list served from memory may be at an older one."""
        return int(self._ask("range", {"key": "AA==", "count_only": True})["header"]["revision"])

    def compact(self, revision: int) -> None:
        self._ask("compaction", {"revision": str(revision), "physical": True})

    def _ask(self, verb: str, body: Any) -> Any:
        """Call its gateway of JSON over HTTP; bytes are base64 there."""
        asked = urllib.request.Request(f"{self.url}/v3/kv/{verb}", json.dumps(body).encode())
        with urllib.request.urlopen(asked, timeout=ASK_SECONDS_MAX) as answer:
            return json.load(answer)


class OwnKubernetes(Kubernetes):
    """An API server that these tests start, in front of `etcd`; kill and freeze are its own."""

    def __init__(self, folder: Path, runner: Runner, program: str, etcd: Etcd) -> None:
        (port,) = free_ports(1)
        self._port, self._program, self.etcd = port, program, etcd
        self._certificates = made = make_certificates(folder / "certificates")
        url = f"https://{LOOPBACK}:{port}"
        users = {user: Access(url, made.authority, f"{user}-token") for user in TOKENS}
        users["dev"] = Access(url, made.authority, None, made.client, made.client_key)
        rows = "".join(
            f'{users[user].token},{user},uid-{user},"{group}"\n' for user, group in TOKENS.items()
        )
        write_private(folder / "tokens.csv", rows.encode())
        make_key(folder / "accounts.key")
        super().__init__(folder, runner, users)

    def command(self) -> Sequence[str]:
        key = self._folder / "accounts.key"
        return [
            self._program,
            f"--etcd-servers={self.etcd.url}",
            "--etcd-compaction-interval=0",  # only a test compacts
            f"--watch-cache-sizes={','.join(f'{name}#0' for name in UNCACHED)}",
            f"--bind-address={LOOPBACK}",
            f"--advertise-address={LOOPBACK}",
            f"--secure-port={self._port}",
            f"--tls-cert-file={self._certificates.server}",
            f"--tls-private-key-file={self._certificates.server_key}",
            f"--client-ca-file={self._certificates.authority}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            # Nothing here makes the account that this admission would ask of every pod.
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
        ]

    def start(self) -> None:
        self.etcd.mend()
        super().start()

    def close(self) -> None:
        super().close()
        self.etcd.close()

    def revision(self) -> int:
        return self.etcd.revision()

    def compact(self, revision: int) -> None:
        """Forget what was before `revision`: 410 for UNCACHED at once, after restart() for all.

        A watch from the revision just before it misses nothing, and goes on.
        """
        self.etcd.compact(revision)

    def expired_token(self) -> str:
        namespace = self.new_namespace()
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.create(accounts, {"metadata": {"name": "late"}})
        answer = self.create(f"{accounts}/late/token", {"spec": {"expirationSeconds": 600}})
        began = int(time.time()) - 2 * LONG_AGO_SECONDS
        return sign_again(
            answer["status"]["token"],
            self._folder / "accounts.key",
            iat=began,
            nbf=began,
            exp=began + LONG_AGO_SECONDS,
        )


def find_kubernetes(folder: Path, environ: Mapping[str, str] = os.environ) -> Kubernetes:
    """The server that `environ` names, one in containers, or a native one; not started.

    Raises Missing.
    """
    if path := environ.get(VARIABLE):
        access = read_kubeconfig(Path(path).absolute(), folder)
        return Kubernetes(folder, GivenRunner(VARIABLE), {"admin": access})
    if why_no_engine() is None:
        etcd = Etcd(folder, ContainerRunner(ETCD_IMAGE, folder), "etcd")
        return OwnKubernetes(folder, ContainerRunner(IMAGE, folder), "kube-apiserver", etcd)
    programs = cache_folder(environ) / f"kubernetes-{VERSION}"
    if not programs.is_dir():
        raise Missing("kubernetes", f"no programs in {programs}")
    etcd = Etcd(folder, NativeRunner(folder / "etcd.log"), str(programs / "etcd"))
    runner = NativeRunner(folder / "kube-apiserver.log")
    return OwnKubernetes(folder, runner, str(programs / "kube-apiserver"), etcd)
