"""Errands, questions and small talk that are whole as they are; those of plain_prompts.py are frames.

None speaks of a face that the robot sees.
"""

from __future__ import annotations

from facegpt_ros.language.pools import for_training, further, lines

ERRANDS = lines("""
What is the capital of France?
How do I boil an egg?
Who wrote Hamlet?
Write a short poem about the sea.
What is machine learning?
Translate 'good morning' into Spanish.
How far is the moon from the Earth?
What's the weather like today?
Set a timer for five minutes.
Summarise the following text.
Give me three ideas for dinner.
Why is the sky blue?
Who was the first person on the moon?
Thanks a lot.
How many legs does a spider have?
What's your name?
Can you help me with my homework?
What is the largest ocean?
Recommend a book.
How does a bicycle work?
Which planet is closest to the sun?
Spell 'necessary'.
Turn on the radio.
How do I write a for loop in Python?
Play some music.
Tell me a story about a dragon.
What's the difference between a frog and a toad?
Correct this sentence: I goes home.
What is the meaning of life?
How tall is Mount Everest?
List the primary colours.
When did the Second World War end?
What should I cook tonight?
How many continents are there?
What's the square root of 144?
Write an email to my landlord.
Where is the Eiffel Tower?
What day is tomorrow?
Which language is spoken in Brazil?
How do plants grow?
Drive to the kitchen.
What is a neural network?
Convert 10 miles to kilometres.
What is the boiling point of water?
Give me a synonym for 'quick'.
Come here.
How can I sleep better?
Tell me something interesting.
Is water wet?
What does 'ephemeral' mean?
Sing a song.
Can dogs eat chocolate?
How old is the universe?
Who invented the telephone?
Describe the water cycle.
Tell me about the Roman empire.
Describe a sunset.
What do you know about whales?
What is the colour of an emerald?
Is the shop open or closed on Sundays?
How much does a loaf of bread cost?
Is it going to rain?
What's the speed of light?
Do you like pizza?
What is Python?
Name a fruit.
How big is Germany?
Is the door open?
How many people live in Tokyo?
How do I get to the station, left or right?
Switch the light off.
Where do penguins live?
What's the tallest building?
How far away is Berlin?
Is chess older than football?
Make a shopping list.
What's the news?
How do magnets work?
Which way is north?
What is the distance from Paris to Rome?
Where are my keys?
Remind me to call mum.
Count to ten.
Please repeat that.
Do you understand me?
How hot is the sun?
Is the Earth round?
Which is heavier, iron or gold?
What's a good name for a cat?
Who won the world cup in 2014?
Invent a riddle.
How do I tie a tie?
What is the best way to learn a language?
Why do cats purr?
Write a haiku about winter.
How do I change a tyre?
What is the population of Canada?
Why do we dream?
How long does it take to fly to New York?
What's on television tonight?
Who is the president of the United States?
What rhymes with orange?
How do I make pancakes?
What are prime numbers?
How do I get rid of wrinkles?
What is the distance to the sun?
How far is London?
How old is the pyramid of Cheops?
How big is an elephant?
How long is a marathon?
Why is grass green?
Which colour do you get from blue and yellow?
Turn left.
Turn right.
Go forward.
Move back a metre.
Look up the word 'gaze'.
Open the window.
Close the door.
Switch on the lamp.
Turn the light on.
Dim the lights.
What is light made of?
How does a lamp work?
What is a camera?
How do I take a picture of the moon?
How do I describe a landscape?
Describe a rainy day.
Describe your favourite place.
Tell me a fairy tale.
Tell me about yourself.
Who built you?
What are you?
Are you alive?
Are you happy?
Do you have feelings?
Can you sing?
What languages do you speak?
Do you have a name?
Can you see?
What can you see in Paris in two days?
How many people work at NASA?
How many people live on Earth?
Count from one to twenty.
Count the planets.
Which country is the largest?
Which animal is the fastest?
Who was Napoleon?
Who is the king of Spain?
Who discovered penicillin?
Where is Australia?
Where do I find a chemist?
Is the shop near?
Is it cold outside?
Is it raining?
Is it dark on Mars?
Is the bridge open?
Is the museum closed on Mondays?
Is milk good for bones?
Should I learn French or Italian?
Add salt to the shopping list.
Call my brother.
Take me to the lift.
Follow me.
Bring me a glass of water.
Be quiet.
Louder, please.
Say it again.
Shut down.
Go to sleep.
What's new?
What's for lunch?
How was your day?
See you later.
Bye.
Yes.
No.
Okay.
All right.
Hm.
I like you.
I love music.
I am tired.
I need a break.
I have a question.
My dog is old.
My head hurts.
Do I need a visa for Japan?
Am I right?
Can I ask you something?
Could you translate this?
What does it mean?
What is the time in Tokyo?
When does the train leave?
When is Easter?
Why do leaves fall?
Why does iron rust?
How do birds fly?
How is paper made?
How do I fix a flat tyre?
How do I mix a warm grey?
What is the tallest mountain?
What is the shape of the Earth?
What is the width of a football pitch?
What shape is a stop sign?
What's the brightest star?
Recite a poem.
Write a limerick.
Sing me to sleep.
Start the music.
Wake me at seven.
""") + for_training(further("errands"))
