"""A language model small enough to test with, and a vocabulary of bytes and a few words for it."""

from __future__ import annotations

from facegpt_ros.model.gguf_file import Vocabulary
from facegpt_ros.model.language_config import LanguageConfig

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def byte_characters() -> list[str]:
    """GPT-2's printable character of each byte value, by value."""
    from tokenizers import pre_tokenizers

    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    characters = {value: chr(value) for value in printable}
    for nth, value in enumerate(value for value in range(256) if value not in characters):
        characters[value] = chr(256 + nth)
    assert set(characters.values()) == set(pre_tokenizers.ByteLevel.alphabet())
    return [characters[value] for value in range(256)]


def vocabulary() -> Vocabulary:
    merges = ["Ġ t", "h e", "Ġt he", "i n"]
    tokens = [*SPECIAL, *byte_characters(), *(merge.replace(" ", "") for merge in merges)]
    return Vocabulary(tokens, merges, [0, 1, 2], end=2)


def config(width: int = 64) -> LanguageConfig:
    """width: 32 for what learns, which is quicker; its heads are too narrow for ONNX Runtime's attention."""
    return LanguageConfig(  # numbers that float32 holds exactly
        layers=3,
        width=width,
        heads=4,
        key_heads=2,
        hidden=48,
        vocabulary=len(vocabulary().tokens),
        context=2048,
        rope_base=1e4,
        epsilon=2**-17,
    )
