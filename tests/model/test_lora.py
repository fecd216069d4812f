import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.lora import LoraLinear, adapters, add_adapters, merge_adapters  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402


def adapted():
    torch.manual_seed(3)
    model = LanguageModel(config()).eval()
    count = add_adapters(model, rank=4, alpha=8)
    return model, count


@torch.no_grad()
def test_a_new_adapter_changes_nothing_and_a_merged_one_does_the_same():
    torch.manual_seed(3)
    plain = LanguageModel(config()).eval()
    model, count = adapted()
    x = torch.randn(2, 5, config().width)
    assert count == 7 * config().layers
    torch.testing.assert_close(model(x), plain(x))
    for _, adapter in adapters(model):
        adapter.up.normal_(0, 0.1)
    changed = model(x)
    assert (changed - plain(x)).abs().max() > 1e-2
    assert merge_adapters(model) == count
    assert not any(isinstance(module, LoraLinear) for module in model.modules())
    assert model.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(model(x), changed, atol=1e-5, rtol=1e-4)


def test_only_adapters_learn():
    model, count = adapted()
    model.embedding.requires_grad_(False)
    model(torch.randn(1, 3, config().width)).square().sum().backward()
    learnt = {name for name, p in model.named_parameters() if p.grad is not None}
    bases = {name for name, _ in model.named_parameters() if ".base." in name}
    assert not learnt & bases
    assert sum(name.endswith((".up", ".down")) for name in learnt) == 2 * count
