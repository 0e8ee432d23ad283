"""Writes a llama of random weights: `make_tiny.py FILE`. It speaks bytes, and no sense.

Two layers and half a megabyte; the seed is fixed, so that each run writes the same file.
"""

import sys

import numpy as np
from gguf import GGUFWriter, TokenType

SEED = 6
LAYERS, WIDTH, HIDDEN = 2, 64, 128
HEADS, KEY_HEADS = 4, 2
CONTEXT = 512
SCALE = 0.3
CONTROL = ("<unk>", "<s>", "</s>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
CHARACTERS = ("\u2581", *map(chr, range(33, 127)))  # SentencePiece's space, and ASCII
TALK = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def describe(writer: GGUFWriter) -> None:
    writer.add_name("tiny-random-llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(TALK)


def add_vocabulary(writer: GGUFWriter) -> int:
    """How many tokens there are."""
    tokens = [*CONTROL, *BYTES, *CHARACTERS]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    kinds += [TokenType.BYTE] * len(BYTES) + [TokenType.NORMAL] * len(CHARACTERS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    return len(tokens)


def add_weights(writer: GGUFWriter, tokens: int) -> None:
    random = np.random.default_rng(SEED)
    narrow = WIDTH // HEADS * KEY_HEADS
    shapes = {"token_embd": (tokens, WIDTH), "output": (tokens, WIDTH)}
    for layer in range(LAYERS):
        parts = {
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (narrow, WIDTH),
            "attn_v": (narrow, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (HIDDEN, WIDTH),
            "ffn_up": (HIDDEN, WIDTH),
            "ffn_down": (WIDTH, HIDDEN),
        }
        shapes |= {f"blk.{layer}.{part}": shape for part, shape in parts.items()}
    norms = [f"blk.{layer}.{part}_norm" for layer in range(LAYERS) for part in ("attn", "ffn")]
    for name, shape in shapes.items():
        weights = random.standard_normal(shape) * SCALE
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))
    for name in ("output_norm", *norms):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))


def make(path: str) -> None:
    writer = GGUFWriter(path, "llama")
    describe(writer)
    add_weights(writer, add_vocabulary(writer))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    make(sys.argv[1])
