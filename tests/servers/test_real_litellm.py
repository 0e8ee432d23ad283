"""LiteLLM is real: it answers in OpenAI's shapes, and fails in them on demand."""

from http.client import RemoteDisconnected

import pytest

from tests.servers.litellm import LiteLLM

CHAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Hello"}]


def test_litellm_talks_before_and_after_a_kill(litellm: LiteLLM) -> None:
    before = litellm.ask(CHAT, {"model": "good", "messages": HELLO})

    litellm.restart()

    after = litellm.ask(CHAT, {"model": "good", "messages": HELLO})
    assert before.data["choices"] == after.data["choices"]
    (choice,) = after.data["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"] == "a mock's answer"


@pytest.mark.parametrize(
    ("model", "status", "said"),
    [
        ("limited", 429, "litellm.RateLimitError"),
        ("long", 400, "litellm.ContextWindowExceededError"),
        ("boom", 500, "litellm.InternalServerError"),
        ("timeout", 408, "litellm.Timeout"),
        ("refused", 500, "Connection error"),
        ("nope", 400, "Invalid model name passed in model=nope"),
    ],
)
def test_litellm_fails_as_its_model_is_named(
    litellm: LiteLLM, model: str, status: int, said: str
) -> None:
    answer = litellm.ask(CHAT, {"model": model, "messages": HELLO})

    assert answer.status == status
    assert said in answer.data["error"]["message"]
    assert answer.data["error"]["code"] == str(status)


def test_litellm_says_400_to_a_wrong_key(litellm: LiteLLM) -> None:
    wrong = {"Authorization": "Bearer sk-wrong"}

    answer = litellm.ask(CHAT, {"model": "good", "messages": HELLO}, wrong)

    assert (answer.status, answer.data["error"]["type"]) == (400, "no_db_connection")


def test_litellm_embeds_as_words(litellm: LiteLLM) -> None:
    answer = litellm.ask("/v1/embeddings", {"model": "good", "input": "Hello"})

    assert answer.status == 200
    assert answer.data["data"][0]["embedding"] == "a mock's answer"


def test_litellm_that_is_killed_answers_no_more(litellm: LiteLLM) -> None:
    litellm.kill()

    with pytest.raises((ConnectionError, RemoteDisconnected)):
        litellm.ask(litellm.probe)
