import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.pools import SPLITS
from facegpt_ros.language.requests import asking, count_frames, kinds, not_asking


def test_there_are_enough_frames():
    asked, unasked = count_frames()
    assert asked >= 150
    assert unasked >= 300


@pytest.mark.parametrize("source", ["image", "words"])
def test_asking_frames_of_splits_are_disjoint(source):
    rng = np.random.default_rng(0)
    frames = {split: {asking(rng, split, source).frame for _ in range(200)} for split in SPLITS}
    assert not (frames["train"] & (frames["val"] | frames["test"]) or frames["val"] & frames["test"])
    assert len(frames["test"]) >= 15


@pytest.mark.parametrize("kind", kinds())
def test_other_frames_of_splits_are_disjoint(kind):
    rng = np.random.default_rng(0)
    requests = {split: [not_asking(rng, split, kind) for _ in range(100)] for split in SPLITS}
    frames = {split: {request.frame for request in requests[split]} for split in SPLITS}
    assert not (frames["train"] & (frames["val"] | frames["test"]) or frames["val"] & frames["test"])
    assert all(not request.asks and request.kind == kind for request in requests["test"])


def test_500_test_prompts_of_each_sort_are_varied():
    rng = np.random.default_rng(0)
    assert len({asking(rng, "test").text for _ in range(500)}) > 350
    assert len({not_asking(rng, "test").text for _ in range(500)}) > 200


def test_texts_are_filled_in():
    rng = np.random.default_rng(1)
    for _ in range(300):
        for request in (asking(rng), not_asking(rng)):
            assert "{" not in request.text and "}" not in request.text and request.text.strip()


def test_no_prompt_is_of_both_sorts():
    rng = np.random.default_rng(2)
    asked = {asking(rng, split).text.lower() for split in SPLITS for _ in range(300)}
    assert not asked & {not_asking(rng, split).text.lower() for split in SPLITS for _ in range(300)}


def test_unknown_sources_kinds_and_splits_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="source is 'sound'"):
        asking(rng, "train", "sound")
    with pytest.raises(ConfigError, match="kind is 'gossip'"):
        not_asking(rng, "train", "gossip")
    with pytest.raises(ConfigError, match="split"):
        asking(rng, "dev")
