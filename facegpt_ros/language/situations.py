"""Speculative situations, and what they do to a face: "someone who {situation}".

What a situation asks for stands above its sayings, in the notation of wish_notation.py; "~" is at least slightly. All
sayings of a situation are held out together.
"""

from __future__ import annotations

from facegpt_ros.language.pools import EXTRA, further

_TABLE = """
smile brow_raise~? jaw_open~?
  just heard good news; has had wonderful news; got the news they were hoping for
smile jaw_open brow_raise eyes_wide?
  just won the lottery; has all six numbers right; won a fortune a second ago
mouth_corners_down brow_inner_raise?
  was told that the holiday is cancelled; learnt that the trip is off; lost the long-awaited holiday
eyes_closed~ jaw_open nose_wrinkle brow_inner_raise?
  is about to sneeze; feels a sneeze coming; is a split second from sneezing
squint lip_pucker nose_wrinkle
  just bit into a lemon; bit into a lemon; has a slice of lemon in the mouth
eyes_closed~ smile! jaw_open~?
  woke up a minute ago; has only just woken up; is barely awake; rolled out of bed a moment ago
eyes_wide mouth_stretch brow_inner_raise jaw_open~?
  sees a spider; has spotted a huge spider; finds a spider on the pillow
nose_wrinkle squint? mouth_corners_down~?
  smells rotten eggs; opened a carton of sour milk; caught a whiff of a blocked drain
jaw_open+ eyes_closed brow_raise~?
  is yawning; cannot stop yawning; yawns after a long day
eyes_closed smile! frown!
  is fast asleep; has fallen asleep on the sofa; sleeps like a log; dozed off on the train
squint frown~ nose_wrinkle~?
  looks straight into the sun; has the low sun in the eyes; stepped out into glaring light
lip_pucker cheek_puff~?
  is blowing out the candles; blows out birthday candles; puffs at a candle
cheek_puff lips_pressed?
  is blowing up a balloon; tries to blow up a balloon; plays the trumpet with full cheeks
lip_pucker smile!
  whistles a tune; is whistling for the dog; is whistling
lip_pucker eyes_closed?
  is about to kiss someone; leans in for a kiss; is blowing kisses to the crowd
jaw_open brow_raise lip_funnel~?
  sings a long high note; is singing an aria; belts out a song
jaw_open+ smile!
  is at the dentist's; opens up for the dentist; is having a tooth looked at
smile brow_inner_raise
  is shown a baby photo; meets a puppy; sees a kitten asleep; is handed a puppy
smile~
  got a present they dislike; pretends to like an ugly jumper; unwraps the third pair of socks
gaze_up lips_pressed~
  heard a terrible joke; has to listen to an awful pun
smile jaw_open teeth_bared~? squint?
  heard a brilliant joke; got the punchline; cannot stop laughing at a joke
squint teeth_bared mouth_stretch frown?
  stubbed a toe; has just hit the thumb with a hammer; trod on a toy brick
lips_pressed brow_inner_raise smile!
  is holding back tears; tries hard not to cry; fights the tears
mouth_corners_down squint brow_inner_raise
  is crying bitterly; bursts into tears; weeps at a sad film
mouth_corners_down~ smile!
  missed the last bus; watches the train pull away; came too late for the bus
frown lips_pressed
  has been cut up in traffic; had the parking space stolen; is stuck behind a slow lorry
frown lips_pressed squint?
  is arm wrestling; lifts a heavy weight; pushes a broken-down car; opens a stuck jar
eyes_wide brow_inner_raise jaw_open?
  watches a horror film; hears steps in the empty house; sees a ghost
brow_raise eyes_wide jaw_open smile?
  opened the door to a surprise party; walks into a surprise party
nose_wrinkle mouth_corners_down frown~?
  found a fly in the soup; finds a hair in the food; discovers half a worm in the apple
squint frown~ lips_pressed?
  is threading a needle; paints a tiny figure; solders a fine wire
squint jaw_open!
  reads the small print; cannot read without glasses; tries to make out a faraway sign
gaze_up jaw_open~ smile?
  is counting the stars; watches fireworks overhead; sees a kite high in the sky
gaze_down smile!
  looks for a coin on the floor; reads a message on the lap; watches their own feet while walking
gaze_up lip_pucker~ brow_raise?
  pretends not to have seen it; hides a secret badly; feigns innocence
eyes_closed smile~ jaw_open!
  tastes the best soup ever; savours a piece of chocolate; is enjoying the first sip of coffee
jaw_open squint tongue_out?
  drank something far too hot; burnt the tongue on soup
smile+ squint jaw_open
  is being tickled; is tickled under the feet
tongue_out squint?
  is teasing a little brother; pulls a face at a sibling; mocks a friend behind their back
tongue_out jaw_open~
  is licking an ice cream; licks a stamp; catches snowflakes with the tongue
tongue_out jaw_open smile!
  shows the tongue to the doctor; says aah for the doctor
wink_left smile~?
  flirts with a wink of the left eye; lets a friend in on a secret with a wink of the left eye
wink_left smile!
  looks through a telescope with the right eye; takes aim with the right eye
gaze_up frown~ lips_pressed?
  was asked a hard question; is working out a sum in the head; tries to remember a name
squint~ lips_pressed smile!
  doubts every word of it; does not buy the story; is not convinced at all
squint frown~ smile!
  hears an unlikely excuse; suspects a trick
smile! eyes_closed~
  is listening to a boring lecture; sits in the third meeting of the day; waits in an endless queue
eyes_closed smile! frown! jaw_open!
  prays quietly; is meditating; listens to music with closed eyes
smile! jaw_open! frown! brow_raise! squint!
  is posing for a passport photo; poses for an identity card; has to look neutral for a visa photo
smile teeth_bared~
  is posing for a family photo; says cheese; smiles for the school photograph
smile brow_raise
  welcomes an old friend; picks up a loved one at the station; sees grandma at the door
mouth_corners_down frown~? smile!
  lost a bet; lost the final by one point; dropped the cup with a clatter
jaw_open smile+ squint?
  scored the winning goal; crossed the finishing line first; holds up the cup
jaw_open smile brow_raise?
  cheers on the home team; is shouting for joy at a concert
frown+ jaw_open
  yells at the referee; argues with the referee; shouts at a driver
frown teeth_bared nose_wrinkle
  is growling like a dog; plays a pirate; acts the villain
lip_pucker eyes_wide?
  imitates a fish; makes a fish face; pretends to be a goldfish
cheek_puff~? lip_funnel jaw_open~
  imitates a monkey; pretends to be a gorilla; plays an ape for the children
lip_funnel brow_raise?
  says ooh; says 'oh' in wonder; lets out a long 'ooh'
brow_raise eyes_wide jaw_open~?
  sees the price of the repair; reads the electricity bill; looks at the bill
eyes_wide jaw_open brow_inner_raise?
  notices that the wallet is gone; left the keys inside the house; forgot the wedding day
lips_pressed gaze_down mouth_stretch~?
  remembers an embarrassing moment; called the teacher mum; waved at a stranger by mistake
eyes_closed mouth_stretch frown?
  gets a painful injection; gets an injection; has a plaster pulled off
squint nose_wrinkle mouth_corners_down?
  drinks cough syrup; swallows a bitter pill; takes the worst of medicines
squint lips_pressed frown~?
  is walking against the wind; rides a bike through hail; walks through a sandstorm
cheek_puff eyes_closed
  is diving under water; holds the breath under water; ducks under a wave
jaw_left smile!
  is chewing gum with the mouth to the left; chews toffee on the left side
jaw_right smile!
  is chewing on the right side; moves a sweet into the right cheek
lips_in smile! squint~?
  is trying not to laugh; suppresses a giggle in church; bites back a laugh
gaze_left brow_raise~?
  hears their own name called from the left; looks for traffic on the left
gaze_right brow_raise~?
  hears their own name called from the right; looks for traffic on the right
lips_in jaw_open!
  puts on lipstick; spreads lip balm; rubs in lipstick
lips_in mouth_corners_down~?
  tightens the lips over the teeth; plays a toothless clown
jaw_open+ eyes_wide mouth_stretch?
  is on a roller coaster; rides down the steepest slope; jumps off the high board
jaw_open eyes_wide teeth_bared?
  is stung by a wasp; touched a hot stove; got an electric shock
smile! frown! brow_raise! jaw_open!
  is playing poker with a good hand; bluffs at cards; gives nothing away
smile brow_inner_raise?
  sees their own child on stage; attends a daughter's wedding; watches the son graduate
brow_inner_raise mouth_corners_down~
  says goodbye for a long time; waves goodbye at the airport; has to leave home
frown squint~? lips_pressed?
  is confused by a map; cannot follow the manual; reads the assembly instructions twice
frown~ gaze_down
  cannot find the glasses on their own head; looks for the lost remote control
gaze_down mouth_corners_down brow_inner_raise?
  has been told off; was scolded by the boss; is being lectured
pout frown~?
  is denied dessert; has to go to bed early; may not have a second ice cream
smile teeth_bared frown jaw_open
  is giving an evil laugh; laughs like a film villain
eyes_closed smile~
  smells fresh bread; walks past a bakery; smells roses
nose_wrinkle~ frown~
  sniffs the milk to see whether it is off; smells the fish with distrust
brow_raise jaw_open~ smile?
  got the joke only now; suddenly understands; has the idea of a lifetime
eyes_wide brow_raise
  is startled by a bang; hears a door slam; gets jumped from behind
lips_in brow_inner_raise
  watches a tense penalty shoot-out; waits for the exam results; is biting the lip with nerves
smile+ brow_raise~?
  passed the exam; got the job; is told the test went well
mouth_corners_down smile!
  failed the exam; did not get the job; was turned down again
frown squint~? lips_pressed~?
  hears a loud drill next door; has noisy neighbours; is woken by a car alarm
smile~ jaw_open!
  is reading a love letter; thinks of someone dear; receives a bunch of flowers
brow_raise jaw_open~ eyes_wide~?
  watches a magic trick; sees a coin vanish; witnesses a miracle
frown~ jaw_open!
  listens at the door; strains to hear a whisper
lip_pucker gaze_down?
  is sucking on a straw; drinks a thick milkshake through a straw
jaw_open squint tongue_out?
  eats a hot chilli; has swallowed wasabi
brow_raise mouth_corners_down
  gives a shrug; has no idea; does not know the answer
gaze_up smile!
  is rolling the eyes at a silly remark; is tired of the excuses
eyes_closed jaw_open~
  is snoring in an armchair; snores with the mouth open
jaw_forward frown
  thrusts out the jaw in defiance; challenges someone to a fight
mouth_corners_down~ nose_wrinkle~
  thinks the milk tastes odd; pulls a wry face
"""


def _rows(table: str, mark: str = "") -> tuple[tuple[tuple[str, ...], str], ...]:
    rows: list[tuple[str, str]] = []
    for line in table.strip().splitlines():
        if line.startswith(" "):
            wishes, sayings = rows[-1]
            rows[-1] = (wishes, f"{sayings} {line.strip()}".strip())
        else:
            rows.append((line.strip(), ""))
    return tuple((tuple(saying.strip() + mark for saying in sayings.split(";")), wishes) for wishes, sayings in rows)


#: (sayings, wishes) of each situation; a saying is what follows "who", in the singular. More are for training alone.
SITUATIONS = _rows(_TABLE) + _rows(further("situations"), EXTRA)
