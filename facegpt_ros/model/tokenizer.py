"""Text ↔ token ids, with tokens of our own behind the language model's."""

from __future__ import annotations

from typing import Protocol

from facegpt_ros.errors import ConfigError
from facegpt_ros.model.gguf_file import Vocabulary

FACE = "<FACE>"
OURS = (FACE,)
MAX_CHARACTERS = 8192


class TokenizerLike(Protocol):
    """Text ↔ ids of one language model, with OURS behind its own.

    Attributes:
        face: id of <FACE>.
        end: id that ends a turn.
        own: how many ids the language model has; ours follow.
        size: with ours.
    """

    face: int
    end: int
    own: int
    size: int

    def template(self, text: str) -> list[int]:
        """Ids of text of ours, in which special tokens mean what they are."""

    def encode(self, text: str) -> list[int]:
        """Ids of a person's text, in which special tokens are mere characters; ConfigError where it is too long."""

    def decode(self, ids: list[int], special: bool = False) -> str:
        """Text of ids; special: with <FACE> and its like."""


def readable(text: str) -> str:
    """A person's text as UTF-8 can hold it: lone surrogates become "?".

    Raises:
        ConfigError: it is longer than MAX_CHARACTERS.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"the text has {len(text)} characters; say it in at most {MAX_CHARACTERS}")
    return text.encode("utf-8", "replace").decode("utf-8")


class Tokenizer:
    """Byte-level BPE as SmolLM2's, digits one by one.

    Args:
        vocabulary: of the language model.

    Attributes:
        face: id of <FACE>, the first after the language model's own.
        end: id that ends a turn.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

        ids = {token: i for i, token in enumerate(vocabulary.tokens)}
        merges = [(left, right) for left, right in (merge.split(" ", 1) for merge in vocabulary.merges)]
        self._bpe = Tokenizer(models.BPE(vocab=ids, merges=merges))
        self._bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        self._bpe.decoder = decoders.ByteLevel()
        specials = [vocabulary.tokens[i] for i in vocabulary.special] + list(OURS)
        self._bpe.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
        self._plain = Tokenizer(models.BPE(vocab=ids, merges=merges))  # knows no special token
        self._plain.pre_tokenizer = self._bpe.pre_tokenizer
        self.own = len(vocabulary.tokens)
        self.face: int = self._bpe.token_to_id(FACE)  # type: ignore[assignment]
        self.end = vocabulary.end
        self.size = self.own + len(OURS)

    def template(self, text: str) -> list[int]:
        """Ids of text of ours, in which special tokens mean what they are."""
        return self._bpe.encode(text).ids

    def encode(self, text: str) -> list[int]:
        """Ids of a person's text, in which "<|im_end|>" and "<FACE>" are mere characters: nobody speaks for the model.

        Raises:
            ConfigError: it is longer than MAX_CHARACTERS.
        """
        return self._plain.encode(readable(text)).ids

    def decode(self, ids: list[int], special: bool = False) -> str:
        """Text of ids; special: with <FACE> and its like."""
        return self._bpe.decode(ids, skip_special_tokens=not special)
