"""What people say to a robot that is not about the faces before it, told apart by split."""

from __future__ import annotations

from itertools import cycle

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.language import face_prompts, plain_prompts
from facegpt_ros.language.describe import random_phrase
from facegpt_ros.language.errands import ERRANDS
from facegpt_ros.language.pools import SPLITS, Picker, parts

#: Name → frames, with the slots {topic}, {thing}, {a}, {b} and {x}, a description of somebody.
POOLS = {
    "instruction": plain_prompts.INSTRUCTIONS,
    "sum": plain_prompts.SUMS,
    "small talk": plain_prompts.SMALL_TALK,
    "errand": ERRANDS,
    "faces in general": face_prompts.FACES_IN_GENERAL,
    "not to see": face_prompts.NOT_TO_SEE,
}


def general_questions(split: str) -> list[str]:
    """Every frame of a split once, its slots filled with words of that split.

    Raises:
        ConfigError: there is no such split.
    """
    if split not in SPLITS:
        raise ConfigError(f"split is '{split}'; use one of {', '.join(SPLITS)}")
    pick = Picker(np.random.default_rng(0), split)
    topics = cycle(parts("topic", plain_prompts.TOPICS)[split])
    things = cycle(parts("thing", plain_prompts.THINGS)[split])
    said = []
    for pool, frames in POOLS.items():
        for frame in parts(pool, frames)[split]:
            topic = next(topics) if "{topic}" in frame else ""
            thing = next(things) if "{thing}" in frame else ""
            somebody = random_phrase(pick) if "{x}" in frame else ""
            said.append(frame.format(topic=topic, thing=thing, a=17, b=3, x=somebody))
    return list(dict.fromkeys(said))
