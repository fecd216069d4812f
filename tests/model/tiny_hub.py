"""Folders of tiny random models, of the classes and with the files that the hub has for SmolVLM and LLaVA-1.5."""

from __future__ import annotations

import json
from pathlib import Path

from tests.model.tiny_language import byte_characters, vocabulary

KINDS = ("idefics3", "smolvlm", "llava")
_SPARE = 5  # embeddings behind the tokenizer's last, as hub models have
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "initializer_range": 0.2,
}
_VISION = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    "initializer_range": 0.2,
}


def save_tiny(folder: Path, kind: str) -> Path:
    """Writes config.json, model.safetensors, tokenizer.json and preprocessor_config.json; returns the folder."""
    import torch
    import transformers as hf

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _llama_style() if kind == "llava" else _smollm_style()
    tokenizer.save(str(folder / "tokenizer.json"))
    text = {**_TEXT, "vocab_size": tokenizer.get_vocab_size() + _SPARE}
    image = tokenizer.token_to_id("<image>")
    torch.manual_seed(4)
    if kind == "llava":
        vision = hf.CLIPVisionConfig(**_VISION, projection_dim=16)
        config = hf.LlavaConfig(vision_config=vision, text_config=hf.LlamaConfig(**text), image_token_index=image)
        model = hf.LlavaForConditionalGeneration(config)
    else:
        made = {
            "idefics3": (hf.Idefics3Config, hf.Idefics3ForConditionalGeneration),
            "smolvlm": (hf.SmolVLMConfig, hf.SmolVLMForConditionalGeneration),
        }
        of, model_class = made[kind]
        text["model_type"] = "llama"
        model = model_class(of(vision_config=_VISION, text_config=text, image_token_id=image, scale_factor=2))
    model.save_pretrained(folder)
    processor = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2], "rescale_factor": 1 / 255, "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def _smollm_style():
    """Byte-level, as SmolVLM's."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    words = vocabulary()
    ids = {token: i for i, token in enumerate(words.tokens)}
    merges = [tuple(merge.split(" ", 1)) for merge in words.merges]
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [
        "<|im_start|>",
        "<|im_end|>",
        "<global-img>",
        "<fake_token_around_image>",
        "<image>",
        "<end_of_utterance>",
    ]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def _llama_style():
    """SentencePiece's BPE with byte fallback, a space in front of every text, and <s>, as LLaVA-1.5's."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{value:02X}>" for value in range(256)), "▁"]
    pieces += [character for character in byte_characters() if ord(character) < 127]
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("i", "n"), ("<", "/"), ("</", "s"), ("</s", ">")]
    pieces += ["".join(pair) for pair in merges if "".join(pair) not in pieces]
    ids = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", "<image>", "<pad>"]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer
