"""The schema of `kind: ApiServerSource`: Knative's fields, and how to reach the API server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.references import has_reference
from deploy.config.schema_delivery import Url
from deploy.config.schema_parts import Name, Text
from deploy.config.shapes import Bounds, Judge, Shape
from deploy.config.sources.label_selectors import (
    LabelSelector,
    checked_api_version,
    checked_field_selector,
    checked_kind,
)
from deploy.config.sources.parts import SourceFields, SourceResource
from sources.api_server.options import (
    WATCHES_MAX,
    ApiServerOptions,
    Connection,
    Direct,
    InCluster,
    Kubeconfig,
    Owner,
    Selection,
)

ApiVersion = Annotated[str, Judge(checked_api_version)]
KindName = Annotated[str, Judge(checked_kind)]
_DIRECT = ("token", "token_file", "ca_file", "cert_file", "key_file")


class SelectionFields(Shape):
    api_version: ApiVersion
    kind: KindName
    selector: LabelSelector = LabelSelector()
    field_selector: Annotated[str, Judge(checked_field_selector)] = ""

    def selection(self) -> Selection:
        return Selection(self.api_version, self.kind, self.selector.as_query(), self.field_selector)


class OwnerFields(Shape):
    api_version: ApiVersion | None = None
    kind: KindName | None = None

    def judge(self) -> None:
        if self.api_version is None and self.kind is None:
            raise InvalidValue("names no owner", remedy="write apiVersion and kind, or remove it")


class KubeconfigFields(Shape):
    """Without a path it is the file that kubectl would take."""

    path: Text | None = None
    context: Text | None = None


class ConnectionFields(Shape):
    """Exactly one of kubeconfig, inCluster and url."""

    kubeconfig: KubeconfigFields | None = None
    in_cluster: Literal[True] | None = None
    url: Url | None = None
    token: Text | None = None
    token_file: Text | None = None
    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None

    def judge(self) -> None:
        given = set(vars(self))
        if len(given & {"kubeconfig", "in_cluster", "url"}) != 1:
            remedy = "write exactly one of kubeconfig: {path: …}, inCluster: true, url: https://…"
            raise InvalidValue("is not one way to the API server", remedy=remedy)
        if "url" not in given and given.intersection(_DIRECT):
            remedy = "write url too, or remove token, tokenFile, caFile, certFile and keyFile"
            raise InvalidValue("has credentials without a url", remedy=remedy)
        if self.token is not None and self.token_file is not None:
            raise InvalidValue("has two tokens", remedy="write token or tokenFile")
        if (self.cert_file is None) != (self.key_file is None):
            remedy = "write both certFile and keyFile"
            raise InvalidValue("has half of a client certificate", remedy=remedy)
        self._judge_url()

    def _judge_url(self) -> None:
        if self.url is None or has_reference(self.url):
            return
        if "?" in self.url:
            raise InvalidValue("has a url with a query", remedy="remove ? and what follows")
        if self.url.lower().startswith("http:") and given_any(self, _DIRECT):
            remedy = "write https, or remove the credentials (as for a kubectl proxy)"
            raise InvalidValue("would send credentials without TLS", remedy=remedy)

    def connection(self, folder: Path) -> Connection:
        if self.kubeconfig is not None:
            path = self.kubeconfig.path
            return Kubeconfig(folder / path if path else None, self.kubeconfig.context)
        if self.url is None:
            return InCluster()
        files = {
            name: folder / getattr(self, name)
            for name in ("token_file", "ca_file", "cert_file", "key_file")
            if getattr(self, name) is not None
        }
        return Direct(self.url, self.token, **files)


def given_any(shape: Shape, names: Sequence[str]) -> bool:
    return any(getattr(shape, name) is not None for name in names)


class ApiServerFields(SourceFields):
    resources: Annotated[Sequence[SelectionFields], Bounds(1, 100)]
    mode: Literal["Reference", "Resource"] = "Reference"
    owner: OwnerFields | None = None
    namespaces: Annotated[Sequence[Name], Bounds(1, 100)] | None = None
    namespace_selector: LabelSelector | None = None
    filters: Any = None
    connection: ConnectionFields | None = None


class ApiServerResource(SourceResource):
    spec: ApiServerFields

    def options(self, namespace: str, name: str, folder: Path) -> ApiServerOptions:
        spec = self.spec
        if spec.filters:
            raise InvalidValue(
                "are not applied by a source",
                where="filters",
                remedy="write them as filters of the Trigger that gets its events",
            )
        if spec.namespaces is not None and spec.namespace_selector is not None:
            what, remedy = "stands beside namespaces", "remove one of the two"
            raise InvalidValue(what, where="namespaceSelector", remedy=remedy)
        selections = tuple(one.selection() for one in spec.resources)
        if len(set(selections)) < len(selections):
            what, remedy = "names the same objects twice", "remove one of the entries"
            raise InvalidValue(what, where="resources", remedy=remedy)
        count = len(selections) * len(spec.namespaces or ())
        if count > WATCHES_MAX:
            what = f"takes {count} watches, more than {WATCHES_MAX}"
            remedy = "select all of them, with namespaceSelector: {}, or make several sources"
            raise InvalidValue(what, where="namespaces", remedy=remedy)
        selector, owner = spec.namespace_selector, spec.owner
        return ApiServerOptions(
            resources=selections,
            namespaces=tuple(dict.fromkeys(spec.namespaces or (namespace,))),
            namespace_selector=None if selector is None else selector.as_query(),
            mode=spec.mode,
            owner=None if owner is None else Owner(owner.api_version or "", owner.kind or ""),
            connection=spec.connection.connection(folder) if spec.connection else InCluster(),
        )
