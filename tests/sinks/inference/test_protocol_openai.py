from typing import Any

import orjson
import pytest

from broker.errors import Invalid
from sinks.inference_spec import ReplySpec
from tests.sinks.inference.protocol_bench import body, items, parts, protocol, refused, sent

CHAT = {"messages": [{"role": "user", "content": "Say {{ data/text }} to {{ subject }}"}]}
COMPLETIONS: dict[str, Any] = {"task": "completions", "input": {"prompt": "{{ data/text }}"}}
EMBEDDINGS: dict[str, Any] = {"task": "embeddings", "input": {"embed": "/text"}}


def chosen(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c-1", "model": "tiny", "choices": list(choices), **more}


def said(text: Any, finish: str = "stop") -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}


def test_messages_are_filled_from_the_event() -> None:
    made = protocol("openai", input=CHAT)

    request = sent(made, {"text": "hi"}, subject="Ada")

    assert request.path == "/v1/chat/completions"
    assert orjson.loads(request.body) == {
        "model": "iris",
        "stream": False,
        "messages": [{"role": "user", "content": "Say hi to Ada"}],
    }


@pytest.mark.parametrize(
    ("spec", "data", "path", "expected"),
    [
        ({"input": {"prompt": "Say {{ data/text }}"}}, {"text": "a"}, "/v1/chat/completions",
         {"messages": [{"role": "user", "content": "Say a"}], "stream": False}),
        ({}, {"messages": [{"role": "user", "content": "a"}], "temperature": 0, "model": "other"},
         "/v1/chat/completions",
         {"messages": [{"role": "user", "content": "a"}], "temperature": 0, "stream": False}),
        (COMPLETIONS, {"text": "a"}, "/v1/completions", {"prompt": "a", "stream": False}),
        (EMBEDDINGS, {"text": "a"}, "/v1/embeddings", {"input": "a"}),
        ({"task": "embeddings"}, {"input": [1, 2, 3]}, "/v1/embeddings", {"input": [1, 2, 3]}),
        ({"input": {"prompt": "a", "parameters": {"max_tokens": 5}}}, {}, "/v1/chat/completions",
         {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "stream": False}),
    ],
)  # fmt: skip
def test_the_configured_model_is_asked_in_the_task_s_form(
    spec: Any, data: Any, path: str, expected: Any
) -> None:
    request = sent(protocol("openai", **spec), data)

    assert request.path == path
    assert orjson.loads(request.body) == {**expected, "model": "iris"}


def test_content_may_be_a_list_of_parts_and_a_number_is_text() -> None:
    url = {"type": "image_url", "image_url": {"url": "{{ data/url }}"}}
    made = protocol(
        "openai",
        input={"messages": [{"role": "user", "content": [url]},
                            {"role": "user", "content": "{{ data/n }}"}]},
    )  # fmt: skip

    first, second = body(made, {"url": "http://i/1.png", "n": 7})["messages"]

    assert first["content"][0]["image_url"] == {"url": "http://i/1.png"}
    assert second["content"] == "7"


def test_prompts_are_joined_and_choices_sorted_by_their_index() -> None:
    made = protocol("openai", **COMPLETIONS)
    data = [{"text": "a"}, {"text": "b"}]
    answer = {
        "choices": [
            {"index": 1, "text": "B", "finish_reason": "length"},
            {"index": 0, "text": "A", "finish_reason": "stop"},
        ],
        "usage": {"total_tokens": 7},
    }

    joined = body(made, *data)
    first, second = parts(made, data, answer)

    assert joined["prompt"] == ["a", "b"]
    assert (first.value, second.value) == ("A", "B")
    assert [part.facts["inferencefinish"] for part in (first, second)] == ["stop", "length"]
    assert first.tokens + second.tokens == 7


def test_texts_to_embed_are_joined_and_several_of_one_event_stay_together() -> None:
    made = protocol("openai", task="embeddings", input={"embed": "$.texts[*]"})
    data = [{"texts": ["a", "b"]}, {"texts": ["c"]}]
    answer = {"data": [{"index": n, "embedding": [float(n)]} for n in (2, 0, 1)]}

    joined = body(made, *data)
    first, second = parts(made, data, answer)

    assert joined["input"] == ["a", "b", "c"]
    assert (first.value, second.value) == ([[0.0], [1.0]], [2.0])


