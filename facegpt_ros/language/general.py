"""Things people say to a robot that are not about a face: what the classifier must leave alone."""

from __future__ import annotations

from facegpt_ros.language.frames import of_split

GENERAL_QUESTIONS: tuple[str, ...] = (
    "What is the capital of France?", "Tell me a joke.", "How do I boil an egg?", "What is 17 times 3?",
    "Who wrote Hamlet?", "Write a short poem about the sea.",
    "What is machine learning?", "Translate 'good morning' into Spanish.", "How far is the moon from the Earth?",
    "Explain photosynthesis.", "Hello!", "How are you?",
    "What's the weather like today?", "Set a timer for five minutes.", "Summarise the following text.",
    "Give me three ideas for dinner.", "Why is the sky blue?", "Good morning.",
    "Who was the first person on the moon?", "What time is it?", "Thanks a lot.", "How many legs does a spider have?",
    "What's your name?", "Can you help me with my homework?",
    "What is the largest ocean?", "Recommend a book.", "How does a bicycle work?",
    "Which planet is closest to the sun?", "Spell 'necessary'.", "Turn on the radio.",
    "How do I write a for loop in Python?", "What can you do?", "Play some music.", "Tell me a story about a dragon.",
    "What's the difference between a frog and a toad?", "Correct this sentence: I goes home.",
    "Who are you?", "What is the meaning of life?", "How tall is Mount Everest?", "List the primary colours.",
    "When did the Second World War end?", "What should I cook tonight?",
    "How many continents are there?", "What's the square root of 144?", "Write an email to my landlord.",
    "Where is the Eiffel Tower?", "Goodbye.", "What day is tomorrow?",
    "Which language is spoken in Brazil?", "How do plants grow?", "Drive to the kitchen.", "Stop.",
    "What is a neural network?", "Convert 10 miles to kilometres.",
    "What is the boiling point of water?", "Give me a synonym for 'quick'.", "Come here.",
    "Who painted the Mona Lisa?", "How can I sleep better?", "Tell me something interesting.",
    "Is water wet?", "What does 'ephemeral' mean?", "Sing a song.", "Can dogs eat chocolate?",
    "How old is the universe?", "Who invented the telephone?",
    "Describe the water cycle.", "Tell me about the Roman empire.", "Describe a sunset.",
    "What do you know about whales?", "What is the colour of an emerald?", "Is the shop open or closed on Sundays?",
    "How much does a loaf of bread cost?", "Is it going to rain?", "What's the speed of light?", "Do you like pizza?",
    "What is Python?", "Name a fruit.",
    "How big is Germany?", "Is the door open?", "Explain gravity to a child.", "How many people live in Tokyo?",
    "How do I get to the station, left or right?", "Switch the light off.",
    "Where do penguins live?", "What's the tallest building?", "How far away is Berlin?",
    "Is chess older than football?", "Make a shopping list.", "What's the news?",
    "Are you a robot?", "How do magnets work?", "Which way is north?", "What is the distance from Paris to Rome?",
    "Where are my keys?", "Remind me to call mum.",
    "Count to ten.", "Please repeat that.", "What did you say?", "Do you understand me?", "How hot is the sun?",
    "What's two plus two?",
    "Is the Earth round?", "Which is heavier, iron or gold?", "What's a good name for a cat?",
    "Who won the world cup in 2014?", "Invent a riddle.", "How do I tie a tie?",
    "What is the best way to learn a language?", "Why do cats purr?", "Write a haiku about winter.",
    "How do I change a tyre?", "What is the population of Canada?", "Why do we dream?",
    "How long does it take to fly to New York?", "What's on television tonight?",
    "Who is the president of the United States?", "What rhymes with orange?", "How do I make pancakes?",
    "What are prime numbers?",
)  # fmt: skip


def general_questions(split: str) -> list[str]:
    """Those of one split. Raises ConfigError when there is no such split."""
    return of_split(GENERAL_QUESTIONS, split)
