"""Prompts that speak of faces and do not ask for one."""

from __future__ import annotations

from facegpt_ros.language.pools import lines

FACES_IN_GENERAL = lines("""
How many muscles does it take to smile?
Why do people smile?
Why do we blink?
How often do people blink in a minute?
What is a frown?
What does it mean to raise one's eyebrows?
Why is yawning contagious?
What is the bridge of the nose?
Where is the philtrum?
What are dimples?
What gives skin its colour?
Why do noses grow with age?
Which muscle closes the eye?
What do eyebrows do?
Why do we have eyelashes?
How many bones has the skull?
What is the difference between iris and pupil?
How do babies recognise faces?
What is prosopagnosia?
How do portrait painters measure a face?
How do I draw a nose?
How can I learn to draw faces?
How do I take a good portrait photo?
Which lens is best for portraits?
Where should the light stand for a portrait?
What is Rembrandt lighting?
How do I shave without cuts?
How do I tame my eyebrows?
What is a 3D morphable model?
What is a mesh?
How does 3D face reconstruction work?
What does a face model do with 52 blend shapes?
What are ARKit blend shapes?
What are spherical harmonics used for in rendering?
How is a 3D scan of a head made?
Who invented the morphable model?
What is the Basel Face Model?
How does face detection work?
Is face recognition the same as face detection?
What is an action unit?
Why do faces look flat in flash photos?
Why do selfies make noses look large?
What is a caricature?
Do identical twins have the same face?
What makes a smile look genuine?
Can animals read human faces?
What is a poker face?
Where does the phrase "to lose face" come from?
What does "long in the face" mean?
What does "cheek by jowl" mean?
Explain the idiom "to keep a stiff upper lip".
What rhymes with "nose"?
Spell "eyebrow".
How do you say "smile" in Spanish?
Translate "he has blue eyes" into Italian.
What is the plural of "face"?
Is "chin" a noun?
Who painted the Mona Lisa?
Why is the Mona Lisa smiling?
Name a film about masks.
Name three painters of portraits.
Write a poem about a smile.
Write two lines about grey eyes.
Tell me a joke about noses.
What is botany's word for a two-lipped flower?
How far is it from the Earth to the face of the Moon?
What does a clock face show at noon?
How do climbers get up the north face of the Eiger?
How many faces has a cube?
How many faces has an icosahedron?
What are the faces of a polyhedron?
What is a typeface?
What is an interface?
What does "face to face" mean?
Which side is the face of a coin?
How do I face my fears?
How do I face a wall with tiles?
Why does my screen face the wrong way?
What is a 3D printer?
Which 3D program should I learn first?
How much does a 3D scanner cost?
""")

ABOUT_THE_IMAGE = lines("""
Is the person smiling?
Are the eyes open?
Is the mouth open?
Which way is the person looking?
Is the head turned?
Is the face lit from the left?
How far away is the person?
How many faces are there?
Is anybody there?
Can you see anyone?
What is the person doing?
What is the expression?
Is the person wearing glasses?
Does the person have a beard?
What colour are the eyes?
What colour is the hair?
Is the nose wide or narrow?
Would you say the face is long?
Is it a round face?
Is the light warm or cold?
Is the picture sharp?
Is the picture too dark?
Which person is nearer?
Is the one on the left smiling?
Does the one on the right look at me?
Is the person winking?
Are both eyebrows raised?
Do they look angry?
Do they look tired?
Does the person look surprised?
What is in the background?
Describe the picture in words.
Describe the face in words.
Tell me in one sentence what you see.
Answer yes or no: is the mouth closed?
How sure are you?
Who is this?
What is this person's name?
Is this person rich?
Is this person ill?
What is the person thinking?
Where was this photo taken?
""")

#: {x} describes a face, and something else is wanted of the words.
NOT_TO_SEE = lines("""
Translate into French: "{x}".
Translate into German: {x}.
Translate "{x}" into Spanish.
Write a haiku about {x}.
Write a short story about {x}.
Write the first line of a novel about {x}.
Write a limerick about {x}.
Write a song about {x}.
Tell me a joke about {x}.
Tell me a bedtime story about {x}.
What name would suit {x} in a novel?
How many words are there in "{x}"?
Count the letters in "{x}".
Correct the spelling: {x}
Correct the grammar of this sentence: I saw {x}.
Rewrite this more politely: I saw {x}.
Say this in other words: {x}.
Paraphrase "{x}".
What is the opposite of "{x}"?
Which adjectives are in "{x}"?
Is "{x}" a complete sentence?
Read this aloud: {x}.
Repeat after me: {x}.
Where would {x} go on holiday?
What would {x} have for breakfast?
What could {x} say next?
How should I greet {x}?
What present would please {x}?
Give advice to {x}.
I met {x} today. What shall I talk about next time?
My neighbour is {x}. How do I invite my neighbour to dinner?
I had lunch with {x}. What is a good dessert?
How does one say "{x}" in Latin?
Put "{x}" into the plural.
Is it rude to stare at {x}?
""")
