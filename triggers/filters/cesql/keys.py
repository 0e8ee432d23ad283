"""The indexable conditions of an expression, for the trigger index."""

from collections.abc import Sequence

from triggers.filters.cesql.plain import literal_texts
from triggers.filters.cesql.tree import Attribute, Binary, Expression, In, Like, Literal, Logic
from triggers.filters.cesql.values import cast
from triggers.filters.filter import Key

Keys = tuple[Key, ...]


def choices(node: Expression) -> tuple[Keys, ...]:
    """Sets of keys, each necessary by itself: where `node` matches, one key of it holds."""
    match node:
        case Logic(operator="AND", operands=operands):
            return tuple(keys for operand in operands for keys in choices(operand))
        case Logic(operator="OR", operands=operands):
            return _united([choices(operand) for operand in operands])
        case Binary(operator="=", left=left, right=right):
            return _equal(left, right)
        case In(operand=Attribute(name=name), elements=elements, negated=False):
            texts = literal_texts(elements)
            if texts is not None:
                return (tuple(Key(name, "exact", text) for text in dict.fromkeys(texts)),)
        case Like(operand=Attribute(name=name), negated=False):
            return _like(name, node)
    return ()


def are_exact(node: Expression) -> bool:
    """Whether a hit on any of the first choice already is a match.

    Alternatives only where all name one attribute: with two, an earlier alternative could
    fail on a missing attribute, and then nothing matches.
    """
    match node:
        case Logic(operator="OR", operands=operands):
            names = {key.attribute for operand in operands for key in _first(operand)}
            return len(names) == 1 and all(are_exact(operand) for operand in operands)
        case Binary() | In():
            return bool(choices(node))
        case Like(pattern=pattern):
            return bool(choices(node)) and pattern.kind in ("exact", "prefix", "suffix")
    return False


def _first(node: Expression) -> Keys:
    return next(iter(choices(node)), ())


def _united(alternatives: Sequence[tuple[Keys, ...]]) -> tuple[Keys, ...]:
    """One set made of each alternative's smallest; none where an alternative has none."""
    if not all(alternatives):
        return ()
    smallest = (min(sets, key=len) for sets in alternatives)
    return (tuple(dict.fromkeys(key for keys in smallest for key in keys)),)


def _equal(left: Expression, right: Expression) -> tuple[Keys, ...]:
    """Only comparisons of text: with a number on the right, `05` would equal 5 too."""
    match left, right:
        case (Attribute(name=name), Literal(value=str(text))):
            return ((Key(name, "exact", text),),)
        case (Literal(value=value), Attribute(name=name)):
            return ((Key(name, "exact", str(cast(value, str))),),)
    return ()


def _like(name: str, node: Like) -> tuple[Keys, ...]:
    pattern = node.pattern
    if pattern.kind == "exact":
        return ((Key(name, "exact", pattern.literal),),)
    sets = []
    if pattern.head:
        sets.append((Key(name, "prefix", pattern.head),))
    if pattern.tail:
        sets.append((Key(name, "suffix", pattern.tail),))
    return tuple(sets)
