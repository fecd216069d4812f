"""Questions about where a head and its eyes are turned."""

from __future__ import annotations

from facegpt_ros.language.fact import LEFT, RIGHT
from facegpt_ros.language.topic import Phrases, Topic

_TURN = Phrases(
    "{ps} head",
    {
        LEFT: ("turned to {your} left", "turned towards the left of the image", "turned to {their} own right",
               "pointing to {your} left", "?turned to the left", "?turned left"),
        RIGHT: ("turned to {your} right", "turned towards the right of the image", "turned to {their} own left",
                "pointing to {your} right", "?turned to the right", "?turned right"),
        "straight": ("straight", "not turned to either side", "turned neither left nor right",
        "pointing straight ahead"),
        f"{LEFT}|{RIGHT}": ("?turned to one side", "?turned sideways", "?turned to the side"),
    },
    {
        LEFT: ("{P} {is} facing {your} left.", "The head turns to {your} left, which is {their} own right."),
        RIGHT: ("{P} {is} facing {your} right.", "The head turns to {your} right, which is {their} own left."),
        "straight": ("{Ps} head is not turned sideways.",),
    },
)  # fmt: skip
_PITCH = Phrases(
    "{ps} head",
    {
        "up": ("raised", "tipped back", "pointing upwards", "tilted up", "lifted"),
        "down": ("lowered", "bent down", "pointing downwards", "tilted down", "bowed"),
        "level": ("level", "neither raised nor lowered", "held level"),
    },
    {
        "up": ("{P} hold{s} {their} head up.", "The chin is up, the head leans back."),
        "down": ("{P} hold{s} {their} head down.", "The chin is down, the head is bent."),
        "level": ("{P} hold{s} {their} head level.",),
    },
)
_TILT = Phrases(
    "{ps} head",
    {
        LEFT: ("tilted to {your} left", "leaning towards {their} own right shoulder", "tilted to {their} own right",
               "?tilted to the left", "?leaning left"),
        RIGHT: ("tilted to {your} right", "leaning towards {their} own left shoulder", "tilted to {their} own left",
                "?tilted to the right", "?leaning right"),
        "upright": ("upright", "not tilted", "held upright"),
        f"{LEFT}|{RIGHT}": ("?tilted", "?leaning to one side", "?held at an angle", "?cocked to the side"),
    },
    {
        LEFT: ("{P} lean{s} {their} head to {your} left.",),
        RIGHT: ("{P} lean{s} {their} head to {your} right.",),
        "upright": ("{P} hold{s} {their} head upright.",),
    },
)  # fmt: skip
_FACING = Phrases(
    "{p}",
    {
        "camera": ("facing the camera", "facing {you_obj}", "turned towards the camera", "!seen from the front"),
        "partly away": (
            "partly turned away",
            "seen at an angle",
            "in half profile",
            "!turned partly away from the camera",
        ),
        "profile": ("in profile", "seen from the side", "!turned away from the camera, in profile"),
        "partly away|profile": (
            "?turned away",
            "?turned away from the camera",
            "?facing away from {you_obj}",
            "?facing somewhere else",
        ),
    },
    {
        "camera": ("The face is turned towards the camera.", "{P} face{s} the camera."),
        "partly away": ("The face is partly turned away.",),
        "profile": ("You see {pobj} in profile.", "The face is in profile."),
    },
)
_CONTACT = Phrases(
    "{p}",
    {
        "yes": ("looking at the camera", "looking at {you_obj}", "making eye contact", "looking into the lens"),
        "no": ("looking away", "not looking at the camera", "looking away from the camera", "?avoiding my eyes",
               "?looking past me"),
    },
    {
        "yes": ("{P} look{s} straight at the camera.", "{Ps} gaze is on the camera."),
        "no": ("{P} {is} looking past the camera.", "{Ps} gaze is not on the camera."),
    },
)  # fmt: skip
_SIDE = Phrases(
    "{p}",
    {
        LEFT: ("looking to {your} left", "looking to the left of the image", "looking to {their} own right",
               "?looking left", "?looking to the left"),
        RIGHT: ("looking to {your} right", "looking to the right of the image", "looking to {their} own left",
                "?looking right", "?looking to the right"),
        "straight": ("!looking neither left nor right",),
        f"{LEFT}|{RIGHT}": ("?looking to one side", "?looking sideways"),
    },
    {LEFT: ("{Ps} eyes point to {your} left.",), RIGHT: ("{Ps} eyes point to {your} right.",)},
)  # fmt: skip
_HEIGHT = Phrases(
    "{p}",
    {
        "up": ("looking up", "looking upwards"),
        "down": ("looking down", "looking downwards", "?looking at the floor"),
        "level": ("!looking neither up nor down",),
    },
    {"up": ("{Ps} eyes point upwards.",), "down": ("{Ps} eyes point downwards.",)},
)