def test_chat_and_several_choices_are_never_joined() -> None:
    many = protocol("openai", task="completions", input={"prompt": "a", "parameters": {"n": 2}})
    choices = [{"index": n, "text": str(n), "finish_reason": "stop"} for n in (1, 0)]

    (part,) = parts(many, [{}], {"choices": choices})

    assert (many.batch_limit, protocol("openai", input=CHAT).batch_limit) == (1, 1)
    assert part.value == ["0", "1"]
    assert len({item.key for item in items(many, {}, {})}) == 2


@pytest.mark.parametrize(
    ("take", "expected"),
    [
        ("text", None),
        ("message", {"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]}),
    ],
)
def test_a_call_of_a_tool_is_in_the_message(take: str, expected: Any) -> None:
    choice = said(None, "tool_calls")
    choice["message"]["tool_calls"] = [{"id": "t"}]
    made = protocol("openai", input={"prompt": "a"}, output={"take": take})

    (part,) = parts(made, [{}], chosen(choice))

    assert part.value == expected
    assert part.facts == {"inferencefinish": "tool_calls"}


def test_raw_is_the_whole_answer_or_one_s_share() -> None:
    alone = protocol("openai", input={"prompt": "a"}, output={"take": "raw"})
    written = orjson.dumps(chosen(said("x")))

    (part,) = parts(alone, [{}], written)

    assert part.raw == written


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (chosen(), "there are 0 choices for 1 texts"),
        (chosen({"index": 0}), "neither text nor message"),
        (chosen(said("a"), said("b")), "the indexes of choices"),
        ({"choices": "x"}, "has no choices"),
        ({"error": {"message": "boom"}}, "is an error"),
    ],
)
def test_a_success_without_a_choice_says_what_is_wrong(answer: Any, why: str) -> None:
    assert why in refused(protocol("openai", input={"prompt": "a"}), [{}], answer)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([{"index": 0, "embedding": "mock says hi"}], "no list of numbers"),
        ([{"index": 0, "embedding": []}], "no list of numbers"),
        ([{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}], "differ in"),
        ([{"index": 0, "embedding": [1.0]}], "there are 1 embeddings for 2 texts"),
    ],
)
def test_an_embedding_is_a_vector_as_long_as_the_others(entries: Any, why: str) -> None:
    data = [{"text": "a"}] * (1 if len(entries) == 1 and "list" in why else 2)

    assert why in refused(protocol("openai", **EMBEDDINGS), data, {"data": entries})


def test_an_encoded_embedding_is_text_if_it_was_asked_for() -> None:
    asked = {"embed": "/text", "parameters": {"encoding_format": "base64"}}
    made = protocol("openai", task="embeddings", input=asked)

    (part,) = parts(made, [{"text": "a"}], {"data": [{"index": 0, "embedding": "AACAPw=="}]})

    assert part.value == "AACAPw=="


@pytest.mark.parametrize(
    ("spec", "data"),
    [
        ({}, {"prompt": "a"}),
        ({}, [1]),
        ({"input": CHAT}, {"text": "a"}),
        (EMBEDDINGS, {"text": ""}),
        (EMBEDDINGS, {"text": []}),
        (EMBEDDINGS, {"text": 7}),
        (EMBEDDINGS, {}),
    ],
)
def test_an_event_without_a_text_cannot_be_sent(spec: Any, data: Any) -> None:
    with pytest.raises(Invalid):
        items(protocol("openai", **spec), data)


@pytest.mark.parametrize(
    ("id", "expected"),
    [("e-1", None), ("7d444840-9dc0-11d1-b245-5ffdce74fad2",) * 2],
)
def test_a_request_is_named_only_by_a_uuid(id: str, expected: str | None) -> None:
    request = sent(protocol("openai", input=CHAT), {"text": "hi"}, id=id, subject="Ada")

    assert dict(request.headers).get("x-request-id") == expected


def test_where_no_reply_is_wanted_tokens_and_finish_are_known() -> None:
    made = protocol("openai", input={"prompt": "a"}, reply=ReplySpec(mode="none"))

    (part,) = parts(made, [{}], chosen(said("x", "length"), usage={"total_tokens": 9}))

    assert (part.tokens, part.facts) == (9, {"inferencefinish": "length"})


def test_where_no_reply_is_wanted_any_other_body_will_do() -> None:
    made = protocol("openai", input={"prompt": "a"}, reply=ReplySpec(mode="none"))

    (part,) = parts(made, [{}], b"anything")

    assert part.is_empty
