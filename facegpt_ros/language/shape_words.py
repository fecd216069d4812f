"""Words for the shape of a face and of its parts.

Rows as in word_rows.py; words of both ends of an attribute, and words that name several at once.
"""

from __future__ import annotations

from facegpt_ros.language.pools import further
from facegpt_ros.language.word_rows import rows

#: Rows of shapes.
SHAPES = rows("""
age
  is: old / elderly / aged / ^advanced in years / ^up in years
  with: a face that has seen many years / an old face / an aged face / the face of old age
  be: getting on in years / long past sixty / past retirement age / no spring chicken
  before: old / elderly / aged / ageing
-age
  is: young / youthful / young-looking / fresh-faced
  with: a young face / a youthful face / the face of youth / a fresh young face
  be: barely twenty / just out of school / in the first years of adulthood / still very much a youth
  before: young / youthful / fresh-faced
masculinity
  is: masculine / manly / masculine-looking / male-looking
  with: masculine features / a masculine face / a manly face / distinctly male features / rugged masculine features
  before: masculine / manly / rugged
-masculinity
  is: feminine / womanly / feminine-looking / female-looking
  with: feminine features / a feminine face / soft feminine features / a womanly face / distinctly female features
  before: feminine / womanly
weight
  is: heavy / chubby / plump / stout / heavyset / portly / well-fed
  with: a chubby face / a fleshy face / a heavy face / a plump round face / some extra pounds in the face
  be: carrying some extra weight / on the heavy side / on the plump side
  before: chubby / plump / stout / heavyset / portly / round-faced
-weight
  is: thin / slim / lean / skinny / slender / bony / gaunt
  with: a lean face / a gaunt face / a thin face / a bony face / little fat on the face
  be: on the thin side
  before: thin / slim / lean / skinny / slender / gaunt
face_width
  part: face
  is: wide / broad
  with: a face as broad as a shovel
  before: broad-faced / wide-faced
-face_width
  part: face
  is: narrow / slender / slim
  with: a face as narrow as a blade
  before: narrow-faced
face_length
  part: face
  is: long / elongated / tall
  with: a horsey long face / a face that goes on and on
  before: long-faced
-face_length
  part: face
  is: short / compact / squat
  with: a face short from top to bottom
  before: short-faced
jaw_width
  part: jaw / jawline
  is: wide / broad / square / strong / chunky / =massive
  with: a jaw like a shovel / a boxer's jaw
  before: square-jawed / broad-jawed / strong-jawed
-jaw_width
  part: jaw / jawline
  is: narrow / slim / tapered / pointed / delicate
  with: a face that tapers to the chin / a V-shaped jaw
  before: narrow-jawed
chin_protrusion
  part: chin
  is: prominent / protruding / jutting / strong
  with: a chin that sticks out / a chin that leads the way / a chin that juts out
  before: strong-chinned
-chin_protrusion
  part: chin
  is: receding / weak / small / ^=set back
  with: hardly any chin / a chin that falls away / not much of a chin
  before: weak-chinned / chinless
jaw_width chin_protrusion
  with: a lantern jaw / a superhero's jaw and chin
  before: lantern-jawed
nose_width
  part: nose
  is: wide / broad / flared / bulbous / spreading
  with: a nose that spreads across the face / flaring nostrils
  before: broad-nosed / wide-nosed
-nose_width
  part: nose
  is: narrow / thin / slender / slim / pinched
  with: a nose as thin as a blade / narrow nostrils
  before: thin-nosed / narrow-nosed
nose_length
  part: nose
  is: long / lengthy / elongated
  with: a nose that goes on for ever / a nose of some length
  before: long-nosed
-nose_length
  part: nose
  is: short / stubby / =little
  with: a stub of a nose
  before: short-nosed
nose_protrusion
  part: nose
  is: prominent / protruding / projecting
  with: a beak of a nose / a nose that sticks out / a nose that enters the room first
  before: beak-nosed
-nose_protrusion
  part: nose
  is: flat / flattened
  with: a nose that hardly sticks out / a nose that lies flat
  before: flat-nosed
nose_length nose_width
  part: nose
  is: big / large / =huge / hefty / sizeable / =oversized
  with: a whopper of a nose / plenty of nose
  before: big-nosed
-nose_length -nose_width
  part: nose
  is: small / =tiny / =petite / dainty / delicate
  with: a button nose / a little button of a nose
  before: small-nosed / button-nosed
nose_tip_height
  part: tip of the nose / nose tip
  is: upturned / raised / turned-up
  with: an upturned nose / a turned-up nose / a ski-jump nose
  before: snub-nosed
-nose_tip_height
  part: tip of the nose / nose tip
  is: drooping / downturned / ^pointing down
  with: a drooping nose / a nose whose tip points down / a hooked-down nose
mouth_width
  part: mouth
  is: wide / broad / large / big
  with: a mouth that spans the face / a letterbox of a mouth
  before: wide-mouthed
-mouth_width
  part: mouth
  is: narrow / small / =little / =tiny
  with: a rosebud of a mouth / a little buttonhole of a mouth
  before: small-mouthed
upper_lip_fullness
  part: upper lip / top lip
  is: full / thick / plump / fleshy
-upper_lip_fullness
  part: upper lip / top lip
  is: thin / narrow / slim
  with: hardly any upper lip
lower_lip_fullness
  part: lower lip / bottom lip / underlip
  is: full / thick / plump / fleshy
-lower_lip_fullness
  part: lower lip / bottom lip / underlip
  is: thin / narrow / slim
  with: hardly any lower lip
upper_lip_fullness lower_lip_fullness
  part: +lips
  is: full / thick / plump / fleshy / generous / luscious
  with: bee-stung lips / pillowy lips
  before: full-lipped / thick-lipped
-upper_lip_fullness -lower_lip_fullness
  part: +lips
  is: thin / narrow / slim / meagre
  with: hardly any lips / lips like a pencil line / lips as thin as paper
  before: thin-lipped
eye_distance
  part: +eyes
  is: wide-set / ^far apart / widely spaced / ^set wide apart / ^set far apart
  with: a lot of room between the eyes
-eye_distance
  part: +eyes
  is: close-set / ^close together / closely spaced / ^set close together
  with: little room between the eyes
eye_width
  part: +eyes
  is: long / broad / elongated / ^wide from corner to corner
-eye_width
  part: +eyes
  is: small / short / =little / beady / =tiny
  with: beads for eyes
  before: small-eyed / beady-eyed
eye_openness
  part: +eyes
  is: large and round / round / big and round / =saucer-like
  with: doe eyes / eyes like saucers / big round doll's eyes
  before: round-eyed / doe-eyed
-eye_openness
  part: +eyes
  is: hooded / =slit-like / ^heavy-lidded by nature / low-lidded
  with: slits for eyes / hooded lids
  before: hooded-eyed
brow_height
  part: +eyebrows / +brows
  is: high / high-set / ^set high above the eyes
  with: brows that sit high
  before: high-browed
-brow_height
  part: +eyebrows / +brows
  is: low / low-set / ^set low over the eyes / low-slung
  with: brows that sit low over the eyes
  before: low-browed
forehead_slope
  part: forehead
  is: sloping / slanting / receding / =backward-sloping
  with: a forehead that slopes back / a forehead that slants away
-forehead_slope
  part: forehead
  is: steep / upright / =vertical / straight
  with: a forehead that rises straight up
cheek_fullness
  part: +cheeks
  is: full / plump / chubby / round / rounded
  with: apple cheeks / chipmunk cheeks / cheeks like a hamster's
  before: plump-cheeked / round-cheeked
-cheek_fullness
  part: +cheeks
  is: hollow / sunken / flat / gaunt
  with: cheeks that have fallen in
  before: hollow-cheeked
-age cheek_fullness
  with: a baby face / a cherubic face
  before: baby-faced
face_width -face_length
  part: face
  is: round and short / =moon-shaped
  with: a moon face / a face like a full moon
  before: moon-faced
""", further("shapes"))
