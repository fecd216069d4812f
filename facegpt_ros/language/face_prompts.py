"""Prompts that speak of faces and do not ask for one."""

from __future__ import annotations

from facegpt_ros.language.pools import for_training, further, lines

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
""") + for_training(further("faces_in_general"))

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
""") + for_training(further("about_the_image"))

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
""") + for_training("""
Summarise in one word: {x}.
Which language is this: "{x}"?
Write an email to {x} about the broken heating.
Write a thank-you note to {x}.
Compose a birthday card for {x}.
Draft a lonely-hearts ad for {x}, in two lines.
Make up a tongue twister about {x}.
Write a riddle whose answer is {x}.
Give me three rhymes for the last word of "{x}".
Turn "{x}" into a question.
Spell out "{x}" backwards.
Put these words into capitals: {x}
Is there a typing error in "{x}"?
Find the verbs: {x}.
Find every noun in the phrase "{x}".
Shorten this to five words: {x}.
Make this longer by one clause: {x}.
Set a comma where one is missing: {x}
How would Shakespeare have put "{x}"?
Explain the phrase "{x}" to a child.
Save a note: met {x} at the station.
Remind me to call {x} at five.
Add to my diary that I saw {x} in the park.
Tell the kitchen that {x} is coming to dinner.
Send a message to my sister: today I sat beside {x}.
Search the log for "{x}".
Put {x} on the guest list.
Who wrote the novel in which {x} sails round the world?
Which film starts with {x} on a bridge?
What is the plot of a play about {x} and a dog?
What job might {x} have?
Which sport would you suggest to {x}?
Which instrument would suit {x}?
Recommend a book to {x}.
What shoes should {x} wear in the snow?
What is a good hat size for {x}?
How long does {x} need for a mile?
How old was {x} ten years ago?
May {x} vote in this country?
Does {x} need a ticket for the museum?
My boss is {x}. How do I ask for a rise?
My dentist is {x}. When should I book?
A friend of mine is {x}. Where could the two of us eat?
I am writing about {x}. Give me a title.
I dreamt of {x}. What do dreams mean?
I was served by {x} today. How much should I tip?
There is {x} at the door. Shall I open?
If {x} has four apples and eats one, how many are left?
{x} goes by train at 60 km/h for two hours. How far is that?
Ask {x} politely to move aside.
Wave when {x} comes in.
Follow {x} at two metres.
Say good morning to {x}.
Tell {x} the way to the lift.
Bring {x} a glass of water.
Stop when {x} stands in your way.
Did {x} pass by an hour ago?
Have you ever met {x}?
Are you afraid of {x}?
Would {x} make a good teacher?
""") + for_training(further("not_to_see"))
