import math
from pathlib import Path

import pytest
import yaml

from facegpt_ros.config import NODES, CameraNodeConfig, Config, PerceptionConfig
from facegpt_ros.errors import ConfigError
from facegpt_ros.parameters import markdown_table, ros_yaml

SHIPPED = Path(__file__).parents[1] / "config"


def test_flat_names_round_trip():
    config = Config.from_flat({"perception.max_faces": 2, "output.overlay": True})
    assert config.perception.max_faces == 2
    assert Config.from_flat(config.flat()) == config


@pytest.mark.parametrize(
    ("name", "value", "span"),
    [
        ("perception.max_faces", 0, "1 to 16"),
        ("perception.max_faces", 2.0, "1 to 16"),
        ("perception.max_faces", True, "1 to 16"),
        ("perception.detector", "mtcnn", "auto, short_range or full_range"),
        ("camera.assumed_fov_deg", math.nan, "10 to 170 deg"),
        ("perception.smoothing", 1, "a boolean"),
        ("image.cameras", "left", "a list of one text or more"),
        ("image.cameras", [], "a list of one text or more"),
        ("image.cameras", ["left", 2], "a list of one text or more"),
    ],
)
def test_bad_value_names_parameter_value_and_range(name, value, span):
    with pytest.raises(ConfigError) as error:
        Config.from_flat({name: value})
    for part in (name, repr(value), span):
        assert part in str(error.value)


def test_groups_are_checked_on_construction():
    with pytest.raises(ConfigError, match=r"perception\.max_faces is 99"):
        PerceptionConfig(max_faces=99)


@pytest.mark.parametrize(
    ("names", "said"), [(["left", "left"], "'left' twice"), (["left", "a/b"], "'a/b'"), (["_left"], "must match")]
)
def test_names_of_cameras_are_names_and_differ(names, said):
    with pytest.raises(ConfigError, match=said):
        Config.from_flat({"image.cameras": names})
    assert Config.from_flat({"image.cameras": ["left", ""]}).image.cameras == ("left", "")


def test_whole_numbers_are_taken_for_floats():
    assert Config.from_flat({"camera.assumed_fov_deg": 70}).camera.assumed_fov_deg == 70.0


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ConfigError, match=r"did you mean perception\.max_faces"):
        Config.from_flat({"perception.maxfaces": 2})


def test_live_update_refuses_what_needs_reconfiguring():
    config = Config()
    assert config.updated({"perception.max_faces": 1}, live_only=True).perception.max_faces == 1
    assert config.updated({"estimator.name": "facegpt"}, live_only=True) == config
    with pytest.raises(ConfigError, match="reconfigure the node"):
        config.updated({"image.transport": "compressed"}, live_only=True)


@pytest.mark.parametrize("node", NODES)
def test_shipped_yaml_is_what_config_says(node):
    text = (SHIPPED / f"{node}.yaml").read_text()
    assert text == ros_yaml(node, NODES[node]()), f"facegpt config --node {node} > config/{node}.yaml"


@pytest.mark.parametrize("node", NODES)
def test_yaml_parses_to_the_defaults(node):
    tree = yaml.safe_load(ros_yaml(node, NODES[node]()))[f"/**/{node}"]["ros__parameters"]
    flat = {f"{group}.{name}": value for group, items in tree.items() for name, value in items.items()}
    assert list(flat) == list(NODES[node]().flat()) and NODES[node].from_flat(flat) == NODES[node]()


def test_every_parameter_says_what_it_is():
    for known in (*Config.parameters(), *CameraNodeConfig.parameters()):
        assert known.description
        known.checked(known.default)


def test_table_has_a_row_for_each_parameter():
    table = markdown_table(Config)
    assert all(f"`{known.name}`" in table for known in Config.parameters())


def test_readme_shows_the_table_that_config_prints():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert markdown_table(Config).strip() in readme, "paste the output of `facegpt config --markdown` into README.md"
