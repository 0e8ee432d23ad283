"""What an ApiServerSource is configured with: frozen values, made by deploy/config."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

WATCHES_MAX = 500  # of one source: each holds a connection
Mode = Literal["Reference", "Resource"]


@dataclass(frozen=True, slots=True)
class Selection:
    """One entry of `resources`. Selectors are as the API takes them in a query."""

    api_version: str  # such as apps/v1, or v1
    kind: str
    label_selector: str = ""
    field_selector: str = ""

    @property
    def group(self) -> str:
        """Empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def path(self) -> str:
        """Where its group and version are served."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"


@dataclass(frozen=True, slots=True)
class Owner:
    """Only objects that one such controls are told of; an empty field is any."""

    api_version: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """`path` None: where kubectl looks; `context` None: the current one."""

    path: Path | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class InCluster:
    """The account that Kubernetes gives to the pod this runs in."""


@dataclass(frozen=True, slots=True)
class Direct:
    """An address and what to show there; `token_file` is read again for every request."""

    url: str
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


Connection = Kubeconfig | InCluster | Direct


@dataclass(frozen=True, slots=True)
class ApiServerOptions:
    """`namespace_selector` None: `namespaces` count; empty: all namespaces, in one watch."""

    resources: tuple[Selection, ...]
    namespaces: tuple[str, ...] = ()
    namespace_selector: str | None = None
    mode: Mode = "Reference"
    owner: Owner | None = None
    connection: Connection = InCluster()
