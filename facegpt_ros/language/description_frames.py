"""Frames that ask for a face from words. {x} is a noun phrase ("an old man with a wide nose"), a list, or sentences.

{X} is the same with a capital letter.
"""

from __future__ import annotations

from functools import cache

from facegpt_ros.language.pools import extra, for_training, further, lines, parts

NOUN_PHRASE = lines("""
{x}, please
Draw me {x}.
Draw {x}.
Please draw {x}.
Could you draw {x}?
Can you draw {x} for me?
Would you mind drawing {x}?
I'd like you to draw {x}.
Sketch {x}.
Do a quick sketch of {x}.
Imagine {x}.
Try to imagine {x}.
Just picture {x}.
Picture {x} and show me the face.
Close your eyes and imagine {x}. What do you see?
Visualise {x}.
Show me {x}.
Show {x}.
Can you show me {x}?
Let me see {x}.
Let's see {x}.
I want to see {x}.
I would love to see {x}.
I'd like to see the face of {x}.
What would {x} look like?
What might {x} look like?
What does {x} look like?
How would {x} look?
How do you picture {x}?
How does {x} look in 3D?
Any idea what {x} would look like?
Tell me with a face what {x} looks like.
Make {x}.
Make me a face: {x}.
Make a 3D face of {x}.
Make up {x}.
Create {x}.
Create a 3D model of {x}.
Create the head of {x}.
Please create a face for {x}.
Generate {x}.
Generate a 3D face of {x}.
Generate the face of {x}, please.
Give me {x}.
Give me the 3D face of {x}.
Give me a head that belongs to {x}.
I need {x}.
I need the face of {x} for my game.
We need {x} for an animation.
My story has {x} in it. What is the face like?
In my novel there is {x}. Show the face.
For my comic I need {x}.
The next character is {x}.
The hero of my play is {x}; give that hero a face.
Character sheet: {x}.
Casting call: {x}.
Wanted: {x}.
A portrait of {x}.
Portrait of {x}
Paint a portrait of {x}.
A 3D portrait of {x}, please.
Sculpt {x}.
Sculpt the head of {x}.
Model {x} in 3D.
Model the face of {x}.
Build {x}.
Build me the face of {x}.
Render {x}.
Render a face that fits {x}.
Design {x}.
Design a face: {x}.
Turn this into a face: {x}.
Turn these words into a 3D face: {x}.
Put a face to these words: {x}.
From words to a face: {x}.
Text to face: {x}
Face: {x}
face of {x}
3D face, {x}
3dmm of {x}
Prompt: {x}.
Description: {x}. Face?
Here is a description: {x}. What is the face?
The witness saw {x}. Reconstruct the face.
A witness describes {x}. Make the likeness.
The description says {x}. Give me the mesh.
Fit a morphable face to this description: {x}.
Which 3D face fits {x}?
Which face would you give {x}?
What face comes to mind when you hear "{x}"?
What face goes with "{x}"?
Someone told me about {x}. Show me.
Yesterday I met {x}. Make me that face.
I am thinking of {x}. Guess the face.
I am looking for {x}. Show me one.
I dreamt of {x}; can you show me the face?
I keep seeing {x} in my mind. Please make it visible.
Think of {x} and give me the geometry.
Suppose there were {x}. Show the face.
Suppose you meet {x}. What face do you see?
Say you saw {x} on the bus. What did that face look like?
Hey, can I get {x}?
May I have {x}?
Could I get a face like this: {x}?
Is it possible to see {x}?
Do you think you could make {x}?
Can a 3D face of {x} be made?
Would you render {x} for me?
Please synthesise {x}.
Please model {x}.
Please produce the 3D face of {x}.
Produce {x}.
Invent {x}.
Conjure up {x}.
Bring {x} to life.
Surprise me with {x}.
Next: {x}.
Now {x}.
Now do {x}.
Now show me {x}.
And what about {x}?
How about {x}?
OK, {x} this time.
Another one: {x}.
Try {x}.
One more face: {x}.
Set the avatar to {x}.
My avatar should look like {x}.
Let the robot's screen show {x}.
The avatar is {x}.
The face should be that of {x}.
It should look like {x}.
The result should be {x}.
I'm after {x}.
The picture in my head is of {x}.
Answer with the face of {x}.
Reply with a 3D face: {x}.
Output the face parameters of {x}.
Give the parameters for {x}.
""") + for_training("""
Is there a way to make {x}?
Is it possible for you to render {x}?
Are you able to generate {x}?
Might you draw me {x}?
Do you know how to draw {x}? Then do.
Do you think {x} could be modelled in 3D? Go on.
Would it be possible to have {x} drawn?
Would you be able to sculpt {x}?
Could {x} be shown in 3D?
Could {x} be rendered, please?
May I see {x}?
May I have the face of {x}?
Let us have {x}.
Let there be {x}.
I wonder what {x} looks like. Show me.
I want {x}.
I want to look at {x}.
I need to see {x}.
I need the head of {x} for my scene.
I was thinking you could draw {x}.
I am looking for a 3D head of {x}.
I am designing {x}. Make the face.
We need {x} in this scene.
Bring up {x}.
Put {x} on the screen.
Put together {x}.
Prepare a mesh of {x}.
Compose {x}.
Craft {x}.
Form {x}.
Shape me {x}.
Assemble {x} from the morphable model.
Instantiate {x}.
Sample {x}.
Set the sliders to {x}.
Change the face to {x}.
Switch the avatar to {x}.
Give my character the look of {x}.
My avatar should be {x}.
The robot should wear the face of {x}.
The next face is {x}.
Then {x}, please.
And now for {x}.
Here is what I want: {x}.
Request: {x}.
Order: {x}.
Face wanted: {x}.
Prompt: {x}
Target face: {x}.
Phantom image of {x}, please.
Mesh, please: {x}.
3D: {x}.
Parameters of {x}, please.
Which coefficients give {x}?
""") + for_training(further("asking_in_words"))

