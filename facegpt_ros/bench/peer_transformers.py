"""A llama of SmolLM2-135M's sizes in transformers, eager, as a peer (see peer.py): what a frame makes it read.

Random weights: they cost what the trained ones do.
"""

import sys
import time

import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

layers, before, tokens, threads, kind = (*map(int, sys.argv[1:5]), sys.argv[5])
torch.set_num_threads(threads)
config = LlamaConfig(
    hidden_size=576, intermediate_size=1536, num_hidden_layers=layers, num_attention_heads=9, num_key_value_heads=3,
    vocab_size=49152, tie_word_embeddings=True,
)  # fmt: skip
config._attn_implementation = "eager"
model = LlamaForCausalLM(config).eval().to(getattr(torch, kind)).model
prefix, frame = (torch.randn(1, count, 576, dtype=getattr(torch, kind)) for count in (before, tokens))


@torch.inference_mode()
def turn() -> float:
    cache = DynamicCache(config=config)
    model(inputs_embeds=prefix, past_key_values=cache)
    begun = time.perf_counter()
    model(inputs_embeds=frame, past_key_values=cache)
    return 1e3 * (time.perf_counter() - begun)


for _ in range(3):
    turn()
print("peer: ready", flush=True)
for _line in sys.stdin:
    print(f"peer: {turn()}", flush=True)
