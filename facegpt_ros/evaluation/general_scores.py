"""Whether FaceGPT still knows its language: how well it foresees general text, against the language model itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError

PROSE = Path(__file__).parent / "data" / "prose.txt"
_PASSAGE_WORDS = 180
Read = Callable[[Sequence[str]], list[np.ndarray]]  # as Speaker.read


@dataclass(frozen=True)
class Perplexity:
    """Of the same tokens, by the language model itself and by FaceGPT."""

    base: float
    own: float
    tokens: int

    @property
    def ratio(self) -> float:
        return self.own / self.base

    def as_json(self) -> dict:
        return {"base": self.base, "own": self.own, "ratio": self.ratio, "tokens": self.tokens}


def prose(path: Path = PROSE) -> list[str]:
    """Passages of public-domain prose, none much longer than 180 words; lines that start with # name the sources.

    Raises:
        ConfigError: the file is missing or holds none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror or error}); restore it") from error
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    passages = [piece for paragraph in kept.split("\n\n") for piece in _pieces(" ".join(paragraph.split()))]
    if not passages:
        raise ConfigError(f"{path} holds no passage; restore it")
    return passages


def transcripts(folder: Path) -> list[str]:
    """What is said in the recordings of a folder, from the .txt beside each; empty where there are none."""
    texts = [path.read_text(encoding="utf-8").strip() for path in sorted(folder.glob("*.txt"))]
    return [" ".join(text.split()) for text in texts if text]


def perplexity(read: Read, base: Read, texts: Sequence[str]) -> Perplexity | None:
    """exp of the mean negative log-likelihood of a token; None where there is no token to foresee."""
    likely = [np.concatenate([np.zeros(0), *by(texts)]) for by in (base, read)] if texts else [np.zeros(0)]
    if not len(likely[0]):
        return None
    base_says, own_says = (float(np.exp(-np.mean(part))) for part in likely)
    return Perplexity(base_says, own_says, len(likely[0]))


def general_scores(read: Read, base: Read, folder: Path, show: Callable[[str], None] = lambda name: None) -> dict:
    """perplexity_ratio of human text, prose and transcripts together, and of each alone.

    Args:
        read, base: of FaceGPT, and of the language model itself.
        folder: of recordings with transcripts; what it lacks is told.
    """
    parts = {}
    for name, texts in (("prose", prose()), ("transcripts", transcripts(folder))):
        show(name)
        parts[name] = perplexity(read, base, texts)
    whole = _together([part for part in parts.values() if part is not None])
    out: dict = {"perplexity_ratio": whole.ratio if whole else None, "human_text": whole.as_json() if whole else None}
    out |= {name: part.as_json() if part else None for name, part in parts.items()}
    if parts["transcripts"] is None:
        out["transcripts_skipped"] = f"{folder} holds no transcripts"
    return out


def _together(parts: Sequence[Perplexity]) -> Perplexity | None:
    tokens = sum(part.tokens for part in parts)
    if not tokens:
        return None
    base, own = (
        float(np.exp(sum(part.tokens * np.log(getattr(part, which)) for part in parts) / tokens))
        for which in ("base", "own")
    )
    return Perplexity(base, own, tokens)


def _pieces(paragraph: str) -> list[str]:
    words = paragraph.split(" ")
    count = max(1, round(len(words) / _PASSAGE_WORDS))
    cuts = np.linspace(0, len(words), count + 1).round().astype(int)
    pieces = [" ".join(words[a:b]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    return [piece for piece in pieces if piece.strip()]
