"""Answers of OpenAI-compatible servers: choices and embeddings, whole or in pieces."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

from sinks.inference.protocol import ModelAnswer, Part
from sinks.inference.protocols.encoding import BadAnswer, BrokenAnswer, answer_object

_DONE = "[DONE]"
_STREAMS = (b"data:", b":", b"event:", b"id:", b"retry:")  # fields of an event stream
# WHATWG HTML 9.2.5; str.splitlines knows more ends of lines, and JSON has them within strings.
_LINE_END = re.compile(r"\r\n|\n|\r")


def read_document(answer: ModelAnswer) -> dict[str, Any]:
    """The answer; of a stream the pieces joined to what it would be without one."""
    if answer.body.lstrip().startswith(_STREAMS):
        return _joined(_pieces(answer.body.decode("utf-8", "replace")))
    document = answer_object(answer)
    if document.get("error") is not None:
        raise BadAnswer(f"the answer is an error: {str(document['error'])[:200]}")
    return document


def _pieces(text: str) -> list[dict[str, Any]]:
    """What `data:` lines hold, up to `[DONE]`. Raises BrokenAnswer for a stream cut short."""
    pieces: list[dict[str, Any]] = []
    *lines, rest = _LINE_END.split(text)
    for line in (*lines, rest):
        if not line.startswith("data:"):
            continue  # comments keep a connection alive, names of events add nothing
        written = line.removeprefix("data:").strip()
        if written == _DONE:
            return pieces
        try:
            piece = orjson.loads(written)
        except orjson.JSONDecodeError as error:
            if line is rest:
                raise BrokenAnswer("the stream ended in the middle of a piece") from error
            raise BadAnswer("a piece of the stream is no JSON") from error
        if not isinstance(piece, dict) or piece.get("error") is not None:
            raise BadAnswer(f"the stream holds an error: {written[:200]}")
        pieces.append(piece)
    raise BrokenAnswer("the stream ended without data: [DONE]")


def _joined(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        document.update({name: value for name, value in piece.items() if value is not None})
        for choice in piece.get("choices") or []:
            _add(choices.setdefault(choice.get("index", 0), {}), choice)
    document["choices"] = [{"index": index, **choices[index]} for index in sorted(choices)]
    return document


def _add(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Texts grow; what comes once is kept."""
    if piece.get("finish_reason") is not None:
        whole["finish_reason"] = piece["finish_reason"]
    if isinstance(piece.get("text"), str):
        whole["text"] = whole.get("text", "") + piece["text"]
    delta = piece.get("delta")
    if not isinstance(delta, dict):
        return
    message = whole.setdefault("message", {})
    for name, value in delta.items():
        if isinstance(value, str) and name != "role":
            message[name] = message.get(name, "") + value
        elif name == "tool_calls" and isinstance(value, list):
            _add_tool_calls(message.setdefault(name, []), value)
        elif value is not None:
            message[name] = value


def _add_tool_calls(whole: list[dict[str, Any]], pieces: Sequence[dict[str, Any]]) -> None:
    """Each piece names its call by index; the arguments come in parts."""
    for piece in pieces:
        index = piece.get("index", len(whole))
        call = next((each for each in whole if each.get("index") == index), None)
        if call is None:
            whole.append({**piece, "index": index})
            continue
        given, function = piece.get("function") or {}, call.setdefault("function", {})
        function["arguments"] = function.get("arguments", "") + given.get("arguments", "")


def choice_parts(
    document: dict[str, Any], counts: Sequence[int], *, whole_message: bool, any_count: bool
) -> list[Part]:
    """The texts of choices, sorted by index and dealt out by `counts`.

    `any_count`: several choices were asked for one text, and are given as a list.
    """
    choices = _sorted(document, "choices")
    if any_count:
        counts = [len(choices)]
    _check_count(choices, counts, "choices")
    parts, start = [], 0
    for count, tokens in zip(counts, _tokens(document, len(counts)), strict=True):
        own = choices[start : start + count]
        start += count
        values = [_taken(choice, whole_message=whole_message) for choice in own]
        reasons = {str(each["finish_reason"]) for each in own if each.get("finish_reason")}
        facts = {"inferencefinish": ",".join(sorted(reasons))} if reasons else {}
        parts.append(Part(values[0] if count == 1 else values, None, facts, tokens))
    return parts


def _taken(choice: dict[str, Any], *, whole_message: bool) -> Any:
    """The text is null where the model called a tool or refused: take the message then."""
    if "text" in choice:
        return choice if whole_message else choice["text"]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BadAnswer("a choice has neither text nor message")
    return message if whole_message else message.get("content")


def embedding_parts(
    document: dict[str, Any], counts: Sequence[int], *, is_encoded: bool
) -> list[Part]:
    """The vectors, sorted by index and dealt out by `counts`; all of one length."""
    entries = _sorted(document, "data")
    _check_count(entries, counts, "embeddings")
    vectors = [entry.get("embedding") for entry in entries]
    if not is_encoded and not all(_is_vector(vector) for vector in vectors):
        raise BadAnswer("an embedding is no list of numbers")
    if len({len(vector) for vector in vectors if isinstance(vector, list | str)}) != 1:
        raise BadAnswer("the embeddings differ in length")
    parts, start = [], 0
    for count, tokens in zip(counts, _tokens(document, len(counts)), strict=True):
        own = vectors[start : start + count]
        start += count
        parts.append(Part(own[0] if count == 1 else own, tokens=tokens))
    return parts


def _sorted(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadAnswer(f"the answer has no {key}")
    indexes = [each.get("index", place) for place, each in enumerate(found)]
    if sorted(indexes, key=str) != sorted(range(len(found)), key=str):
        raise BadAnswer(f"the indexes of {key} are not 0 to {len(found) - 1}")
    return [found[place] for place in sorted(range(len(found)), key=indexes.__getitem__)]


def _check_count(found: Sequence[object], counts: Sequence[int], what: str) -> None:
    if not found or len(found) != sum(counts):
        raise BadAnswer(f"there are {len(found)} {what} for {sum(counts)} texts")


def _is_vector(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(number) in (int, float) for number in value)
    )


def _tokens(document: dict[str, Any], shares: int) -> list[int]:
    """`usage.total_tokens` in about equal shares: only their sum means something."""
    usage = document.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    if type(total) is not int or total < 0:
        return [0] * shares
    share, more = divmod(total, shares)
    return [share + (1 if place < more else 0) for place in range(shares)]
