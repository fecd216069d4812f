"""Whether FaceGPT still knows its language: how well it foresees general text, with its adapters on and off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.speaker import Prompt, Reader
from facegpt_ros.language.requests import not_asking
from facegpt_ros.model import prompts
from facegpt_ros.model.prompts import Kind, Part

PROSE = Path(__file__).parent / "data" / "prose.txt"
_PASSAGE_WORDS = 180
_ANSWER_KINDS = ("instruction", "sum", "small talk", "faces in general")
_ANSWER_TOKENS = 48
_SEED = 9041


@dataclass(frozen=True)
class Perplexity:
    """Of the same tokens, by the language model itself and with adapters."""

    base: float
    adapted: float
    tokens: int

    @property
    def ratio(self) -> float:
        return self.adapted / self.base

    def as_json(self) -> dict:
        return {"base": self.base, "adapted": self.adapted, "ratio": self.ratio, "tokens": self.tokens}


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


def plain(text: str) -> Prompt:
    """Text as it stands, no conversation."""
    return [Part(Kind.TEXT, text, learnt=True)]


def own_words(reader: Reader, count: int, seed: int = _SEED) -> list[Prompt]:
    """Conversations of the language model itself: its answers to held-out prompts, which it must not unlearn."""
    rng = np.random.default_rng(seed)
    asked = [not_asking(rng, "test", _ANSWER_KINDS[i % len(_ANSWER_KINDS)]).text for i in range(count)]
    said = reader.base_words([prompts.chat([(text, "")]) for text in asked], limit=_ANSWER_TOKENS)
    return [_conversation(text, answer) for text, answer in zip(asked, said, strict=True) if answer.strip()]


def perplexity(reader: Reader, texts: Sequence[Prompt]) -> Perplexity | None:
    """exp of the mean negative log-likelihood of a token; None where there is no token to foresee."""
    if not texts:
        return None
    likely = [np.concatenate([np.zeros(0), *reader.read(texts, base=base)]) for base in (True, False)]
    if not len(likely[0]):
        return None
    base, adapted = (float(np.exp(-np.mean(part))) for part in likely)
    return Perplexity(base, adapted, len(likely[0]))


def general_scores(reader: Reader, folder: Path, answers: int, show: Callable[[str], None] = lambda name: None) -> dict:
    """perplexity_ratio of human text, prose and transcripts together; each alone, and of the base model's own answers.

    Args:
        folder: of recordings with transcripts; what it lacks is told.
        answers: how many of the language model's own.
    """
    human = {"prose": [plain(text) for text in prose()], "transcripts": [plain(text) for text in transcripts(folder)]}
    parts = {}
    for name, texts in human.items():
        show(name)
        parts[name] = perplexity(reader, texts)
    show("own answers")
    parts["own_answers"] = perplexity(reader, own_words(reader, answers))
    whole = _together([part for name in human if (part := parts[name]) is not None])
    out: dict = {"perplexity_ratio": whole.ratio if whole else None, "human_text": whole.as_json() if whole else None}
    out |= {name: part.as_json() if part else None for name, part in parts.items()}
    if parts["transcripts"] is None:
        out["transcripts_skipped"] = f"{folder} holds no transcripts"
    return out


def _together(parts: Sequence[Perplexity]) -> Perplexity | None:
    tokens = sum(part.tokens for part in parts)
    if not tokens:
        return None
    base, adapted = (
        float(np.exp(sum(part.tokens * np.log(getattr(part, which)) for part in parts) / tokens))
        for which in ("base", "adapted")
    )
    return Perplexity(base, adapted, tokens)


def _conversation(asked: str, answer: str) -> Prompt:
    """As prompts.chat, but the answer is a person's text: no special token is read into it."""
    opened = prompts.chat([(asked, "")])
    return [*opened, Part(Kind.TEXT, answer.strip(), learnt=True)]


def _pieces(paragraph: str) -> list[str]:
    words = paragraph.split(" ")
    count = max(1, round(len(words) / _PASSAGE_WORDS))
    cuts = np.linspace(0, len(words), count + 1).round().astype(int)
    pieces = [" ".join(words[a:b]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    return [piece for piece in pieces if piece.strip()]
