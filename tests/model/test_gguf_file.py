import numpy as np
import pytest

gguf = pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.gguf_file import GgufFile  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402


def write(path, architecture="llama", drop=(), bad=(), fields=None, pairs=None):
    """A file of the tiny model; pairs: array that takes the place of the first query."""
    c, v = config(), vocabulary()
    writer = gguf.GGUFWriter(path, architecture)
    values = {"block_count": c.layers, "embedding_length": c.width, "feed_forward_length": c.hidden}
    values |= {"attention.head_count": c.heads, "attention.head_count_kv": c.key_heads}
    values |= {"vocab_size": c.vocabulary, "context_length": c.context}
    for name, value in (values | (fields or {})).items():
        writer.add_uint32(f"llama.{name}", value)
    writer.add_float32("llama.rope.freq_base", c.rope_base)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", c.epsilon)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(v.tokens)
    writer.add_token_types([3 if i in v.special else 1 for i in range(len(v.tokens))])
    writer.add_token_merges(v.merges)
    writer.add_eos_token_id(v.end)
    rng = np.random.default_rng(0)
    rows = c.key_heads * c.head_width
    shapes = {"token_embd": (c.vocabulary, c.width), "output_norm": (c.width,)}
    for i in range(c.layers):
        shapes |= {f"blk.{i}.{n}_norm": (c.width,) for n in ("attn", "ffn")}
        shapes |= {f"blk.{i}.attn_{n}": (c.width, c.width) for n in ("q", "output")}
        shapes |= {f"blk.{i}.attn_{n}": (rows, c.width) for n in ("k", "v")}
        shapes |= {f"blk.{i}.ffn_{n}": (c.hidden, c.width) for n in ("gate", "up")}
        shapes |= {f"blk.{i}.ffn_down": (c.width, c.hidden)}
    for name, shape in shapes.items():
        array = rng.normal(0, 0.1, shape).astype(np.float32)
        if name == "blk.0.attn_q" and pairs is not None:
            array = pairs
        if name in bad:
            array[0] = np.nan
        if name not in drop:
            writer.add_tensor(f"{name}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_whole_file_gives_configuration_weights_and_vocabulary(tmp_path):
    file = GgufFile(write(tmp_path / "m.gguf"))
    assert file.config == config()
    assert file.vocabulary() == vocabulary()
    weights = file.weights()
    torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
    from facegpt_ros.model.language_model import LanguageModel

    LanguageModel(config()).load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})


def test_rotary_pairs_are_put_half_a_head_apart(tmp_path):
    c = config()
    rows = np.tile(np.arange(c.width, dtype=np.float32)[:, None], (1, c.width))
    got = GgufFile(write(tmp_path / "m.gguf", pairs=rows)).weights()["layers.0.attention.query.weight"][:, 0]
    half = c.head_width // 2
    for head in range(c.heads):
        of_head = got[head * c.head_width :][: c.head_width]
        np.testing.assert_array_equal(of_head[:half] + 1, of_head[half:])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"architecture": "mamba"}, "architecture is mamba"),
        ({"drop": ("blk.1.ffn_up",)}, "lacks layers.1.mlp.up.weight"),
        ({"bad": ("blk.2.attn_v",)}, "attn_v.weight holds NaN"),
        ({"fields": {"block_count": 0}}, "block_count is 0"),
        ({"fields": {"attention.head_count": 5}}, "do not divide"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, change, says):
    with pytest.raises(WeightsError, match=says):
        GgufFile(write(tmp_path / "m.gguf", **change)).weights()


def test_a_missing_a_truncated_and_an_alien_file_are_errors(tmp_path):
    with pytest.raises(WeightsError, match=r"gone\.gguf is missing"):
        GgufFile(tmp_path / "gone.gguf")
    whole = write(tmp_path / "m.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"cut\.gguf"):
        GgufFile(cut).weights()
    alien = tmp_path / "alien.gguf"
    alien.write_bytes(b"\x89PNG" + bytes(200))
    with pytest.raises(WeightsError, match="no GGUF file"):
        GgufFile(alien)
