"""`facegpt bench words`: what an answer about the current frame costs."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from facegpt_ros.backends.onnx_runtime import language_threads
from facegpt_ros.bench import ceilings
from facegpt_ros.bench.interleaved import interleaved, ratio, summary
from facegpt_ros.bench.path import FollowedCrowd
from facegpt_ros.bench.peer import Peer
from facegpt_ros.bench.peers import llama, llama_environment
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.grounded import understand
from facegpt_ros.model import prompts
from facegpt_ros.model.decoder import Decoder
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator
from facegpt_ros.up import split_parameters

_QUESTIONS = (
    "Is the mouth open?",
    "Where is she looking?",
    "Which way is the head turned?",
    "What is the capital of France?",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=20, help="of each (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=64, help="decoded in a turn (default: %(default)s)")
    parser.add_argument("--peer", action="store_true", help="llama.cpp beside it, which is installed once")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Figures, and the exit status."""
    if not 2 <= args.repeats <= 1000 or not 2 <= args.tokens <= 512:
        raise ConfigError(f"--repeats is {args.repeats} and --tokens {args.tokens}; give 2 to 1000, and 2 to 512")
    config = Config.from_flat({"estimator.name": "facegpt"} | split_parameters(args.set)[0])
    followed = FollowedCrowd(config, 1)
    estimator = followed.pipeline.estimator
    if not isinstance(estimator, FaceGPTEstimator):
        raise ConfigError(f"estimator.name is '{config.estimator.name}', which has no words; use facegpt")
    threads = config.estimator.threads or language_threads()
    decoder = Decoder(estimator.graphs, threads)
    peer = _llama(args.tokens) if args.peer else None
    taken = interleaved(
        {question: _first_word(followed, estimator, question) for question in _QUESTIONS}
        | {"words": _words(estimator, decoder, args.tokens)}
        | ({} if peer is None else {"llama.cpp": peer}),
        args.repeats,
        what="answers",
    )
    each = taken.pop("words")
    theirs = taken.pop("llama.cpp", None)
    best, read = ceilings.measure(threads), estimator.graphs.decode.stat().st_size
    least = best.bound_ms(0, read)["memory"]
    figures: dict[str, Any] = {
        "estimator": estimator.model_id,
        "ceilings": best.as_json(),
        "first_word_ms": {question: summary(values) for question, values in taken.items()},
        "first_word_worst_median_ms": max(round(float(np.median(values)), 1) for values in taken.values()),
        "token_ms": summary(each),
        "tokens_s": round(1e3 / float(np.median(each)), 1),
        "of_ceiling": {"mbytes": round(read / 1e6, 1), "bound_ms": round(least, 2),
                       "reached": round(least / float(np.median(each)), 3)},
    }  # fmt: skip
    if peer is not None and theirs is not None:
        peer.close()
        figures["llama.cpp, 4 bit"] = {"token_ms": summary(theirs), "ours_takes_times": ratio(each, theirs)}
    decoder.close()
    followed.pipeline.close()
    return figures, 0


def _llama(count: int) -> Peer:
    return Peer("peer_llama.py", llama(["40", "1"], count), llama_environment())


def _first_word(followed: FollowedCrowd, estimator: FaceGPTEstimator, question: str) -> Any:
    """A turn: facts of the frame's faces, what is asked of them, and the first token of the answer."""
    height, width = followed.image.shape[:2]
    crops = followed.pixels

    def turn() -> None:
        asked = understand(question, face_facts(followed.pipeline.model, followed.faces, (width, height)))
        estimator.say(prompts.chat([(question, "")], image=True, facts=asked.facts), crops, limit=1)

    return turn


def _words(estimator: FaceGPTEstimator, decoder: Decoder, count: int) -> Any:
    """A turn: milliseconds a token, after a prompt of 40."""
    table = estimator.graphs.embedding()
    rows = np.asarray(table[1000 : 1040 + count], np.float32)[None]  # any words cost the same

    def turn() -> float:
        decoder.begin(40 + count)
        decoder.read(rows[:, :40])
        begun = time.perf_counter()
        for nth in range(40, 40 + count):
            decoder.read(rows[:, nth : nth + 1])
        return 1e3 * (time.perf_counter() - begun) / count

    return turn
