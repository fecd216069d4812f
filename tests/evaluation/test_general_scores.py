import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.general_scores import general_scores, perplexity, prose, transcripts
from facegpt_ros.evaluation.speaker import Said
from facegpt_ros.model.theta import ThetaLayout
from tests.evaluation.talkers import Talker


def reads(better: float = 0.0):
    return Talker(ThetaLayout(3, 2, 1), lambda text: Said(""), better).read


def test_the_prose_is_long_plain_text_in_passages():
    passages = prose()
    words = [len(passage.split()) for passage in passages]
    assert sum(words) > 1800 and max(words) < 280 and min(words) > 20
    assert not any("#" in passage or "\n" in passage or "<" in passage for passage in passages)
    assert passages[0].startswith("Alice was beginning")


def test_words_as_likely_as_before_have_ratio_one_and_worse_ones_more(tmp_path):
    assert general_scores(reads(), reads(), tmp_path)["perplexity_ratio"] == pytest.approx(1)
    worse = general_scores(reads(-0.1), reads(), tmp_path)
    assert worse["perplexity_ratio"] == pytest.approx(np.exp(0.1))
    assert worse["prose"]["base"] == pytest.approx(np.exp(3))
    assert worse["human_text"]["tokens"] == worse["prose"]["tokens"] > 1800
    assert worse["transcripts"] is None and "no transcripts" in worse["transcripts_skipped"]


def test_transcripts_count_as_human_text(tmp_path):
    (tmp_path / "a.txt").write_text(" he was not an\nill disposed young man ")
    (tmp_path / "b.txt").write_text("\n")
    assert transcripts(tmp_path) == ["he was not an ill disposed young man"]
    scores = general_scores(reads(), reads(), tmp_path)
    assert scores["human_text"]["tokens"] == scores["prose"]["tokens"] + scores["transcripts"]["tokens"]
    assert "transcripts_skipped" not in scores


def test_a_text_of_one_token_has_nothing_to_foresee():
    assert perplexity(reads(), reads(), ["Alice"]) is None and perplexity(reads(), reads(), []) is None
    assert perplexity(reads(), reads(), ["Alice", "Alice ran"]).tokens == 1


def test_missing_and_empty_prose_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        prose(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("# only a source\n")
    with pytest.raises(ConfigError, match="no passage"):
        prose(tmp_path / "empty.txt")
