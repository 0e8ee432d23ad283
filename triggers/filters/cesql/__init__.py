"""CESQL: the CloudEvents Expression Language 1.0, as a trigger filter and by itself."""

from triggers.filters.cesql.compile import compile_filter
from triggers.filters.cesql.evaluate import Step, evaluate, trace
from triggers.filters.cesql.parser import parse
from triggers.filters.cesql.tree import Expression

__all__ = ["Expression", "Step", "compile_filter", "evaluate", "parse", "trace"]
