"""A Kubernetes API server as tests ask it, wherever it runs."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from tests.servers.kubeconfig import Access
from tests.servers.runners import Runner
from tests.servers.server import Server

VARIABLE = "HEADRACE_TEST_KUBECONFIG"
REQUEST_SECONDS_MAX = 10.0
MERGE = "application/merge-patch+json"
ROLES = "rbac.authorization.k8s.io"


class Kubernetes(Server):
    """One API server. The user `admin` may do all; `watcher` and `dev` may do nothing at first.

    `admin` and `watcher` come with tokens, `dev` with a certificate.
    """

    name: ClassVar[str] = "kubernetes"

    def __init__(self, folder: Path, runner: Runner, users: dict[str, Access]) -> None:
        super().__init__(runner)
        self._folder = folder
        self._users = users
        self.url, self.ca_file = users["admin"].url, users["admin"].ca_file

    def command(self) -> Sequence[str]:
        raise NotImplementedError(f"the server at {self.url} runs elsewhere")

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def access(self, user: str = "admin") -> Access:
        if user not in self._users:
            pytest.skip(f"{VARIABLE} brings no user {user}")
        return self._users[user]

    def token(self, user: str = "admin") -> str:
        token = self.access(user).token
        if token is None:
            pytest.skip(f"the user {user} has a certificate and no token")
        return token

    def kubeconfig(self, user: str = "admin") -> Path:
        """A file with which `user` comes in; paths in it are absolute."""
        return self.access(user).write(self._folder / f"kubeconfig-{user}")

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        user: str = "admin",
        content_type: str = "application/json",
    ) -> tuple[int, Any]:
        """The status and the decoded answer; text where that is no JSON. Blocks; raises OSError."""
        access = self.access(user)
        headers = {"Content-Type": content_type}
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(
                asked, timeout=REQUEST_SECONDS_MAX, context=access.tls()
            ) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, _decoded(refusal.read())

    def create(self, path: str, body: Any) -> dict[str, Any]:
        """POST to a collection such as /api/v1/namespaces/x/configmaps; gives the new object."""
        return self._expect(201, "POST", path, body)

    def patch(self, path: str, body: Any) -> dict[str, Any]:
        """Merge into one object, or into its status."""
        return self._expect(200, "PATCH", path, body)

    def delete(self, path: str) -> None:
        self._expect(200, "DELETE", path, None)

    def new_namespace(self) -> str:
        """The name of a namespace with nothing in it."""
        name = f"test-{uuid4().hex[:12]}"
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def allow(self, user: str, namespace: str, resource: str, *verbs: str, group: str = "") -> None:
        """Let `user` do `verbs` (get, list, watch …) with one resource of one namespace."""
        name = f"{user}-{resource}-{uuid4().hex[:6]}"
        path = f"/apis/{ROLES}/v1/namespaces/{namespace}"
        rule = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
        self.create(f"{path}/roles", {"metadata": {"name": name}, "rules": [rule]})
        binding = {
            "metadata": {"name": name},
            "subjects": [{"kind": "User", "name": user, "apiGroup": ROLES}],
            "roleRef": {"kind": "Role", "name": name, "apiGroup": ROLES},
        }
        self.create(f"{path}/rolebindings", binding)

    def revision(self) -> int:
        """The revision of the latest change of anything."""
        pytest.skip(f"the etcd behind {VARIABLE} is not ours to ask")

    def compact(self, revision: int) -> None:
        """Forget what was before `revision`."""
        pytest.skip(f"the etcd behind {VARIABLE} is not ours to compact")

    def expired_token(self) -> str:
        """A token of a service account whose time is over."""
        pytest.skip(f"the signing key behind {VARIABLE} is not here")

    def _expect(self, status: int, method: str, path: str, body: Any) -> dict[str, Any]:
        kind = MERGE if method == "PATCH" else "application/json"
        got, answer = self.request(method, path, body, content_type=kind)
        assert got == status, f"{method} {path}: {got} {answer}"
        return dict(answer)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
