"""Kubernetes selectors as YAML has them, to what its API takes in a query. Pure.

Source: Kubernetes, "Labels and Selectors" and "Field Selectors".
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.shapes import Bounds, Judge, Shape

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_LABEL_KEY = re.compile(rf"(?:{_PREFIX}/)?{_NAME}", re.ASCII)
_LABEL_VALUE = re.compile(rf"(?:{_NAME})?", re.ASCII)
_API_VERSION = re.compile(rf"(?:{_PREFIX}/)?v[0-9][a-z0-9]{{0,60}}", re.ASCII)
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}", re.ASCII)
_FIELD_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,200}(?:=|==|!=)[^=!,\s]{0,253}", re.ASCII)
_OPERATORS = {"In": "in", "NotIn": "notin"}


def _label_key(text: str) -> str:
    if not _LABEL_KEY.fullmatch(text):
        remedy = "write letters, digits, - _ and ., with a prefix such as app.kubernetes.io/"
        raise InvalidValue("cannot be the key of a label", remedy=remedy)
    return text


def _label_value(text: str) -> str:
    if not _LABEL_VALUE.fullmatch(text):
        remedy = "write at most 63 letters, digits, - _ and ."
        raise InvalidValue("cannot be the value of a label", remedy=remedy)
    return text


def checked_api_version(text: str) -> str:
    if not _API_VERSION.fullmatch(text):
        remedy = "write v1, or a group and version such as apps/v1"
        raise InvalidValue("is no apiVersion of Kubernetes", remedy=remedy)
    return text


def checked_kind(text: str) -> str:
    if not _KIND.fullmatch(text):
        remedy = "write the kind as in a manifest, such as ConfigMap"
        raise InvalidValue("is no kind of Kubernetes", remedy=remedy)
    return text


def checked_field_selector(text: str) -> str:
    if not all(_FIELD_TERM.fullmatch(term) for term in text.split(",")):
        remedy = "write such as metadata.name=web,status.phase!=Running"
        raise InvalidValue("is no field selector", remedy=remedy)
    return text


LabelKey = Annotated[str, Judge(_label_key)]
LabelValue = Annotated[str, Judge(_label_value)]


def _label_keys(labels: Mapping[str, str]) -> Mapping[str, str]:
    for key in labels:
        _label_key(key)
    return labels


class LabelExpression(Shape):
    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: Annotated[Sequence[LabelValue], Bounds(0, 100)] = ()

    def judge(self) -> None:
        if bool(self.values) != (self.operator in _OPERATORS):
            remedy = "In and NotIn take values; Exists and DoesNotExist take none"
            raise InvalidValue("has an operator and values that do not fit", remedy=remedy)

    def as_query(self) -> str:
        if self.operator in _OPERATORS:
            return f"{self.key} {_OPERATORS[self.operator]} ({','.join(self.values)})"
        return self.key if self.operator == "Exists" else f"!{self.key}"


class LabelSelector(Shape):
    """All of it must match; an empty one matches everything."""

    match_labels: Annotated[Mapping[str, LabelValue], Judge(_label_keys)] = MappingProxyType({})
    match_expressions: Annotated[Sequence[LabelExpression], Bounds(0, 100)] = ()

    def as_query(self) -> str:
        labels = [f"{key}={value}" for key, value in self.match_labels.items()]
        return ",".join([*labels, *(one.as_query() for one in self.match_expressions)])