HEAD = (
    Topic(
        "head_turn", ("head_turn",), {"head_turn": _TURN},
        ("Which way is {ps} head turned?", "Is {ps} head straight or turned, and to which side?",
         "To which side does {p} turn {their} head?", "What direction is the head turned in?",
         "Tell me which way {ps} head points, left or right.", "Left, right or straight: how is the head turned?",
         "Where does {ps} nose point, left or right?", "In which direction has {p} turned {their} head?",
         "head turned which side?", "Which side is {p} turning towards?", "Does the head go left, right or neither?",
         "Describe how {ps} head is rotated sideways.", "Is the head rotated towards some side?",
         "Can you say to what side the head is turned?", "what's the yaw of the head",
         "From here, which way does {p} turn {their} head?",
         "Which way has the head swung?", "Toward which side is the nose pointing?"),
        (("Does {p} turn {their} head to {your} left?", "head_turn", LEFT),
         ("Does {p} turn {their} head to {your} right?", "head_turn", RIGHT),
         ("Has {p} turned {their} head?", "head_turn", f"{LEFT}|{RIGHT}"),
         ("Does the nose point to the left of the picture?", "head_turn", LEFT),
         ("Does the nose point to the right of the picture?", "head_turn", RIGHT),
         ("Is {p} keeping {their} head straight, without turning it left or right?", "head_turn", "straight")),
        ("How far is {ps} head turned?", "By how many degrees is the head turned to the side?",
         "How much does {p} turn {their} head sideways?", "What is the yaw angle of the head?",
         "How strongly is the head turned?", "how many degrees left or right is the head"),
        ("the head", "which way the head is turned", "the direction of the head"),
    ),
    Topic(
        "head_pitch", ("head_pitch",), {"head_pitch": _PITCH},
        ("Is {ps} head up or down?", "Does {p} hold {their} head up, down or level?", "Is the chin raised or lowered?",
         "Where does the head point, up or down?", "Is the head bent down or raised up?",
         "How does {p} hold {their} head, high or low?", "Up, down or level: how is the head held?",
         "Is {p} nodding down or leaning back?", "What about the chin, up or down?", "head up or head down?",
         "What's the pitch of the head?", "Tell me whether the head is lifted, lowered or level.",
         "Has {p} bowed or raised {their} head?", "Which way does the chin go, up or down?",
         "Does the head point at the ceiling, at the floor or level?", "Describe the up and down position of the head.",
         "Is the forehead leaning back or forwards?", "Does {p} carry the head high, low or level?"),
        (("Does {p} hold {their} head down?", "head_pitch", "down"), ("Is {p} hanging {their} head?", "head_pitch",
        "down"),
         ("Has {p} lifted {their} chin?", "head_pitch", "up"), ("Does the head lean back?", "head_pitch", "up"),
         ("Is the chin on the chest?", "head_pitch", "down"), ("Does {p} hold {their} head level?", "head_pitch",
         "level")),
        ("By how many degrees is the head raised or lowered?", "How far up or down is the head tilted?",
         "How far does {p} bend the head?", "What is the pitch angle of the head?",
         "how many degrees up or down is the head",
         "How strongly is the head bowed or raised?"),
        ("up and down", "the chin", "whether the head is raised"),
    ),
    Topic(
        "head_tilt", ("head_tilt",), {"head_tilt": _TILT},
        ("Is {ps} head tilted or upright?", "To which shoulder does {p} lean {their} head?",
        "Which way is the head tilted?",
         "Is {p} cocking {their} head to a side?", "Towards which shoulder does the head lean?",
         "Does {p} hold {their} head upright or at an angle?", "What is the roll of the head?",
         "Tell me about the tilt of {ps} head.", "head tilted to which shoulder?",
         "Is the head upright, or leaning somewhere?",
         "In which direction does the head lean?", "Are the eyes on a level line or is the head tilted?",
         "To what side is the head inclined?", "Say how the head is tilted sideways.",
         "Does the head lean left, right or not at all?", "Which shoulder is the ear closer to?",
         "How is the head cocked?", "Is it an upright head or one leaning to a shoulder?"),
        (("Does {p} tilt {their} head?", "head_tilt", f"{LEFT}|{RIGHT}"), ("Does the head lean to a shoulder?",
        "head_tilt", f"{LEFT}|{RIGHT}"),
         ("Is the head leaning to {your} left?", "head_tilt", LEFT), ("Is the head leaning to {your} right?",
         "head_tilt", RIGHT),
         ("Does {p} hold {their} head upright?", "head_tilt", "upright"), ("Is there any tilt in the head?",
         "head_tilt", f"{LEFT}|{RIGHT}")),
        ("By how many degrees is the head tilted to the shoulder?",
        "How much does {p} tilt {their} head to the shoulder?",
         "What is the roll angle of the head?", "How far does the head lean over?", "how many degrees of head tilt",
         "How strong is the tilt of the head?"),
        ("the tilt", "the tilt of the head", "whether the head is tilted"),
    ),
    Topic(
        "facing", ("facing",), {"facing": _FACING},
        ("Do {you} see {pobj} from the front or from the side?", "Is {p} facing the camera or turned away?",
         "From which side do we see the face?", "Is this a frontal view or a profile?",
         "Which view of the face is this: front, half profile or profile?",
         "How is the face oriented towards the camera?",
         "Front or profile?", "Is the face shown frontally?", "Does {p} face {you_obj} or somewhere else?",
         "What kind of view of the face do we have?", "Is it more of a front view or a side view?",
         "Is {p} turned towards us?", "frontal or profile view?", "Do I get the full face or just a side of it?",
         "Tell me whether I am seeing {p} frontally, at an angle or in profile.", "How fully does {p} face the camera?",
         "Which view is it, full face or three-quarter?",
         "Would you call this a portrait from the front or a profile?"),
        (("Does {p} face the camera?", "facing", "camera"), ("Has {p} turned towards {you_obj}?", "facing", "camera"),
         ("Is it a profile view?", "facing", "profile"), ("Do we see the whole face from the front?", "facing",
         "camera"),
         ("Has {p} turned away from {you_obj}?", "facing", "partly away|profile"), ("Is this a three-quarter view?",
         "facing", "partly away")),
        (),
        ("the view", "facing the camera", "whether the face is turned towards me"),
    ),
    Topic(
        "gaze", ("eye_contact", "gaze_side", "gaze_height"),
        {"eye_contact": _CONTACT, "gaze_side": _SIDE, "gaze_height": _HEIGHT},
        ("Where is {p} looking?", "What direction are the eyes looking in?", "Where do {ps} eyes point?",
         "In which direction does {p} look?", "Where does {p} look?", "What is {ps} gaze directed at?",
         "Is {p} looking at me or away?", "where are they looking", "Which way is {p} looking?",
         "Describe {ps} gaze.", "Where's the gaze going?", "Where has {p} set {their} eyes?",
         "Is the gaze on the camera or elsewhere?", "Tell me the direction of the gaze.",
         "What way do the eyes go?", "Do the eyes meet the camera or wander off?", "Whereto is {p} gazing?",
         "In what direction is the glance?"),
        (("Does {p} look at {you_obj}?", "eye_contact", "yes"), ("Do the eyes meet the camera?", "eye_contact", "yes"),
         ("Is there eye contact?", "eye_contact", "yes"), ("Does {p} look away?", "eye_contact", "no"),
         ("Is {p} staring at the camera?", "eye_contact", "yes"), ("Am I being looked at?", "eye_contact", "yes")),
        (),
        ("the gaze", "where they look", "the direction of the eyes"),
    ),
)  # fmt: skip
