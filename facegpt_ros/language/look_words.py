"""Words for feelings as they show on a face, and for faces that people make.

Rows as in word_rows.py; "~" is at least slightly. Nothing is said of what a person truly feels: these are looks.
"""

from __future__ import annotations

from facegpt_ros.language.pools import further
from facegpt_ros.language.word_rows import rows

#: Rows of looks.
LOOKS = rows("""
smile jaw_open~? brow_raise~?
  with: a happy expression / a look of joy / a cheerful face
  be: happy / cheerful / joyful / in a good mood / delighted / pleased / full of joy
  before: happy / cheerful / joyful / delighted / glad
smile+ teeth_bared~? jaw_open?
  with: an overjoyed face / a look of pure bliss
  be: overjoyed / over the moon / ecstatic / thrilled to bits / on cloud nine
  before: overjoyed / ecstatic / elated
smile jaw_open teeth_bared~ squint?
  with: a face full of laughter / a hearty laugh
  be: laughing / laughing out loud / roaring with laughter / in fits of laughter / cracking up
  before: laughing / chortling
mouth_corners_down brow_inner_raise gaze_down?
  with: a sad expression / a sorrowful face / a look of sadness / a long sad face
  be: sad / unhappy / sorrowful / heartbroken / close to tears / gloomy / downcast / feeling blue
  before: sad / unhappy / sorrowful / tearful / mournful
frown lips_pressed? nose_wrinkle~? eyes_wide~?
  with: an angry expression / a look of anger / a cross face
  be: angry / cross / annoyed / irritated / mad at someone / cheesed off
  before: angry / cross / annoyed / irritated / grumpy
frown+ nose_wrinkle teeth_bared?
  with: a furious expression / a face twisted with rage
  be: furious / enraged / livid / beside themselves with rage / hopping mad / seething
  before: furious / enraged / livid
brow_raise eyes_wide jaw_open
  with: a surprised expression / a look of surprise / an astonished face / a face of amazement
  be: surprised / astonished / amazed / taken aback / startled / gobsmacked / dumbfounded / lost for words
  before: surprised / astonished / amazed / startled / stunned
eyes_wide brow_inner_raise mouth_stretch jaw_open~?
  with: a frightened expression / a look of fear / a terrified face
  be: afraid / scared / frightened / terrified / scared stiff / panicking / fearful
  before: frightened / terrified / scared / fearful
nose_wrinkle squint? mouth_corners_down~? tongue_out?
  with: a disgusted expression / a look of disgust / a revolted face
  be: disgusted / revolted / grossed out / repelled
  before: disgusted / revolted / repelled
brow_inner_raise lips_pressed~?
  with: a worried expression / an anxious face / a look of concern
  be: worried / anxious / concerned / troubled / uneasy / nervous
  before: worried / anxious / concerned / nervous
eyes_closed~ jaw_open~?
  with: a sleepy face / a tired look / a drowsy expression
  be: sleepy / tired / drowsy / worn out / struggling to stay awake / ready for bed / dozing off
  before: sleepy / tired / drowsy
frown~ squint?
  with: a puzzled expression / a confused look / a quizzical face
  be: puzzled / confused / baffled / perplexed / at a loss / bewildered
  before: puzzled / confused / perplexed / baffled
lips_pressed smile! gaze_up?
  with: a bored expression / a look of boredom
  be: bored / bored stiff / unimpressed / fed up / uninterested
  before: bored / unimpressed
brow_raise_left lips_pressed?
  with: a sceptical left brow / a doubtful look with the left brow up
  be: raising a sceptical left eyebrow / looking doubtful with the left brow cocked
pout brow_inner_raise
  with: a sulky face / a hurt little pout
  be: sulking / sulky / in a huff / hurt and pouting / moping
  before: sulky / moping / huffy
smile~ gaze_down
  with: a bashful smile / a shy look / a coy look
  be: shy / bashful / coy / embarrassed and looking down / too shy to look up
  before: shy / bashful / coy
smile! frown! jaw_open! brow_raise!
  with: a neutral expression / a blank face / an expressionless face / a deadpan look / no expression at all / a face
    at rest
  be: expressionless / deadpan / showing no emotion / perfectly neutral / at rest / stony-faced
  before: expressionless / deadpan / blank-faced
smile~ eyes_closed
  with: a blissful, dreamy face / a serene smile with closed eyes
  be: dreaming of something nice / smiling in the sleep / blissfully dozing
squint frown~ lips_pressed?
  with: a suspicious look / a distrustful look / a wary face
  be: suspicious / distrustful / wary / eyeing something with suspicion / full of mistrust
  before: suspicious / wary / distrustful
frown lips_pressed squint?
  with: a determined expression / a look of concentration / a focused face
  be: determined / concentrating hard / focused / dead set on something / lost in concentration
  before: determined / focused / concentrating
mouth_stretch teeth_bared squint
  with: a pained grimace / a grimace / a face twisted in pain
  be: grimacing / wincing / in pain / cringing
  before: grimacing / wincing
gaze_up lips_pressed~?
  with: a thoughtful look / a pensive look at the ceiling
  be: thinking it over / pondering / lost in thought / daydreaming / deep in thought
  before: thoughtful / pensive / pondering
jaw_open+ squint frown
  with: a screaming face / a face caught in mid-scream
  be: screaming / shouting at the top of the voice / yelling / bawling / bellowing
  before: screaming / yelling / shouting
mouth_corners_down smile!
  with: a disappointed expression / a let-down look / a look of regret
  be: disappointed / let down / crestfallen / dejected / regretful
  before: disappointed / crestfallen / dejected
""", further("looks"))
