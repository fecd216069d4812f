import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language import description_frames, face_prompts, image_requests, plain_prompts
from facegpt_ros.language.pools import EXTRA, SPLITS, Picker, extra, parts
from facegpt_ros.language.situations import SITUATIONS
from facegpt_ros.language.traits import all_traits

POOLS = {
    "telling": description_frames.TELLING,
    "image": image_requests.FRAMES,
    "instruction": plain_prompts.INSTRUCTIONS,
    "faces in general": face_prompts.FACES_IN_GENERAL,
    "situation": tuple(sayings[0] for sayings, _ in SITUATIONS),
}


@pytest.mark.parametrize("pool", list(POOLS))
def test_splits_are_disjoint_and_hold_everything(pool):
    divided = parts(pool, POOLS[pool])
    assert all(divided.values())
    told = [phrase for part in divided.values() for phrase in part] + list(extra(POOLS[pool]))
    assert sorted(told) == sorted(phrase.removesuffix(EXTRA) for phrase in POOLS[pool])
    assert len(divided["train"]) > len(divided["val"]) + len(divided["test"])


@pytest.mark.parametrize("form", description_frames.FORMS)
def test_frames_of_descriptions_are_of_one_split_whatever_the_form(form):
    own = {split: set(description_frames.frames(form, split)) for split in SPLITS}
    assert min(map(len, own.values())) >= 3
    for other in description_frames.FORMS:
        for split in SPLITS:
            elsewhere = set().union(*(description_frames.frames(other, s) for s in SPLITS if s != split))
            assert not own[split] & elsewhere


def test_synonyms_are_held_out_too():
    told = [(t.pool, tuple(p for p in t.words.predicates if not p.endswith(EXTRA))) for t in all_traits()]
    divided = [parts(pool, predicates) for pool, predicates in told if len(predicates) >= 5]
    assert len(divided) > 20
    for part in divided:
        assert part["test"] and not set(part["test"]) & (set(part["train"]) | set(part["val"]))


def test_where_a_phrase_belongs_does_not_change_with_the_order():
    phrases = POOLS["image"]
    assert parts("image", phrases) == parts("image", phrases[::-1])


def test_no_saying_of_a_situation_is_one_of_another():
    sayings = [saying.removesuffix(EXTRA) for row, _ in SITUATIONS for saying in row]
    assert len(sayings) == len(set(sayings))
    assert len(SITUATIONS) >= 80


def test_train_never_picks_what_is_held_out():
    words = tuple("abcdefghij")
    pick = Picker(np.random.default_rng(0), "train")
    picked = {pick.word("letters", words) for _ in range(300)}
    assert picked == set(parts("letters", words)["train"])


def test_words_for_training_alone_change_nothing_elsewhere():
    words = tuple("abcdefghij")
    more = (*words, "k*", "l*", "a*")
    assert parts("letters", more) == parts("letters", words) and extra(more) == ("k", "l")
    picks = {split: Picker(np.random.default_rng(0), split) for split in SPLITS}
    picked = {split: {pick.word("letters", more) for _ in range(300)} for split, pick in picks.items()}
    divided = parts("letters", words)
    assert picked["train"] == {*divided["train"], "k", "l"}
    assert all(picked[split] == {*divided[split], *divided["train"]} for split in ("val", "test"))


def test_an_unknown_split_is_refused():
    with pytest.raises(ConfigError, match="split is 'dev'"):
        Picker(np.random.default_rng(0), "dev")
