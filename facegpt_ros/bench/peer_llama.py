"""llama.cpp with the language model's own file, as a peer (see peer.py): what a frame reads, or a word of an answer.

It runs where nothing of ours is installed.
"""

import contextlib
import itertools
import json
import sys

import xllamacpp

path, before, tokens, threads, words = sys.argv[1], *map(int, sys.argv[2:6])
params = xllamacpp.CommonParams()
params.model.path = path
params.n_ctx, params.n_parallel, params.verbosity = 1024, 1, -1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
server = xllamacpp.Server(params)
nth = itertools.count()


def turn() -> float:
    """Milliseconds by llama.cpp's own clock: of the tokens after those that it has kept, or of a word."""
    new = [2000 + (tokens * next(nth) + place) % 20000 for place in range(tokens)]
    prompt = [*range(1000, 1000 + before), *new]
    asked = {"prompt": prompt, "n_predict": words, "cache_prompt": True, "temperature": 0.0, "ignore_eos": True}
    said = server.handle_completions(asked)
    timings = (json.loads(said) if isinstance(said, (str, bytes)) else said)["timings"]
    if timings["prompt_n"] != tokens:
        sys.exit(f"llama.cpp read {timings['prompt_n']} tokens, not {tokens}")
    return timings["predicted_ms"] / timings["predicted_n"] if words > 1 else timings["prompt_ms"]


with contextlib.suppress(SystemExit):  # nothing was kept before the first
    turn()
for _ in range(2):
    turn()
sys.stdout.write("peer: ready\n")
sys.stdout.flush()
for _line in sys.stdin:
    sys.stdout.write(f"peer: {turn()}\n")
    sys.stdout.flush()
