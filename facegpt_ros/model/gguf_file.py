"""A llama-type language model out of a GGUF file: configuration, weights as float32, and tokenizer.

llama.cpp stores query and key rows so that rotary pairs lie side by side; here they lie half a head apart, as in the
models that the files were made from, so the rows are put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig

_LAYER = {
    "attn_norm": "attention_norm",
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.output",
    "ffn_norm": "mlp_norm",
    "ffn_gate": "mlp.gate",
    "ffn_up": "mlp.up",
    "ffn_down": "mlp.down",
}
_LOWEST = {"block_count": 1, "embedding_length": 8, "feed_forward_length": 8, "attention.head_count": 1}


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level BPE.

    Attributes:
        tokens: by id; merges: by rank, "left right"; special: ids that text never becomes.
        end: id that ends a turn.
    """

    tokens: list[str]
    merges: list[str]
    special: list[int]
    end: int


class GgufFile:
    """One opened file.

    Raises:
        WeightsError: it is missing, truncated, or no llama-type model with a byte-level BPE.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise WeightsError(f"{self.path} is missing; run `facegpt engines prepare --for language`")
        try:
            from gguf import GGUFReader
        except ImportError as error:
            raise WeightsError(f"reading {self.path} needs the package gguf: pip install gguf") from error
        try:
            self._reader = GGUFReader(self.path)
        except Exception as error:  # the reader raises whatever numpy does on nonsense
            raise WeightsError(f"{self.path} is no GGUF file ({error}); fetch it again") from error
        architecture = self._field("general.architecture")
        if architecture != "llama":
            raise WeightsError(f"{self.path}: architecture is {architecture}; llama-type models can be read")
        self.config = self._config()

    def weights(self) -> dict[str, np.ndarray]:
        """Name in language_model.LanguageModel → float32 array."""
        from gguf.quants import dequantize

        names = self._names()
        out: dict[str, np.ndarray] = {}
        for tensor in self._reader.tensors:
            name = names.get(tensor.name)
            if name is None:
                continue  # rope tables, an untied output that this architecture does not have here
            try:
                array = np.array(dequantize(tensor.data, tensor.tensor_type), np.float32)
            except (ValueError, NotImplementedError, KeyError) as error:
                raise WeightsError(
                    f"{self.path}: {tensor.name} cannot be unpacked ({error}); fetch it again"
                ) from error
            if name.endswith(("query.weight", "key.weight")):
                array = _halves(array, self.config.head_width)
            if not np.isfinite(array).all():
                raise WeightsError(f"{self.path}: {tensor.name} holds NaN or infinity; fetch it again")
            out[name] = array
        missing = sorted(set(names.values()) - out.keys())
        if missing:
            raise WeightsError(f"{self.path} lacks {missing[0]} ({len(missing)} in all); fetch it again")
        return out

    def vocabulary(self) -> Vocabulary:
        """Of the tokenizer inside the file."""
        model = self._field("tokenizer.ggml.model")
        if model != "gpt2":
            raise WeightsError(f"{self.path}: its tokenizer is {model}; byte-level BPE (gpt2) can be read")
        tokens = self._field("tokenizer.ggml.tokens")
        kinds = self._field("tokenizer.ggml.token_type")
        special = [i for i, kind in enumerate(kinds) if kind == 3]  # 3: control
        return Vocabulary(
            tokens, self._field("tokenizer.ggml.merges"), special, self._field("tokenizer.ggml.eos_token_id")
        )

    def _config(self) -> LanguageConfig:
        values = {name: self._field(f"llama.{name}") for name in _LOWEST}
        for name, lowest in _LOWEST.items():
            if not isinstance(values[name], int) or values[name] < lowest:
                raise WeightsError(f"{self.path}: llama.{name} is {values[name]}; it must be at least {lowest}")
        return LanguageConfig(
            layers=values["block_count"],
            width=values["embedding_length"],
            heads=values["attention.head_count"],
            key_heads=self._field("llama.attention.head_count_kv"),
            hidden=values["feed_forward_length"],
            vocabulary=self._field("llama.vocab_size"),
            context=self._field("llama.context_length"),
            rope_base=self._field("llama.rope.freq_base"),
            epsilon=self._field("llama.attention.layer_norm_rms_epsilon"),
        )

    def _names(self) -> dict[str, str]:
        """Of the file's tensors → ours."""
        names = {"token_embd.weight": "embedding.weight", "output_norm.weight": "norm.weight"}
        for i in range(self.config.layers):
            names |= {f"blk.{i}.{theirs}.weight": f"layers.{i}.{ours}.weight" for theirs, ours in _LAYER.items()}
        return names

    def _field(self, name: str) -> Any:
        field = self._reader.get_field(name)
        if field is None:
            raise WeightsError(f"{self.path} lacks {name}; it is no language model of the llama type")
        return field.contents()


def _halves(rows: np.ndarray, head_width: int) -> np.ndarray:
    """(H·W, D), rotary pairs side by side → pairs half a head apart."""
    paired = rows.reshape(-1, head_width // 2, 2, rows.shape[1])
    return np.ascontiguousarray(paired.transpose(0, 2, 1, 3)).reshape(rows.shape)
