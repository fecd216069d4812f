"""`facegpt engines build`, list, verify and clean, with tiny files; the engines by a builder that is none."""

import argparse
from dataclasses import replace

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros import engines, engines_build, engines_cli, recipes  # noqa: E402
from facegpt_ros.backends import cuda_driver, engine_cache, tensorrt  # noqa: E402
from facegpt_ros.backends.cuda_driver import Gpu, Probe  # noqa: E402
from facegpt_ros.model import facegpt_build  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from tests.backends import fake_tensorrt  # noqa: E402
from tests.model.test_gguf_file import write  # noqa: E402
from tests.model.tiny_facegpt import save_facegpt  # noqa: E402


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    language = write(tmp_path / "m.gguf")
    monkeypatch.setattr(engines, "fetch", lambda name, **options: language)
    return str(save_facegpt(tmp_path, language, ThetaLayout(7, 5, 3), exits=(1,)))


@pytest.fixture
def engines_facegpt(capsys):
    """Runs `facegpt engines` → status, what it printed, what it complained of."""

    def run(*words):
        parser = argparse.ArgumentParser()
        engines_cli.add_arguments(parser)
        status = engines_cli.run(parser.parse_args([str(word) for word in words]))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def orin(monkeypatch):
    """A machine with a GPU and TensorRT, whose engines are the graphs themselves."""
    built = []

    def build_engine(module, graph, name, recipe):
        built.append((name, recipe.name))
        return graph

    monkeypatch.setattr(cuda_driver, "probe", lambda: Probe(Gpu("Orin", "8.7", 7607, "12.6")))
    monkeypatch.setattr(tensorrt, "why_not", lambda: "")
    monkeypatch.setattr(tensorrt, "import_module", lambda name: fake_tensorrt.Module)
    monkeypatch.setattr(tensorrt, "build_engine", build_engine)
    return built


def test_the_cpus_recipe_builds_the_graphs_once(weights, engines_facegpt):
    status, out, err = engines_facegpt("build", "--weights", weights, "--recipe", "cpu")
    ((folder, problem),) = facegpt_build.kept()
    assert status == 0 and f"graphs: {folder}" in out and problem == "" and "-int8-" in folder.name
    assert "building FaceGPT (int8, once)" in err and "100%" in err
    status, out, err = engines_facegpt("build", "--weights", weights, "--recipe", "cpu")
    assert (status, err) == (0, "")


def test_graphs_that_the_cache_cannot_keep_are_not_built_ahead(weights, engines_facegpt, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    status, out, err = engines_facegpt("build", "--weights", weights, "--recipe", "cpu")
    assert status == 1 and "graphs:" not in out
    assert "cannot be written" in err and "set FACEGPT_CACHE" in err and "building FaceGPT" not in err


def test_on_a_gpu_every_engine_is_built_once_with_the_machines_recipe(weights, orin, engines_facegpt):
    status, out, _ = engines_facegpt("build", "--weights", weights)
    assert status == 0 and orin == [(name, "orin_nano") for name in engines_build.GRAPHS]
    assert "recipe orin_nano: Jetson Orin Nano" in out and recipes.NOT_RUN in out
    assert "engine 1 of 3: vision" in out and "engine 3 of 3: decode, about" in out and "s left" in out
    assert [one.folder.name.split("-")[0] for one in engine_cache.kept()] == ["decode", "face", "vision"]
    assert engines_facegpt("build", "--weights", weights)[0] == 0 and len(orin) == 3
    status, out, _ = engines_facegpt("build", "--weights", weights, "--recipe", "agx_orin")
    assert status == 0 and len(orin) == 6 and "take recipe orin_nano; the engines of agx_orin are for comp" in out


def test_the_modern_set_is_built_beside_the_portable_one(weights, orin, engines_facegpt):
    status, out, err = engines_facegpt("build", "--weights", weights, "--set", "modern")
    assert status == 0 and "engine 4 of 4: decode_modern" in out and "building the modern graph" in err
    assert [folder.name.split("-")[0] for folder, problem in facegpt_build.kept() if not problem] == [
        "facegpt",
        "modern",
    ]
    modern = facegpt_build.kept()[1][0] / "decode_modern.onnx"
    whole = modern.read_bytes()
    assert engines_facegpt("build", "--weights", weights, "--set", "modern")[2] == "" and len(orin) == 4
    modern.write_bytes(whole[:-3])
    status, _, err = engines_facegpt("build", "--weights", weights, "--set", "modern")
    assert status == 0 and "is not what was built; building it again" in err and modern.read_bytes() == whole


def test_without_tensorrt_the_graphs_are_built_and_what_is_missing_is_named(weights, engines_facegpt):
    if not tensorrt.why_not():
        pytest.skip("TensorRT is here")
    status, out, err = engines_facegpt("build", "--weights", weights, "--recipe", "orin_nano")
    assert status == 1 and len(facegpt_build.kept()) == 1
    assert "recipe orin_nano also wants engines of TensorRT, which cannot run here: the package tensorrt" in err
    status, _, err = engines_facegpt("build", "--recipe", "xavier")
    assert status == 1 and "no recipe is called 'xavier'" in err


@pytest.mark.parametrize(("layers", "read", "engine"), [(1, 1, ["frame"]), (12, 3, []), (0, 3, [])])
def test_frames_are_read_after_the_recipes_layers_where_the_weights_can(
    weights, orin, engines_facegpt, monkeypatch, layers, read, engine
):
    recipe = replace(recipes.read("orin_nano"), layers=layers)
    monkeypatch.setattr(recipes, "read", lambda name: recipe)
    status, out, _ = engines_facegpt("build", "--weights", weights)
    assert status == 0 and f"frames are read after {read} layers, words after 3" in out
    assert [name for name, _ in orin] == [*engines_build.GRAPHS, *engine]


def test_list_verify_and_clean_know_what_was_built(weights, orin, engines_facegpt):
    engines_facegpt("build", "--weights", weights)
    ((folder, _),) = facegpt_build.kept()
    engine = engine_cache.kept()[0].folder
    _, out, _ = engines_facegpt("list")
    assert f"graphs {folder.name}: ok" in out and f"engine {engine.name}: ok; tensorrt 10.3.0, Orin, fp16" in out
    assert all(f"recipe {name}: " in out for name in recipes.names())
    status, out, err = engines_facegpt("verify")
    assert status == 0 and f"graphs {folder.name}: ok" in out and f"engine {engine.name}: ok" in out
    (engine / "engine.bin").write_bytes(b"something else")
    (folder / "face.onnx").write_bytes(b"something else")
    status, out, err = engines_facegpt("verify")
    assert status == 1 and f"{engine}: is not what was built" in err and f"{folder / 'face.onnx'}: is not" in err
    assert f"graphs {folder.name}: ok" not in out
    assert f"graphs {folder.name}: ALTERED" in engines_facegpt("list")[1]
    status, out, _ = engines_facegpt("clean")
    assert status == 0 and str(folder) in out and str(engine) in out
    assert facegpt_build.kept() == [] and engine_cache.kept() == []
