"""The tokenizer of a model from the Hugging Face hub, as model/tokenizer.py's: what is ours lies behind what is its."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.prompts import Turns
from facegpt_ros.model.tokenizer import FACE, OURS, readable

_MARK = re.compile(r"<[^<>\s]+>")


class HubTokenizer:
    """A TokenizerLike of a tokenizer.json.

    Texts are read as if they stood in the middle of one: no token is put in front, and no space, so that the parts of
    a prompt one after the other are the prompt.

    Args:
        path: tokenizer.json.
        turns: of the model's family; all its special tokens must be there.
        rows: of the model's embedding matrix, often more than the tokenizer has tokens.

    Raises:
        WeightsError: the file is missing, broken, or another family's.
    """

    def __init__(self, path: Path, turns: Turns, rows: int) -> None:
        from tokenizers import Tokenizer

        try:
            state = _in_the_middle(json.loads(path.read_text(encoding="utf-8")))
            self._with_special = Tokenizer.from_str(json.dumps(state))
            added = state.get("added_tokens") or []
            self._special = {token["id"] for token in added if token.get("special")}
            self._plain = Tokenizer.from_str(json.dumps({**state, "added_tokens": []}))
        except OSError as error:
            raise WeightsError(
                f"{path} is missing; save it there with AutoTokenizer.from_pretrained(…).save_pretrained(…)"
            ) from error
        except Exception as error:  # tokenizers raises nothing narrower
            raise WeightsError(f"{path} is no tokenizer.json ({error}); download it again") from error
        vocabulary = self._with_special.get_vocab(with_added_tokens=True)
        if max(vocabulary.values(), default=0) >= rows:
            raise WeightsError(
                f"{path} has {1 + max(vocabulary.values())} tokens, the model {rows} embeddings; "
                "use the tokenizer and the model of one release"
            )
        needed = set(_MARK.findall(turns.begin + turns.close + turns.end))
        for mark in sorted(needed | set(_MARK.findall(turns.open))):
            if mark in vocabulary:
                self._special.add(vocabulary[mark])
            elif mark in needed:  # some releases of SmolVLM spell <global-img>, which opens pictures, out
                raise WeightsError(f"{path} has no token {mark}: its turns are not those of this family")
        self.own = self.face = rows
        self.size = rows + len(OURS)
        self.end = vocabulary[turns.end]

    def template(self, text: str) -> list[int]:
        """Ids of text of ours, in which special tokens mean what they are."""
        ids: list[int] = []
        for i, piece in enumerate(text.split(FACE)):
            ids += [self.own] * (i > 0) + self._with_special.encode(piece, add_special_tokens=False).ids
        return ids

    def encode(self, text: str) -> list[int]:
        """Ids of a person's text, in which special tokens and <FACE> are mere characters.

        Raises:
            ConfigError: it is longer than MAX_CHARACTERS.
        """
        text = readable(text)
        ids = self._plain.encode(text, add_special_tokens=False).ids
        if self._special & set(ids):  # a vocabulary can also be led to a special token by its merges
            each = (self._plain.encode(character, add_special_tokens=False).ids for character in text)
            ids = [i for of_one in each for i in of_one if i not in self._special]
        return ids

    def decode(self, ids: list[int], special: bool = False) -> str:
        """Text of ids; special: with <FACE> and its like."""
        text, run = "", []
        for i in [*ids, self.face]:
            if i < self.own:
                run.append(i)
                continue
            text += self._with_special.decode(run, skip_special_tokens=not special) + FACE * special
            run = []
        return text[: len(text) - len(FACE) * special]


def _in_the_middle(state: dict[str, Any]) -> dict[str, Any]:
    """The same tokenizer without what it does at the beginning and at the end of a text."""
    state = {**state, "post_processor": None, "truncation": None, "padding": None}
    state["normalizer"] = _without(state.get("normalizer"), "normalizers", "Prepend")
    state["decoder"] = _without(state.get("decoder"), "decoders", "Strip")
    for step in (state.get("pre_tokenizer"), state["decoder"]):
        for part in [step, *((step or {}).get("pretokenizers") or (step or {}).get("decoders") or [])]:
            if part and part["type"] == "Metaspace":
                part["prepend_scheme"] = "never"
                part.pop("add_prefix_space", None)
            elif part and part["type"] == "ByteLevel":
                part["add_prefix_space"] = False
    return state


def _without(step: dict[str, Any] | None, several: str, kind: str) -> dict[str, Any] | None:
    if not step or step["type"] == kind:
        return None
    if step["type"] != "Sequence":
        return step
    return {**step, several: [part for part in step[several] if part["type"] != kind]}