#: For lists such as "wide nose, thin lips, smiling".
LIST = lines("""
face: {x}
Face with these features: {x}.
Make a face: {x}.
Make a face with the following: {x}.
Draw this face: {x}.
Draw a face. {X}.
Keywords: {x}.
Keywords for the face: {x}
Features: {x}. Build it.
Attributes: {x}
tags: {x}
#face {x}
3D face: {x}
3D face please ({x})
Generate: {x}.
Generate a face from these notes: {x}.
My notes on the face: {x}.
From my notebook: {x}. Show me that face.
Description of the suspect: {x}. Build the face.
Character: {x}.
NPC face: {x}
Avatar: {x}.
Show me this: {x}.
I want the following: {x}.
The face should have: {x}.
What I remember: {x}. Can you show the face?
Checklist for the head: {x}.
Combine these into one face: {x}.
Put these together: {x}.
Give me a face, {x}.
Sculpt it like this: {x}.
Wanted: {x}.
Model: {x}
Ingredients of the face: {x}.
Mix a face from: {x}.
Render with: {x}.
Specification: {x}.
One face, please: {x}.
""")

#: For sentences such as "The nose is wide. She is smiling."
SENTENCES = lines("""
{x} Draw that face.
{x} Show me.
{x} Can you show me the face?
{x} What does the face look like?
{x} Make this face.
{x} Please make that person's face.
{x} Give me the 3D model.
{x} Reconstruct the face from this.
{x} Now picture it.
{x} That is the face I need.
{x} Could you sculpt this?
{x} Turn that into a face.
{x} How do you picture the face?
{x} I want to see it in 3D.
{x} Model it.
{x} Thanks for drawing it!
{x} Let me have a look.
Draw the following. {x}
Here is what I have in mind. {x}
Imagine this. {x}
Let me describe someone. {x}
I will describe a face, and you make it. {x}
Description: {x}
This is the person. {x}
The witness says: "{x}" Make the likeness.
Make a face for this text: {x}
Read this and give me the face: {x}
From my script: "{x}" Show the actor's face.
Listen. {x} What face is that?
Try this one. {x}
Next character. {x}
Please build this. {x}
Generate the face described here. {x}
Picture the scene. {x} Show the face.
I once knew somebody. {x} Can you make the face?
Character notes. {x}
Work from this. {x}
""")

#: For telling, not asking: what a face is like.
TELLING = lines("""
{X}.
This is {x}.
It is {x}.
I see {x}.
It shows {x}.
The face is that of {x}.
That's {x}.
Here is {x}.
You see {x}.
It looks like {x}.
This looks like {x} to me.
This appears to be {x}.
We are looking at {x}.
The picture shows {x}.
In front of me is {x}.
""")

#: No frame at all: train's, for a split that holds it out would leave train without.
_BARE = {"phrase": ("{x}", "{X}.", "{X}"), "list": ("{x}", "{X}."), "sentences": ("{x}",)}
_FRAMES = {"phrase": NOUN_PHRASE, "list": LIST, "sentences": SENTENCES}
FORMS = tuple(_FRAMES)


@cache
def frames(form: str, split: str) -> tuple[str, ...]:
    """Frames of a split for a form of FORMS; what is a frame of two forms belongs to one split."""
    every = tuple(frame for form in FORMS for frame in _FRAMES[form])
    own = set(parts("description frame", every)[split])
    told = tuple(frame for frame in _FRAMES[form] if frame in own)
    return (*_BARE[form], *told, *extra(_FRAMES[form])) if split == "train" else told
