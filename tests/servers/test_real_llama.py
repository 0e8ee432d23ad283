"""llama.cpp's server is real: it talks and embeds over a kill, and says what only it says."""

from tests.servers.llama import CONTEXT_TOKENS, Llama

CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


def test_llama_talks_before_and_after_a_kill(llama: Llama) -> None:
    llama.ask(CHAT, {"model": "tiny", **HELLO})

    llama.restart()

    answer = llama.ask(CHAT, {"model": "tiny", **HELLO})
    (choice,) = answer.data["choices"]
    assert isinstance(choice["message"]["content"], str)
    assert answer.data["usage"]["completion_tokens"] <= 4


def test_llama_embeds_many_texts_in_their_order(llama: Llama) -> None:
    answer = llama.ask("/v1/embeddings", {"model": "tiny-embedding", "input": ["a", "b"]})

    rows = answer.data["data"]
    assert [row["index"] for row in rows] == [0, 1]
    assert rows[0]["embedding"] != rows[1]["embedding"]


def test_llama_streams_to_an_end_that_it_names(llama: Llama) -> None:
    answer = llama.ask(CHAT, {"model": "tiny", "stream": True, **HELLO})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.strip().endswith("data: [DONE]")


def test_llama_takes_no_list_of_prompts(llama: Llama) -> None:
    answer = llama.ask("/v1/completions", {"model": "tiny", "prompt": ["a", "b"]})

    said = {"message": "", "type": "internal_server_error", "param": None, "code": None}
    assert (answer.status, answer.data) == (500, {"error": said})


def test_llama_says_500_to_bad_json(llama: Llama) -> None:
    answer = llama.ask(CHAT, b'{"model": ')

    assert (answer.status, answer.text) == (500, "Internal Server Error")


def test_llama_answers_for_a_model_that_it_has_not(llama: Llama) -> None:
    answer = llama.ask(CHAT, {"model": "nope", **HELLO})

    assert (answer.status, answer.data["model"]) == (200, "nope")


def test_llama_says_400_beyond_its_context(llama: Llama) -> None:
    words = [{"role": "user", "content": "Hello " * CONTEXT_TOKENS}]

    answer = llama.ask(CHAT, {"model": "tiny", "messages": words})

    assert answer.status == 400
    assert "maximum context length" in answer.data["error"]["message"]


def test_llama_has_no_probe_of_its_health(llama: Llama) -> None:
    assert llama.ask("/health").status == 404
