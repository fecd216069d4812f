"""Words by which answers are understood, fact by fact: more than those that the project's own answers use.

Sides come as tokens of reading.py: view_left, own_left, bare_left. Patterns of a fact are tried in order, and what one
has matched the next does not see, so the narrower stand first.
"""

from __future__ import annotations

from facegpt_ros.language.fact import LEFT, RIGHT

_L, _R = r"\b(?:view_left|bare_left|own_right)\b", r"\b(?:view_right|bare_right|own_left)\b"
_EYE_L, _EYE_R = r"(?:own_left|bare_left|view_right)", r"(?:own_right|bare_right|view_left)"
_ANY_SIDE = r"(?!.*(?:_left|_right|\|))"  # a side that was matched already is |||
_CAMERA = r"(?:the |a )?(?:camera|lens|you|me|us|viewer|robot)\b(?!-)"
NORMAL = r"\b(?:average|medium|normal\w*|moderate\w*(?! even| hard| soft)|ordinary)\b"

#: fact → (words that a clause about it holds, [(words, values that they leave possible, joined by |)]).
TABLE: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "head_turn": (
        r"\bhead (?:is|goes)\b|\bfac(?:es|ing)\b|\bturn\w*|(?<!eyes )\bpoint\w*|\brotat\w*|\byaw",
        [
            (_L, LEFT),
            (_R, RIGHT),
            (r"\bstraight\b|\bahead\b|\bfrontal\w*", "straight"),
            (
                r"\b(?:turn(?:ed|s|ing)?|rotated)\b(?! (?:towards?|to) " + _CAMERA + r"| up| down| (?:partly |slightly "
                r")?away)" + _ANY_SIDE + r"|\bsideways\b|"
                r"to (?:the|one|either) side\b" + _ANY_SIDE,
                f"{LEFT}|{RIGHT}",
            ),
        ],
    ),
    "head_pitch": (
        r"\bheads?\b|\bchin\b|\bpitch\b|\bnod\w*",
        [
            (r"\b(?:up|upwards?|raise[ds]?|lift(?:ed|s)?|tipped back|(?:leans?|leaning) back|held high)\b", "up"),
            (r"\b(?:down|downwards?|lowered|bent|bends?|bowed|bow(?:s|ing)|hangs?|hanging|drooping)\b", "down"),
            (r"\blevel\b", "level"),
        ],
    ),
    "head_tilt": (
        r"\btilt\w*|\blean\w*|\bshoulders?\b|\bcock\w*|\binclin\w*|\broll\b|\bupright\b",
        [
            (_L, LEFT),
            (_R, RIGHT),
            (r"\b(?:upright|straight|vertical|level)\b", "upright"),
            (
                r"\b(?:tilt(?:ed|s|ing)?|lean(?:s|ing|ed)?|cocked|inclined|at an angle)\b(?! (?:up|down|back"
                r"|forward))" + _ANY_SIDE,
                f"{LEFT}|{RIGHT}",
            ),
        ],
    ),
    "facing": (
        r"\bfac(?:es|ing)\b|\bturned\b|\bview\b|\bprofile\b|\bseen\b|\bface is (?:at|partly|turned|in|half)\b",
        [
            (
                r"\bpartly\b|\bhalf[- ](?:profile|turned)|\bthree[- ]quarters?\b|\bat an angle\b|\bslightly turned\b",
                "partly away",
            ),
            (r"\bprofile\b|\bfrom the side\b|\bside view\b", "profile"),
            (
                r"\bturned away\b|\bfacing (?:away|somewhere else|elsewhere)\b|\baway from " + _CAMERA,
                "partly away|profile",
            ),
            (
                r"(?:facing|faces?|towards?|turned to) " + _CAMERA + r"|\bfrontal\w*|\bfrom the front\b|\bfull face\b"
                r"|\bfront view\b",
                "camera",
            ),
        ],
    ),
    "eye_contact": (
        r"\blook(?:s|ing|ed)?\b|\bgaz\w*|\beyes?\b|\bstar(?:es?|ing)\b|\bglanc\w*|\bcontact\b",
        [
            (r"\baway\b|\bpast " + _CAMERA + r"|\belsewhere\b|\bsomewhere else\b|\baside\b|\bavoid\w*", "no"),
            (r"\b(?:at|into|on|towards?|meets?|meeting) " + _CAMERA + r"|\beye contact\b", "yes"),
        ],
    ),
    "gaze_side": (
        r"\blook(?:s|ing|ed)?\b|\bgaz\w*|\beyes?\b|\bstar(?:es?|ing)\b|\bglanc\w*",
        [(_L, LEFT), (_R, RIGHT), (r"\bsideways\b|\bto one side\b" + _ANY_SIDE, f"{LEFT}|{RIGHT}")],
    ),
    "gaze_height": (
        r"\blook(?:s|ing|ed)?\b|\bgaz\w*|\beyes?\b|\bglanc\w*",
        [(r"\b(?:up|upwards?|ceiling)\b", "up"), (r"\b(?:down|downwards?|floor|ground)\b", "down")],
    ),
    "eyes": (
        r"\beye(?:s|lids?)?\b|\blids?\b|\bblink\w*",
        [
            (
                rf"\b(?:{_EYE_L}|{_EYE_R}) (?:one|eye)\W+(?:is )?open\b"
                rf"|\bother (?:one |eye )?is (?:open|closed|shut)\b",
                "open|wide open|half closed|closed|one closed",
            ),
            (
                rf"\bone (?:eye )?is (?:closed|open|shut)\b|\bonly one eye\b(?: is (?:open|closed|shut)\b)?"
                rf"|\bnot both\b(?: eyes)?(?: are)?(?: open)?"
                rf"|\bwink\w*|\b(?:{_EYE_L}|{_EYE_R}) eye"
                r"\W+(?:is )?(?:closed|shut)|\bclos\w+ (?:just |only )?one eye|\bopen and closed\b",
                "one closed",
            ),
            (r"\bequally open\b", "open|wide open|half closed|closed"),
            (
                r"\bhalf[- ](?:open|closed|shut)\b|\b(?:nearly|almost|partly) (?:closed|shut)\b|\bsquint\w*"
                r"|\bnarrowed\b",
                "half closed",
            ),
            (r"\bwide(?:ly)? open\b|\bopen(?:ed)? (?:very )?wide\b|\bvery wide\b|\bwide-eyed\b", "wide open"),
            (r"\bopen(?:ed)?\b", "open|wide open"),
            (r"\b(?:closed|closes|shuts?|blink(?:s|ing))\b", "closed"),
        ],
    ),
    "wink": (
        r"\bwink\w*|\beyes?\b",
        [
            (r"\bequally\b|\bboth eyes\b", "no"),
            (
                rf"\bwink\w*[^|]{{0,24}}{_EYE_L}|{_EYE_L} eye\W+(?:is )?(?:closed|shut|wink\w*)|\bclos\w+ "
                rf"[^|]{{0,12}}{_EYE_L} eye",
                "left eye",
            ),
            (
                rf"\bwink\w*[^|]{{0,24}}{_EYE_R}|{_EYE_R} eye\W+(?:is )?(?:closed|shut|wink\w*)|\bclos\w+ "
                rf"[^|]{{0,12}}{_EYE_R} eye",
                "right eye",
            ),
            (r"\bwink(?:s|ing|ed)?\b|\bone eye\b", "left eye|right eye"),
        ],
    ),
    "mouth": (
        r"\bmouths?\b|\blips\b|\bjaw\b|\bagape\b",
        [
            (
                r"\b(?:slightly|a little|a bit|barely) (?:open(?:ed)?|parted|apart)\b|\bopen (?:a|just a) (?:crack|bit"
                r"|little)\b",
                "slightly open",
            ),
            (r"\bwide(?:ly)? open\b|\bopen(?:ed)? (?:very )?wide\b|\bagape\b|\bgaping\b|\bdropp?ed\b", "wide open"),
            (r"\b(?:open(?:ed|ing)?|apart|parted)\b", "slightly open|open|wide open"),
            (r"\b(?:closed|shut|touch(?:es|ing)?|together)\b", "closed"),
        ],
    ),
    "smile": (
        r"\bsmil\w*|\bgrin\w*",
        [
            (
                r"\b(?:slight|faint|little|small|subtle|gentle|tiny|weak)(?:ly)?\W+smil\w*"
                r"|\b(?:hint|trace|bit) of an? smile|"
                r"\bsmil\w*\W+(?:just |only )?(?:slightly|a little|a bit|faintly|subtly|gently|weakly)\b",
                "slight",
            ),
            (
                r"\b(?:broad|big|wide|clear|bright|strong|huge|large|beaming|full)(?:ly)?\W+smil\w*"
                r"|\bsmil\w*\W+(?:very "
                r")?(?:broad|wide|clear|bright|strong)ly\b|"
                r"\bsmil\w* a lot\b|\b(?:smile is|it's a) (?:broad|big|wide)\b"
                r"|\bgrin(?:s|ning)?\b(?! (?:the )?(?:most|more))"
                r"|\bbeam(?:s|ing)\b",
                "broad",
            ),
            (r"\bsmil\w*\b(?! (?:the )?(?:most|more))", "slight|broad"),
        ],
    ),
    "mouth_shape": (
        r"\bmouth\b|\blips?\b|\bcorners?\b",
        [
            (
                r"\bcorners?\b[^|]{0,30}\bdown\w*|\b(?:turned|drawn|pulled|point\w*) down\b|\bdownturned\b|\bfrown\w*",
                "corners down",
            ),
            (r"\bsmil\w*|\bgrin\w*|\bcorners?\b[^|]{0,30}\bup\b", "smiling"),
            (r"\bpucker\w*|\bpurs(?:e|ed|es|ing)\b|\bkiss\w*|\bpout\w*", "puckered"),
            (r"\brounded\b|\bfunnel\w*|\ban o\b", "rounded"),
            (r"\bpress(?:ed|es|ing)?\b|\btight\b", "pressed"),
            (r"\bstretch\w*", "stretched"),
            (r"\brelaxed\b|\bneutral\b|\bat rest\b|\bresting\b|\bnothing\b|\bnormal\b", "neutral"),
        ],
    ),
    "tongue": (
        r"\btongue\b",
        [(r"\bout\b|\bvisible\b|\bshow(?:s|ing)\b", "out"), (r"\binside\b|\bhidden\b|\bin the mouth\b", "in")],
    ),
    "brows": (
        r"\b(?:eye)?brows?\b",
        [
            (r"\brais(?:e|ed|es|ing)\b|\blift(?:ed|s|ing)?\b|\bup\b|\barched\b", "raised"),
            (r"\blower(?:ed|s|ing)?\b|\bknit(?:s|ted|ting)?\b|\bfurrow\w*|\bdown\b|\btogether\b|\bfrown\w*", "lowered"),
            (r"\brelaxed\b|\bneutral\b|\bat rest\b|\bresting\b|\bnormal\b|\bnothing\b", "relaxed"),
        ],
    ),
    "expression": (
        r"\blook(?:s|ing)?\b|\bexpression\b|\bseems?\b|\bappears?\b|\bface\b|\bmood\b|\bemotion\b|\bfeel\w*"
        r"|-looking",
        [
            (r"\b(?:sad\w*|unhapp\w*|sorrow\w*|gloomy|upset|downcast|miserable)\b", "sad"),
            (r"\b(?:happ(?:y|ily|iness)|joy\w*|cheer\w*|glad|pleased|delighted|merry)\b", "happy"),
            (r"\b(?:surpris\w+|astonish\w+|amazed|startled|shocked)\b", "surprised"),
            (r"\b(?:angry|anger|cross|mad|furious|annoyed|irritated)\b", "angry"),
            (r"\bhard to name\b|\bno simple name\b|\bmixed\b|\bneither neutral nor any\b", "mixed"),
            (r"\bdisgust\w*", "disgusted"),
            (r"\b(?:sleepy|asleep|tired|drows\w+)\b", "sleepy"),
            (r"\b(?:neutral|blank|expressionless|calm|poker face|relaxed|serious)\b", "neutral"),
        ],
    ),
    "light_side": (
        r"\blight(?:s|ing)?\b|\blit\b|\blamp\b|\billuminat\w*|\bbrighter\b|\bbacklit\b",
        [
            (_L, LEFT),
            (_R, RIGHT),
            (r"\bfront\b|\bcamera's side\b", "front"),
            (r"\bbehind\b|\bthe back\b|\bbacklit\b", "behind"),
            (r"\bfrom (?:one|the) side\b" + _ANY_SIDE, f"{LEFT}|{RIGHT}"),
        ],
    ),
    "light_height": (
        r"\blight(?:s|ing)?\b|\blit\b|\blamp\b|\billuminat\w*",
        [
            (r"\b(?:above|overhead|ceiling)\b", "above"),
            (r"\b(?:below|underneath|beneath)\b", "below"),
            (r"\blevel\b", "level"),
        ],
    ),
    "light_contrast": (
        r"\blight(?:s|ing)?\b|\blit\b|\bshadows?\b|\bcontrast\w*|\billuminat\w*|\bside\b",
        [
            (r"\bhardly any (?:shadows?|contrast)\b|\bno (?:strong |hard |deep )?(?:shadows?|contrast)\b", "soft"),
            (
                r"\bneither hard nor (?:quite )?(?:even|soft)\b|\bmoderate\w*(?: even| hard| soft)?|\bmedium\b|\bsome "
                r"(?:contrast|shadows?)\b",
                "medium",
            ),
            (r"\bsoft(?:ly)?\b|\beven(?:ly)?\b|\bdiffuse\w*|\bgentle\b|\bflat\b|\buniform\w*", "soft"),
            (
                r"\bhard\b|\bharsh\w*|\bstrong (?:contrast|shadows?)\b|\bdramatic\b|\bdarker\b"
                r"|\bdeep shadows?\b|\bstark\b",
                "hard",
            ),
        ],
    ),
    "light_brightness": (
        r"\blight(?:s|ing)?\b|\blit\b|\bbrightness\b|\bit\b|\bexpos\w*|\billuminat\w*",
        [
            (r"\bneither bright nor (?:dim|dark)\b|\bmedium bright\w*|" + NORMAL, "normal"),
            (r"\bdim(?:ly)?\b|\bdark\b|\bweak(?:ly)?\b|\bpoor(?:ly)?\b|\bgloomy\b|\blittle light\b", "dim"),
            (r"\bbright(?:ly)?\b|\bstrong(?:ly)?\b(?! (?:contrast|shadow))|\bwell[- ]lit\b|\bintense\b", "bright"),
        ],
    ),
    "light_tint": (
        r"\blight(?:s|ing)?\b|\btint\w*|\bhue\b|\bcolou?r\w*|\bcast\b",
        [
            (r"\bno (?:tint|colou?r cast)\b|\bneutral\b|\bwhite\b|\buntinted\b", "neutral"),
            (r"\bwarm\w*|\byellow\w*|\breddish\b|\borange\b|\bgolden\b", "warm"),
            (r"\bcool\b|\bcold\b|\bblu(?:e|ish)\b", "cool"),
        ],
    ),
    "distance": (
        r"\baway\b|\bdistan\w*|\bclose\b|\bnear\w*|\bfar\b|\bsteps?\b",
        [
            (r"\bvery (?:close|near)\b", "very close"),
            (r"\b(?:close|near)\b(?!-| together| the (?:top|bottom|left|right|cent|middle|edge))", "very close|close"),
            (r"\b(?:some|a few|several|two|three|few) steps\b", "some steps away"),
            (r"\bfar\b(?! (?:apart|left|right))|\bdistant\b", "far away"),
        ],
    ),
    "position_side": (
        r"\bimage\b|\bpicture\b|\bframe\b|\bphoto\b|\bscreen\b|\bface is\b",
        [
            (r"\boff[- ]cent(?:re|er)\w*", "left|right"),
            (r"\b(?:view|bare)_left\b", "left"),
            (r"\b(?:view|bare)_right\b", "right"),
            (r"\bcent(?:re|er)\w*\b|\bmiddle\b(?! height)", "centre"),
        ],
    ),
    "position_height": (
        r"\bimage\b|\bpicture\b|\bframe\b|\bphoto\b|\bscreen\b",
        [
            (r"\b(?:top|upper)\b|\bhigh up\b", "top"),
            (r"\bbottom\b|\blower (?:part|half|third)\b|\blow\b", "bottom"),
            (r"\bmiddle height\b", "middle"),
        ],
    ),
    "size": (
        r"\bimage\b|\bpicture\b|\bframe\b|\bsize\b|\bheight\b|\btakes?\b|\bscreen\b",
        [
            (r"\bmedium\b|\bneither large nor small\b|\bmoderate\w*", "medium"),
            (r"\bsmall\b|\btiny\b|\blittle\b", "small"),
            (r"\blarge\b|\bbig\b|\bfill(?:s|ing)?\b|\bhuge\b|\bmost of\b", "large"),
        ],
    ),
    "age": (
        r"\blook(?:s|ing)?\b|\bface\b|\bage\b|\bseems?\b|\bappears?\b|-looking",
        [
            (r"\bmiddle[- ]aged\b|\bin between\b", "middle-aged"),
            (r"\byoung\w*|\byouth\w*", "young"),
            (r"\bold\b|\bolder\b|\belder\w*|(?<!middle-)(?<!middle )\baged\b", "old"),
        ],
    ),
    "skin_tone": (
        r"\bskin\b|\bcomplexion\b|\btones?\b",
        [
            (r"\bmedium\b|\bneither light nor dark\b|\btan\w*|\bolive\b", "medium"),
            (r"\bdark\b|\bdeep\b|\bbrown\b|\bblack\b", "dark"),
            (r"\blight\b|\bfair\b|\bpale\b|\bwhite\b", "light"),
        ],
    ),
}
