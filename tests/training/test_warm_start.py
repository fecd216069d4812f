import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.export import save_weights  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT  # noqa: E402
from facegpt_ros.training.regressor import Trainer, TrainingOptions  # noqa: E402
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs, matching, start_from  # noqa: E402

OLD = Outputs(
    {"identity": ("identity_0", "identity_1"), "expression": ("blink", "jawOpen"), "albedo": ("red", "pattern_0")},
    {"identity": "i", "expression": "e", "albedo": "a"},
)
NEW = Outputs(
    {"identity": ("identity_0",), "expression": ("jawOpen", "puff", "blink"), "albedo": ("pattern_0", "red", "blue")},
    {"identity": "other", "expression": "other", "albedo": "other"},
)


@pytest.fixture(scope="module")
def old_net() -> Regressor:
    torch.manual_seed(0)
    net = Regressor(OLD.layout, pretrained=False)
    torch.nn.init.normal_(net.head.weight)
    torch.nn.init.normal_(net.head.bias)
    return net


def saved(net, outputs, path, said=None):
    said = outputs.to_json() if said is None else said
    save_weights(net.state_dict(), path, {"layout": outputs.layout.to_json(), METADATA_KEY: said})
    return path


def test_named_outputs_are_found_again_wherever_they_stand_and_numbered_ones_only_in_the_same_basis():
    assert matching(OLD, NEW, "expression") == [(1, 0), (0, 2)]
    assert matching(OLD, NEW, "identity") == []
    assert matching(OLD, NEW, "albedo") == [(0, 1)]
    same = replace(NEW, bases=OLD.bases)
    assert matching(OLD, same, "identity") == [(0, 0)]
    assert matching(OLD, same, "albedo") == [(1, 0), (0, 1)]


def test_rows_that_keep_their_meaning_are_copied_and_the_others_start_at_the_mean(tmp_path, old_net):
    torch.manual_seed(1)
    net = Regressor(NEW.layout, pretrained=False)
    said = start_from(net, NEW, saved(old_net, OLD, tmp_path / "old.safetensors"))
    assert "0 of 1 identity, 2 of 3 expression, 1 of 3 albedo" in said
    jaw, puff = NEW.layout.expression.start, NEW.layout.expression.start + 1
    assert torch.equal(net.head.weight[jaw], old_net.head.weight[OLD.layout.expression.start + 1])
    assert not net.head.weight[puff].any() and net.head.bias[puff] == 0
    for name in ("illumination", "rotation", "offset", "log_scale", "presence"):
        new, old = getattr(NEW.layout, name), getattr(OLD.layout, name)
        assert torch.equal(net.head.weight[new], old_net.head.weight[old]), name
        assert torch.equal(net.head.bias[new], old_net.head.bias[old]), name
    for name, value in old_net.state_dict().items():
        if not name.startswith("head.") and value.is_floating_point():
            assert torch.equal(net.state_dict()[name], value), name


def test_a_checkpoint_goes_on_with_another_albedo_and_is_not_resumed_as_if_nothing_had_changed(tmp_path, monkeypatch):
    small = {"size": 64, "batch": 4, "workers": 0, "pretrained": False}
    first = Trainer(TrainingOptions(tmp_path / "a", [], **small), MorphableModel.load())
    torch.nn.init.normal_(first.ema.head.weight)
    first.save()
    path = tmp_path / "a" / CHECKPOINT
    names = first.outputs.names | {"albedo": tuple(f"albedo_{i}" for i in range(len(first.outputs.names["albedo"])))}
    monkeypatch.setattr(Outputs, "of", lambda model: Outputs(names, first.outputs.bases | {"albedo": "other"}))
    with pytest.raises(WeightsError, match="--start-from"):
        Trainer(TrainingOptions(tmp_path / "a", [], **small))
    second = Trainer(TrainingOptions(tmp_path / "b", [], start_from=path, **small))
    assert second.step == 0
    for net in (second.net, second.ema):
        assert torch.equal(net.head.weight[second.layout.identity], first.ema.head.weight[first.layout.identity])
        assert not net.head.weight[second.layout.albedo].any()


def test_the_shipped_weights_say_what_they_put_out():
    from safetensors import safe_open

    from facegpt_ros.morphable.model import SHIPPED

    path = SHIPPED.parents[2] / "model" / "data" / "regressor.safetensors"
    with safe_open(str(path), framework="pt") as file:
        held = Outputs.from_json(file.metadata()[METADATA_KEY])
    assert "jawOpen" in held.names["expression"]
    net = Regressor(held.layout, pretrained=False)
    assert f"{len(held.names['identity'])} of {len(held.names['identity'])} identity" in start_from(net, held, path)


@pytest.mark.parametrize("said", ["", "{}", json.dumps({"names": {}, "bases": {}})])
def test_weights_that_do_not_say_what_they_put_out_are_refused(tmp_path, old_net, said):
    path = saved(old_net, OLD, tmp_path / "old.safetensors", said)
    with pytest.raises(WeightsError, match="export"):
        start_from(Regressor(OLD.layout, pretrained=False), OLD, path)


def test_names_and_layout_that_disagree_are_refused(tmp_path, old_net):
    path = saved(old_net, OLD, tmp_path / "old.safetensors", NEW.to_json())
    with pytest.raises(WeightsError, match="layout"):
        start_from(Regressor(NEW.layout, pretrained=False), NEW, path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        start_from(Regressor(OLD.layout, pretrained=False), OLD, tmp_path / "none.safetensors")
