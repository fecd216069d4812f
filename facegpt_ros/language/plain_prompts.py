"""Prompts that ask for words, not for a face: instructions, sums, small talk.

{topic}, {thing}, {a} and {b} are filled in.
"""

from __future__ import annotations

from facegpt_ros.language.pools import for_training, further, lines

INSTRUCTIONS = lines("""
Explain {topic} to a child.
Explain {topic} in two sentences.
What is {topic}?
What do you know about {topic}?
Tell me about {topic}.
Tell me something surprising about {topic}.
Give me three facts about {topic}.
Give a short history of {topic}.
Summarise {topic} in a sentence.
Write a poem about {topic}.
Write a haiku about {topic}.
Write a limerick on {topic}.
Write a short story about {topic}.
Write an email about {topic} to my teacher.
Write a headline about {topic}.
Write a quiz question about {topic}.
Why does {topic} matter?
Why are people interested in {topic}?
How does one learn about {topic}?
How would you teach {topic}?
Who first wrote about {topic}?
When did people begin to study {topic}?
Where can I read about {topic}?
List five words that go with {topic}.
List pros and cons of {topic}.
Name a book about {topic}.
Name three questions about {topic}.
Compare {topic} with football.
Compare {topic} and {thing}.
Is {topic} hard to understand?
Is it worth reading about {topic}?
Can you explain {topic}?
Could you tell me more about {topic}?
Do you like {topic}?
Make a table of contents for a talk on {topic}.
Make up a riddle about {topic}.
Make a joke about {topic}.
Suggest a title for an essay on {topic}.
Suggest a gift for someone who likes {topic}.
Translate "{topic}" into French.
Translate "{topic}" into German.
Define {topic}.
Argue against {topic}.
Argue in favour of {topic}.
Plan a lesson on {topic}.
Help me to remember {topic}.
Give me a rhyme on {thing}.
How do I repair {thing}?
How do I clean {thing}?
How much does {thing} cost?
How is {thing} made?
Who invented {thing}?
What colour is {thing}?
What can I do with {thing}?
What would you use {thing} for?
Describe {thing} in ten words.
Sell me {thing} in one sentence.
Draft an advertisement for {thing}.
Write instructions for using {thing}.
Where would I buy {thing}?
Which is heavier, {thing} or a bag of flour?
Spell {thing} backwards.
Put {thing} in a sentence.
What is the plural of {thing}?
Write a letter of complaint about {thing}.
Should I keep {thing} or throw it away?
""")

TOPICS = lines("""
the French Revolution
photosynthesis
gravity
the water cycle
black holes
the history of tea
the rules of chess
Roman roads
music theory
the stock market
baking bread
the Moon
volcanoes
the French language
honey bees
plate tectonics
the alphabet
public libraries
renewable energy
jazz
origami
the human heart
sleep
the Silk Road
programming in Python
recursion
the speed of light
vaccines
democracy
the Nile
earthquakes
how bridges stand
weather forecasts
the tides
deep-sea fish
robot operating systems
lidar sensors
motor control
path planning
camera calibration
ocean currents
haute cuisine
the Olympic Games
gardening in spring
train timetables
""")

THINGS = lines("""
a bicycle
an umbrella
a teapot
a ladder
a piano
a lawn mower
a pencil
a raincoat
a compass
a kettle
a wooden spoon
a pair of scissors
an alarm clock
a suitcase
a vacuum cleaner
a hammer
a candle
a telescope
a violin
a sledge
""")

SUMS = lines("""
What is {a} plus {b}?
What is {a} + {b}?
What's {a} minus {b}?
What is {a} times {b}?
{a} * {b} = ?
{a} + {b}
{a} - {b} =
Add {a} and {b}.
Subtract {b} from {a}.
Multiply {a} by {b}.
Compute {a} + {b}.
Calculate {a} x {b}.
How much is {a} and {b} together?
How much is {a} less {b}?
Which is larger, {a} or {b}?
Is {a} an even number?
Is {a} divisible by {b}?
Is {a} a prime number?
Round {a} to the nearest ten.
Count from {b} to {a}.
I have {a} apples and eat {b}. How many are left?
A train runs {a} km in {b} minutes. How fast is it?
If a pen costs {b} euros, what do {a} pens cost?
Divide {a} by {b}.
What is {b} per cent of {a}?
Write {a} in Roman numerals.
Write {a} in words.
What comes after {a}?
Sum the digits of {a}.
Share {a} sweets among {b} children.
""")

SMALL_TALK = lines("""
Hello!
Hi there.
Good morning!
Good evening.
How are you?
How is it going?
What's up?
Nice to meet you.
Who are you?
What is your name?
What can you do?
Are you a robot?
Do you sleep?
Do you dream?
Do you get tired?
How old are you?
Where are you from?
Who made you?
Can you hear me?
Are you there?
Can you help me?
Thank you very much.
Thanks, that was helpful.
That is wrong.
You are right.
I disagree.
I am bored.
I am hungry.
I'm tired today.
It is raining again.
What a lovely day!
Tell me a joke.
Tell me another one.
Tell me a story.
Sing me a song.
What is the weather like?
What time is it?
What day is it today?
Happy birthday to me!
Good night.
See you tomorrow.
Goodbye.
Wait a moment.
Never mind.
Stop.
Go on.
Say that again, please.
Speak more slowly.
What did you say?
I do not understand.
Let's talk about something else.
Do you like music?
What is your favourite colour?
Do you have a hobby?
Do you know any riddles?
Guess what happened to me today.
I had a strange dream last night.
My cat is ill.
I passed my exam!
I lost my keys.
What shall I cook tonight?
What shall I read next?
Recommend me a film.
Wish me luck.
Cheer me up.
Give me some advice.
I feel lonely.
Are you smart?
Can you keep a secret?
Do you love me?
Are you cleverer than my dog?
Will it snow this year?
May I ask you something?
Shall we play a game?
Heads or tails?
Pick a number from one to ten.
""") + for_training(further("small_talk"))
