import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.kv_cache import KVCache  # noqa: E402
from facegpt_ros.model.language_config import LanguageConfig  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LanguageModel(config()).eval()


@pytest.fixture(scope="module")
def ids():
    return torch.randint(0, config().vocabulary, (2, 11), generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
@pytest.mark.parametrize("pieces", [[11], [1] * 11, [4, 7], [6, 1, 3, 1]])
def test_reading_in_pieces_with_a_cache_says_the_same(model, ids, pieces):
    whole = model(model.embed(ids))
    cache = KVCache.of(model.config, batch=2, capacity=11)
    parts = [model(model.embed(part), cache) for part in ids.split(pieces, 1)]
    assert cache.length == 11
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_what_comes_later_changes_nothing_before(model, ids):
    other = ids.clone()
    other[:, 7:] = 5
    a, b = model(model.embed(ids)), model(model.embed(other))
    torch.testing.assert_close(a[:, :7], b[:, :7])
    assert (a[:, 7:] - b[:, 7:]).abs().max() > 1e-3


@torch.inference_mode()
def test_a_prefix_is_read_once_for_many(model, ids):
    prefix, rest = ids[:1, :6], ids[:, 6:]
    cache = KVCache.of(model.config, 1, 6)
    model(model.embed(prefix), cache)
    roomy = cache.repeat(2, room=5)
    got = model(model.embed(rest), roomy)
    whole = model(model.embed(torch.cat([prefix.expand(2, -1), rest], 1)))[:, 6:]
    torch.testing.assert_close(got, whole, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_cache_that_was_cut_forgets_the_last_frame(model, ids):
    cache = KVCache.of(model.config, 2, 11)
    model(model.embed(ids[:, :6]), cache)
    first = model(model.embed(ids[:, 6:]), cache)
    cache.cut(6)
    model(model.embed(ids[:, :5]), cache)
    cache.cut(6)
    torch.testing.assert_close(model(model.embed(ids[:, 6:]), cache), first)


def test_a_full_cache_and_a_wrong_cut_are_errors(model, ids):
    cache = KVCache.of(model.config, 2, 10)
    with pytest.raises(WeightsError, match="11 positions do not fit into a cache of 10"):
        model(model.embed(ids), cache)
    with pytest.raises(WeightsError, match="length is 3; the cache holds 0"):
        cache.cut(3)


def test_heads_that_do_not_divide_are_an_error():
    with pytest.raises(WeightsError, match="do not divide"):
        LanguageConfig(2, 30, 4, 2, 8, 10)


@torch.inference_mode()
def test_agrees_with_transformers(model, ids):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    c = model.config
    theirs = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=c.vocabulary,
            hidden_size=c.width,
            intermediate_size=c.hidden,
            num_hidden_layers=c.layers,
            num_attention_heads=c.heads,
            num_key_value_heads=c.key_heads,
            rope_parameters={"rope_type": "default", "rope_theta": c.rope_base},
            rms_norm_eps=c.epsilon,
            tie_word_embeddings=True,
        )
    ).eval()
    names = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"}
    names = {f"attention.{ours}.": f"self_attn.{name}." for ours, name in names.items()}
    names |= {f"mlp.{name}.": f"mlp.{name}_proj." for name in ("gate", "up", "down")}
    names |= {"attention_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm", "embedding": "embed_tokens"}
    state = {}
    for name, value in model.state_dict().items():
        for ours, their in names.items():
            name = name.replace(ours, their)
        state[f"model.{name}"] = value
    missing = theirs.load_state_dict(state, strict=False)
    assert missing.missing_keys in ([], ["lm_head.weight"])
    assert not missing.unexpected_keys
    torch.testing.assert_close(model.logits(model(model.embed(ids))), theirs(ids).logits, atol=1e-5, rtol=1e-4)


def test_what_learns_reads_the_same_and_its_gradient_is_the_fused_kernels(model, ids):
    x = model.embed(ids).detach().requires_grad_(True)
    hidden = model(x)
    with torch.no_grad():
        torch.testing.assert_close(hidden, model(x.detach()), atol=1e-5, rtol=1e-4)
    plain = torch.autograd.grad(hidden.square().sum(), x)[0]
    room = KVCache.of(model.config, batch=2, capacity=11)  # with a cache the fused kernel reads
    fused = torch.autograd.grad(model(x, room).square().sum(), x)[0]
    torch.testing.assert_close(plain, fused, atol=1e-4, rtol=1e-3)
