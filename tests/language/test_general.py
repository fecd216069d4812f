import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language import requests
from facegpt_ros.language.general import POOLS, general_questions
from facegpt_ros.language.pools import SPLITS, parts


def test_every_general_prompt_is_in_one_pool_and_one_split():
    frames = [frame.lower().rstrip(".!?") for pool in POOLS.values() for frame in pool]
    assert len(frames) == len(set(frames)) > 400
    said = {split: set(general_questions(split)) for split in SPLITS}
    assert min(map(len, said.values())) > 40
    assert not (said["train"] & said["val"] or said["train"] & said["test"] or said["val"] & said["test"])


def test_what_is_trained_as_general_talk_is_what_the_robot_takes_for_it():
    trained = {kind for kind in requests.kinds() if kind != "about the image"}
    assert trained == set(POOLS)


@pytest.mark.parametrize("split", SPLITS)
def test_general_prompts_are_filled_in_and_the_same_each_time(split):
    said = general_questions(split)
    assert said == general_questions(split)
    assert not any("{" in text or "}" in text or "  " in text for text in said)
    assert all(frame in said for frame in parts("errand", POOLS["errand"])[split])


def test_refuses_a_split_that_is_none():
    with pytest.raises(ConfigError, match="training"):
        general_questions("training")
