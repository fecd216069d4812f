"""The recipes that ship, and those that are wrong."""

import copy

import pytest
import yaml

from facegpt_ros import engines, recipes
from facegpt_ros.backends.cuda_driver import Gpu
from facegpt_ros.errors import ConfigError


def test_every_recipe_reads_and_says_on_what_it_was_run():
    assert recipes.names() == ["agx_orin", "cpu", "desktop", "orin_nano", "thor"]
    for name in recipes.names():
        recipe = recipes.read(name)
        assert recipe.run in recipe.line and recipe.about in recipe.line
        assert (recipe.backend, recipe.run == recipes.NOT_RUN) in (("onnxruntime", False), ("tensorrt", True))
    assert recipes.read("orin_nano").sizes("face") == [
        {"B": (1, 1, 2), "N": (1, 1, 2), "T": (1, 22, 192), "P": (1, 6, 64)}
    ]
    assert [sizes["B"] for sizes in recipes.read("thor").sizes("decode")] == [(1, 1, 1)] * 2
    assert recipes.read("thor").sizes("vision") == [{"B": (1, 1, 16), "N": (1, 1, 16)}]


@pytest.mark.parametrize(
    ("gpu", "name"),
    [
        (None, "cpu"),
        (Gpu("Orin", "8.7", 7607, "12.6"), "orin_nano"),
        (Gpu("Orin", "8.7", 62840, "12.6"), "agx_orin"),
        (Gpu("NVIDIA Thor", "11.0", 125000, "13.0"), "thor"),
        (Gpu("NVIDIA GeForce RTX 4070", "8.9", 12282, "12.8"), "desktop"),
    ],
)
def test_each_machine_has_one(gpu, name):
    assert recipes.for_machine(gpu).name == name


GOOD = yaml.safe_load((recipes.folder() / "orin_nano.yaml").read_text())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"batch": 0}, "batch is 0; it must be a whole number of 1 to 256"),
        ({"batch": True}, "batch is True"),
        ({"precision": "int4"}, "precision is 'int4'; use int8, int8_blocks, fp16 or fp32"),
        ({"precision": "int8"}, "precision is int8, tensorrt takes fp16 and fp32"),
        ({"backend": "tensorflow"}, "backend is 'tensorflow'; use onnxruntime, tensorrt or torch"),
        ({"workspace_mb": "512"}, "workspace_mb is '512'"),
        ({"about": ""}, "about is ''; it must be text"),
        ({"for": {"jetpack": 6.2, "tensorrt": "10.3", "sm": "8.7"}}, "for is .*it must have jetpack, tensorrt, sm, as"),
        ({"speed": "high"}, "'speed' is no key of a recipe; leave it out"),
        ({"profiles": {"face": GOOD["profiles"]["face"]}}, "profiles lacks decode"),
        ({"profiles": {"eye": []}}, "it may have face and decode"),
        ({"profiles": {**GOOD["profiles"], "face": []}}, r"profiles\.face is \[\]; it must be a list"),
        ({"profiles": {**GOOD["profiles"], "face": [{"T": [1, 2, 3]}]}}, "it must have T and P"),
        ({"profiles": {**GOOD["profiles"], "face": [{"T": [1, 2, 3], "P": [5, 2, 9]}]}}, r"P of face is \[5, 2, 9\]"),
        ({"profiles": {**GOOD["profiles"], "face": [{"T": [0, 2, 3], "P": [0, 2, 9]}]}}, "T of face is .*from 1"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_named(change, says):
    with pytest.raises(ConfigError, match=rf"mine\.yaml: .*{says}"):
        recipes.parsed("mine", {**copy.deepcopy(GOOD), **change}, "mine.yaml")


def test_missing_keys_names_and_files_are_named(tmp_path, monkeypatch):
    for key in GOOD:
        with pytest.raises(ConfigError, match=f"{key} is missing"):
            recipes.parsed("mine", {name: value for name, value in GOOD.items() if name != key}, "mine.yaml")
    with pytest.raises(ConfigError, match="no recipe is called 'xavier'; there are agx_orin, cpu"):
        recipes.read("xavier")
    with pytest.raises(ConfigError, match="is no recipe but list"):
        recipes.parsed("mine", [], "mine.yaml")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "bad.yaml").write_text("batch: [")
    monkeypatch.setattr(engines, "manifest_path", lambda: tmp_path / "manifest.yaml")
    with pytest.raises(ConfigError, match=r"bad\.yaml: cannot be read"):
        recipes.read("bad")
