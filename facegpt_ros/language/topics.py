"""All that can be asked about faces in an image."""

from __future__ import annotations

from facegpt_ros.language.topic import Phrases, Topic
from facegpt_ros.language.topics_face import FACE
from facegpt_ros.language.topics_head import HEAD
from facegpt_ros.language.topics_light import LIGHT
from facegpt_ros.language.topics_place import PLACE
from facegpt_ros.language.topics_shape import SHAPE

DESCRIBE = "describe"
_DESCRIBE = Topic(
    DESCRIBE, ("expression", "smile", "mouth", "eyes", "eye_contact", "head_turn", "light_side", "distance"), {},
    ("Describe {pobj}.", "What do you see?", "Tell me about {pobj}.", "What does {p} look like?",
    "Give me a description of the face.",
     "Describe what you see.", "Describe this face for me.", "what can you see", "How would you describe {pobj}?",
     "Summarise what is visible of {pobj}.", "What is {p} doing?", "What can you say about this face?",
     "Sum up the picture for me.",
     "Describe the face in a few words.", "Paint me a picture of {pobj} in words.", "Give me an impression of {pobj}.",
     "In short, what's to be seen?", "Please describe the visible person.", "What's going on in the image?",
     "Tell me what the camera sees.", "What's happening in front of you?", "Put the face into words.",
     "Say something about {pobj}.", "Give a short portrait of {pobj} in words.", "Could you describe the face?",
     "Report what you see in the picture.", "What is in front of the camera?",
     "I can't see the picture. What's in it?"),
    nouns=("the rest", "anything else", "the whole face"),
)  # fmt: skip

#: name → topic.
TOPICS: dict[str, Topic] = {topic.name: topic for topic in (*HEAD, *FACE, *LIGHT, *PLACE, *SHAPE, _DESCRIBE)}
#: fact → the words for it.
PHRASES: dict[str, Phrases] = {key: phrases for topic in TOPICS.values() for key, phrases in topic.phrases.items()}
#: fact → the topic that it answers first.
TOPIC_OF_KEY: dict[str, str] = {key: topic.name for topic in TOPICS.values() for key in topic.phrases}
#: Values that are no news: an answer to a question of several facts leaves them out where another is news.
PLAIN = {
    "gaze_side": "straight", "gaze_height": "level", "light_height": "level", "position_height": "middle", "wink": "no",
    "tongue": "in", "light_side": "front", "skin_tone": "medium",
} | {key: "average" for topic in SHAPE for key in topic.phrases if key not in ("age", "skin_tone")}  # fmt: skip
