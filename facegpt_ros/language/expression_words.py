"""Words for single expressions, by degree.

Rows as in word_rows.py, each at the degree that its notation tells.
"""

from __future__ import annotations

from facegpt_ros.language.pools import further
from facegpt_ros.language.word_rows import rows

#: Rows of single expressions.
EXPRESSIONS = rows("""
smile
  part: +corners of the mouth / +mouth corners
  is: ^turned up / ^pulled up / ^curled upwards / ^lifted
  with: a smile / a friendly smile / a grin / a happy smile / a pleasant smile / a warm smile / a smile on the lips
  be: smiling / grinning / all smiles / smiling at the camera
  before: smiling / grinning
smile+
  with: a big smile / a broad grin / a beaming smile / a huge grin / a smile from ear to ear / a wide smile / a
    radiant smile / an enormous smile / the biggest of smiles
  be: beaming / smiling broadly / grinning from ear to ear / smiling widely / smiling as broadly as can be / grinning
    like a Cheshire cat / smiling a lot
  before: beaming / broadly smiling / widely grinning
smile~
  with: a faint smile / the hint of a smile / a slight smile / a tiny smile / the ghost of a smile / a half-smile / a
    small smile / a shy little smile
  be: smiling faintly / smiling a little / half smiling / smiling ever so slightly / smiling just a bit
  before: faintly smiling / slightly smiling
!smile
  with: no smile / no trace of a smile / not even the shadow of a smile / a smile nowhere to be seen
  be: not smiling / unsmiling / not smiling at all / keeping a straight face / anything but smiling
  before: unsmiling / straight-faced / poker-faced
smirk_left
  with: a smirk on the left side / a crooked smile on the left / a lopsided smile that lifts the left corner
  be: smirking with the left corner of the mouth / smiling with the left side of the mouth only / smiling lopsidedly
    with the left corner up
smirk_right
  with: a smirk on the right side / a crooked smile on the right / a lopsided smile that lifts the right corner
  be: smirking with the right corner of the mouth / smiling with the right side of the mouth only / smiling
    lopsidedly with the right corner up
mouth_corners_down
  part: +corners of the mouth / +mouth corners
  is: ^turned down / ^pulled down / drooping / ^dragged down
  with: a downturned mouth / a sad mouth / drooping mouth corners / a mouth like an upside-down smile
  be: pulling down the corners of the mouth / down in the mouth / making a sad mouth
!mouth_corners_down
  part: +corners of the mouth / +mouth corners
  is: ^not turned down / ^not drooping
  be: not pulling down the corners of the mouth
jaw_open
  part: mouth
  is: open / gaping / ^hanging open
  with: an open mouth / a gaping mouth / a dropped jaw
  be: opening the mouth / gaping / letting the jaw hang / open-mouthed
  before: open-mouthed / gaping
jaw_open+
  part: mouth
  is: ^wide open / ^wide agape / ^opened as far as it goes
  with: a wide open mouth / a jaw that has dropped to the floor / a mouth opened as wide as it goes
  be: opening the mouth wide / gaping widely / saying a loud 'aah' / opening up as if at the dentist's
jaw_open~
  part: mouth / +lips
  is: ^slightly open / ^a little open / ^ajar
  with: slightly parted lips / a mouth open just a crack
  be: opening the mouth a little / breathing through the mouth
!jaw_open
  part: mouth
  is: closed / shut / ^not open / ^firmly shut
  with: a closed mouth / a shut mouth
  be: keeping the mouth shut / not opening the mouth
teeth_bared
  part: +teeth
  is: bared / ^showing / ^on show / ^in plain sight
  with: bared teeth / a flash of teeth / a toothy mouth / all teeth on show
  be: baring the teeth / showing the teeth / flashing some teeth / letting the teeth show
!teeth_bared
  part: +teeth
  is: ^not showing / hidden / ^out of sight
  with: no teeth showing / not a tooth in sight
  be: not showing any teeth / hiding the teeth / keeping the teeth covered
lip_pucker
  part: +lips
  is: puckered / pursed / ^pushed out for a kiss
  with: puckered lips / pursed lips / a kissy mouth / a mouth ready to kiss
  be: puckering up / pursing the lips / blowing a kiss / making a kissing face
lip_funnel
  part: +lips
  is: rounded / ^shaped like a funnel
  with: lips shaped like an O / lips pushed out in a ring / a mouth shaped like a funnel
  be: saying 'oh' / rounding the lips / forming an O with the lips
lips_pressed
  part: +lips
  is: ^pressed together / tight / ^pressed firmly
  with: tight lips / lips pressed together / tightly closed lips / a tight-lipped mouth
  be: pressing the lips together / clamping the lips shut / tightening the lips
  before: tight-lipped
lips_in
  part: +lips
  is: ^rolled in / ^sucked in / ^tucked in
  with: lips rolled in / lips that have vanished inwards / lips tucked over the teeth
  be: rolling the lips in / sucking in the lips / tucking the lips in / biting both lips
mouth_stretch
  part: mouth
  is: stretched / ^stretched sideways / ^pulled wide
  with: a mouth stretched sideways / a stretched mouth / lips pulled wide
  be: stretching the mouth / pulling the lips wide / making an 'eek' face
pout
  with: a pout / a pushed-up lower lip / a lower lip that sticks up / a sulky lip
  be: pouting / pushing up the lower lip / sulking with the lower lip / sticking up the bottom lip
  before: pouting
!pout
  with: no pout
  be: not pouting
mouth_left
  part: mouth
  is: ^pulled to the left / ^skewed to the left
  with: a mouth pulled to the left / a mouth skewed to the left
  be: pulling the mouth to the left / twisting the mouth leftwards
mouth_right
  part: mouth
  is: ^pulled to the right / ^skewed to the right
  with: a mouth pulled to the right / a mouth skewed to the right
  be: pulling the mouth to the right / twisting the mouth rightwards
jaw_left
  part: jaw / lower jaw
  is: ^shifted to the left / ^pushed to the left
  with: a jaw shifted to the left
  be: sliding the jaw to the left / moving the lower jaw to the left
jaw_right
  part: jaw / lower jaw
  is: ^shifted to the right / ^pushed to the right
  with: a jaw shifted to the right
  be: sliding the jaw to the right / moving the lower jaw to the right
jaw_forward
  part: jaw / lower jaw
  is: ^thrust forward / ^pushed forward
  with: an underbite put on / a jaw thrust forward
  be: thrusting the jaw forward / jutting out the lower jaw / sticking out the lower jaw
tongue_out
  part: tongue
  is: ^out / ^sticking out / ^hanging out
  with: the tongue out / a tongue that sticks out
  be: sticking out the tongue / poking the tongue out / showing the tongue / putting the tongue out
!tongue_out
  part: tongue
  is: ^not showing / ^out of sight
  be: not sticking out the tongue / keeping the tongue in
cheek_puff
  part: +cheeks
  is: ^puffed out / ^blown up / ^full of air
  with: puffed cheeks / cheeks full of air / cheeks blown up like balloons
  be: puffing out the cheeks / blowing up the cheeks / holding the breath with full cheeks
nose_wrinkle
  part: nose
  is: wrinkled / scrunched-up / crinkled
  with: a wrinkled nose / a scrunched-up nose / a crinkled nose / a sneer about the nose
  be: wrinkling the nose / scrunching up the nose / turning up the nose in a sneer
!nose_wrinkle
  part: nose
  is: ^not wrinkled / ^smooth and unwrinkled
  be: not wrinkling the nose
brow_raise
  part: +eyebrows / +brows
  is: raised / ^up / lifted / ^pulled up
  with: raised eyebrows / lifted brows / arched eyebrows / brows up high
  be: raising the eyebrows / lifting both brows / arching the eyebrows
brow_raise+
  part: +eyebrows / +brows
  is: ^raised as high as they go / ^all the way up
  with: eyebrows raised to the hairline / eyebrows shot up / brows lifted as far as they go
  be: raising the eyebrows as high as they go / lifting both brows all the way
brow_raise~
  part: +eyebrows / +brows
  is: ^raised a little / ^a bit up
  with: slightly raised eyebrows
  be: raising the eyebrows a little / lifting the brows ever so slightly
!brow_raise
  part: +eyebrows / +brows
  is: ^not raised / ^at rest
  be: not raising the eyebrows
brow_raise_left
  part: left eyebrow / left brow
  is: raised / cocked / ^up
  with: a raised left eyebrow / the left brow up
  be: raising the left eyebrow / cocking the left eyebrow / lifting only the left brow
brow_raise_right
  part: right eyebrow / right brow
  is: raised / cocked / ^up
  with: a raised right eyebrow / the right brow up
  be: raising the right eyebrow / cocking the right eyebrow / lifting only the right brow
brow_inner_raise
  part: +inner brows / +inner ends of the brows
  is: ^raised / ^pulled up
  with: brows that slope up in the middle / worried brows / puppy-dog brows / pleading brows
  be: lifting the inner brows / making pleading brows
frown
  part: +eyebrows / +brows
  is: knitted / furrowed / ^drawn together / ^pulled down
  with: a frown / knitted brows / furrowed brows / a furrowed brow / a scowl / a crease between the brows
  be: frowning / scowling / knitting the brows / furrowing the brow / drawing the brows together / glowering
  before: frowning / scowling / glowering
frown+
  part: +eyebrows / +brows
  is: ^deeply furrowed / ^pulled all the way down
  with: a deep frown / a heavy scowl / deeply furrowed brows / a thunderous scowl
  be: frowning deeply / scowling darkly / frowning as hard as can be
  before: deeply frowning
frown~
  part: +eyebrows / +brows
  is: ^slightly knitted / ^a little furrowed
  with: a slight frown / the hint of a frown / a trace of a frown
  be: frowning slightly / frowning a little
  before: slightly frowning
!frown
  part: +eyebrows / +brows
  is: ^not knitted / ^unfurrowed
  with: no frown / an unfurrowed brow / a smooth brow
  be: not frowning / anything but frowning / not scowling
eyes_closed
  part: +eyes / +eyelids / +lids
  is: closed / shut / ^tightly shut / ^gently closed
  with: closed eyes / shut eyes / both eyes closed / lowered lids
  be: closing both eyes / keeping the eyes shut / shutting the eyes
eyes_closed~
  part: +eyes / +eyelids / +lids
  is: half-closed / drooping / ^half shut
  with: half-closed eyes / drooping eyelids / heavy eyelids / sleepy lids
  be: letting the eyelids droop / keeping the eyes half closed
  before: heavy-eyed
!eyes_closed
  part: +eyes
  is: open / ^not closed / ^not shut
  with: open eyes
  be: keeping the eyes open / not closing the eyes
wink_left
  with: the left eye closed in a wink / a wink of the left eye
  be: winking with the left eye / giving a wink with the left eye / closing only the left eye
wink_right
  with: the right eye closed in a wink / a wink of the right eye
  be: winking with the right eye / giving a wink with the right eye / closing only the right eye
eyes_wide
  part: +eyes
  is: ^wide open / ^opened wide / ^stretched wide
  with: wide open eyes / eyes opened wide / a wide-eyed stare / bulging eyes
  be: staring wide-eyed / opening the eyes wide / goggling
  before: wide-eyed / goggle-eyed / staring
squint
  part: +eyes
  is: narrowed / ^screwed up / squinting
  with: squinting eyes / narrowed eyes / a squint / screwed-up eyes
  be: squinting / narrowing the eyes / screwing up the eyes
  before: squinting
!squint
  part: +eyes
  is: ^not narrowed
  be: not squinting
gaze_left
  part: +eyes
  is: ^turned to the left / ^looking left
  with: a look to the left / eyes that have slid to the left
  be: looking to the left / glancing left / looking off to the left / peering leftwards
gaze_right
  part: +eyes
  is: ^turned to the right / ^looking right
  with: a look to the right / eyes that have slid to the right
  be: looking to the right / glancing right / looking off to the right / peering rightwards
gaze_up
  part: +eyes
  is: ^turned up / ^raised to the sky
  with: an upward look / eyes turned to the ceiling
  be: looking up / glancing upwards / gazing at the ceiling / rolling the eyes skywards
gaze_down
  part: +eyes
  is: ^cast down / lowered
  with: a downward look / eyes cast down
  be: looking down / glancing downwards / gazing at the floor / looking at the ground
""", further("expressions"))
