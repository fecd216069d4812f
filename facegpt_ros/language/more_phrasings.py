"""More ways to ask, all of the train split, from which only topic_classifier.py learns: no answer is told with them.

"they" and "the person" are whoever it is about.
"""

from __future__ import annotations

from facegpt_ros.language.expected import UNKNOWABLE


def _ways(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(way.split()) for way in text.split("|")))


#: topic or UNKNOWABLE → ways to ask.
MORE_PHRASINGS: dict[str, tuple[str, ...]] = {
    "head_turn": _ways("""
        How is the head rotated? | Is the head facing left or right? | Has the head been turned sideways? | Are they
        looking over their shoulder with the whole head? | Did they turn their face to a side? | Towards what side
        does the nose point? | Does the head swivel to the left? | Is the face turned more to the left or more to the
        right? | Give me the yaw. | Direction of the head? | Which way are they turned? | In which direction is the
        nose pointing? | Do they have their head turned to the right or the left? | How many degrees is the head
        rotated to the side? | Angle of the head, left or right? | Is the head pointing straight forward? | How strong
        is the rotation of the head? | What's the horizontal angle of the head? | Which side is the head pointing to?
        | Is the head twisted? | Does the nose go to the left or to the right? | Where is the nose pointing, sideways?
        | Which direction does the head face?"""),
    "head_pitch": _ways("""
        Are they holding their head high? | Is the head hanging? | Does the head point downwards? | Do they tip their
        head back? | Is the head inclined forward or backward? | Are they nodding? | How is the chin held, high or
        low? | Is the nose pointing up or down? | Have they lowered their head? | Give me the pitch of the head. | Is
        the head tipped forwards, backwards or neither? | How many degrees is the chin up? | Is the head thrown back?
        | Does the face point to the ground or to the sky? | Did the head drop? | Vertical angle of the head? | How
        steeply is the head bowed? | Is their head bent forward? | Does the head hang forward? | Does the forehead
        come forward or go back? | Does the head nod? | Is the head leaning backwards? | How far back is the head?"""),
    "head_tilt": _ways("""
        Is the head slanted? | Do they hold their head crooked? | Is the head straight up or at an angle to the
        shoulder? | Has the head tipped over to a shoulder? | Are they leaning their head on a shoulder? | Is the head
        askew? | Do they tip their head sideways? | How slanted is the head? | Does the head lean? | Is the head
        inclined to the right? | Is there a sideways lean of the head? | Give me the roll of the head. | How many
        degrees does the head lean sideways? | Is the head vertical? | Are the eyes on a level line, or does the head
        lean? | Which direction is the head tilted in? | Tilt of the head? | How big is the sideways tilt? | Is the
        head cocked to one side?"""),
    "facing": _ways("""
        Do we see the face head-on? | Is this a side-on view? | Do they show us their profile? | Is the person facing
        me? | Am I looking at a profile? | Can the whole face be seen or just half of it? | Is it a three-quarter
        view? | Are they turned away from the camera? | Is the face towards the camera? | Is the view frontal? | From
        what angle do I see the face? | Do they face us? | Are both halves of the face visible? | Is it a view from
        the side? | What angle is the face seen from? | Is the face averted? | Full face or half profile? | Are they
        looking away from the camera with the whole face?"""),
    "gaze": _ways("""
        Are they watching me? | Is somebody looking at me? | Are the eyes directed to the left? | Do they glance
        sideways? | What are the eyes pointed at? | Are they gazing upwards? | Do they stare into the lens? | Is the
        person peering down? | Do we have eye contact? | Are their eyes on me? | Are they looking into the camera? |
        Which way do they gaze? | Have they averted their eyes? | Direction of gaze? | Where did they turn their eyes?
        | Are the pupils to the left, to the right or in the middle? | Is the look directed at us? | Do they watch the
        camera? | Where is the look aimed? | What direction is the person gazing in? | Do they look up, down or
        straight ahead? | Where are the pupils pointed? | Are they eyeing me?"""),
    "eyes": _ways("""
        Are the eyes shut? | Does the person have open eyes? | Is an eye closed? | Are they squinting? | Are they
        asleep, judging by the eyelids? | Did they blink? | Are the lids closed? | How far are the lids open? | Do
        they keep an eye closed? | Is one of the eyes shut? | Are their eyelids drooping? | Do they close one eye? |
        Eyes open or shut? | How open is the left eye? | Can I see their pupils or are the eyes shut? | Are the
        eyelids lowered? | Is it a wink? | Is the right eye open? | Are they winking at me? | What are the eyelids
        doing? | Are the eyes wide or narrowed? | Are the lids up? | Do their lids hide the eyes? | Are they awake? |
        Do they squint? | Did they close their eyes?"""),
    "mouth": _ways("""
        Is the mouth shut? | Are they gaping? | Does the jaw hang down? | Is the jaw dropped? | Are the lips closed? |
        Is the mouth ajar? | Do they have an open mouth? | Can we see into the mouth? | How wide open is the mouth? |
        How far are the lips apart? | Are the lips together? | What's the gap between the upper and the lower lip? |
        Is there space between the lips? | Has the person closed the mouth? | Opening of the mouth in millimetres? |
        How many mm is the mouth opened? | Mouth open? | Do the lips meet? | How far apart are the lips? | Are they
        opening their mouth? | Are they yawning?"""),
    "smile": _ways("""
        Are they beaming? | Do they grin? | Is the person laughing? | Are they wearing a grin? | Did they smile? | Can
        you see a smile? | Are they smiling or serious? | Is that a smile? | How wide is the grin? | Is the smile
        slight or broad? | Smile? | Is it a faint smile? | Do you spot a smile on the face? | How clear is the smile?
        | Do they smile at the camera? | Got a smile? | Describe the smile. | How large is the smile, if there is one?
        | Are they giving me a smile? | Is there any trace of a smile?"""),
    "mouth_shape": _ways("""
        Is the tongue out? | Are they sticking out their tongue? | Are the lips pursed? | Are they pouting? | Do they
        blow a kiss? | Are the lips pressed together? | Do they tighten their lips? | Are the corners of the mouth
        raised? | Do the mouth's corners hang? | Is the mouth rounded or stretched? | What is the form of the mouth? |
        Can I see the tongue? | Are the lips puckered? | Do they turn down the corners of their mouth? | How are the
        lips formed? | Is the mouth making a shape? | Is the mouth crooked, stretched or funnelled? | Do they press
        their lips? | In what way do they shape their mouth? | Are the lips relaxed or pressed? | What are they doing
        with their tongue? | In which way are the lips held? | What do the lips do? | How does the mouth look, pursed
        or stretched?"""),
    "brows": _ways("""
        Are they lifting their eyebrows? | Do they frown? | Are the brows pulled up? | Are the brows relaxed? | Are
        the eyebrows drawn down? | Is there a frown between the brows? | Eyebrows raised? | How far up are the brows?
        | Have the eyebrows been lowered? | Do they raise their brows? | What do their eyebrows do? | Where have the
        eyebrows gone? | Are the eyebrows lifted in surprise? | What is the state of the brows? | Is anything moving
        about the eyebrows? | Are the brows lowered or lifted? | How do they hold their brows? | Are the eyebrows
        contracted? | Are the brows at rest? | Are the eyebrows high or low? | How high are the eyebrows raised? | Are
        the brows in their usual place? | What about a frown? | Where do the eyebrows sit just now?"""),
    "expression": _ways("""
        What emotion is it? | Do they look angry? | Are they sad? | Are they happy? | Do they appear surprised? | Are
        they in a good mood? | Is the person upset? | What's their mood? | Is it a sad face? | Are they annoyed? | How
        are they feeling? | Does the face look scared? | Are they disgusted? | Name the emotion. | Which mood do they
        seem to be in? | What does the face express? | Is the face neutral? | Is the expression friendly or angry? |
        Do they seem bored or sleepy? | What facial expression can you see? | Can you tell me their expression? | How
        would you name that look? | What sort of look do they have? | Are they making a face? | Do they look neutral?
        | What look do they have on their face? | What does the face look like, cheerful or cross? | How would you
        call that expression?"""),
    "light_direction": _ways("""
        From what side is the face lit? | What side does the light come from? | Is the lamp above or below? | Is the
        sun behind them? | Does the light come from the left? | Are they lit from behind? | Is there light from above?
        | Is the light behind the camera? | Light source, left or right? | Where is the light? | Which cheek gets more
        light? | Where are the lamps? | Is the window on the left or on the right? | Is the face backlit? | On what
        side is the face brighter? | From where does the light shine? | Is the light coming from the side? | Which
        direction does the illumination come from? | Is the lighting from the front or from the side? | Position of
        the light source? | Where do the rays come from?"""),
    "light_brightness": _ways("""
        Is it too dark? | Is there much light? | Is the room dark? | Is the face bright? | How dark is it? | Is the
        light weak? | Do we have good light? | Is the picture underexposed? | Should I switch on a lamp to see them? |
        How bright is the face? | Brightness? | Is the illumination strong? | Do they stand in bright light? | Is the
        face in the dark? | How dim is the light? | How much light falls on the face? | Is the image bright or dark? |
        Is the lighting poor? | What's the intensity of the light? | Is more light needed? | Would a brighter light be
        better? | Can the face be seen well in this light? | Is the light good enough? | Is there too little light? |
        Are they well lit? | Is the lighting bright? | How strong is the lamp?"""),
    "light_contrast": _ways("""
        Does the face have deep shadows? | Is one half of the face darker? | Are the shadows soft? | Is it harsh
        light? | Is the light even? | How uniform is the light? | Is the light spread evenly over the face? | Are
        there hard shadows? | Is the lighting flat? | Are the shadows sharp or blurred? | Is there a strong contrast?
        | How evenly is the face lit? | Does the light make hard shadows? | Contrast of the light? | Is the light
        dramatic? | How deep are the shadows? | Is the lighting uniform? | How soft is the lighting? | Is the face
        shaded on a side? | Hard shadows or even light? | Is the light smooth over the face? | Is the light regular
        across the face? | Do the shadows have hard edges?"""),
    "light_tint": _ways("""
        Is the light blue? | Is the light yellow? | Is it a warm light? | What's the colour of the lighting? | Is the
        light orange or white? | Is it cold light? | Colour of the light? | Does the light look reddish? | Does the
        illumination have a colour? | How cool is the light? | Is there a colour cast? | Is the picture tinted by the
        light? | Which hue is the lamp? | Is it daylight or lamplight, by its colour? | How warm or cold is the
        lighting? | Is the light neutral in colour? | Colour cast of the image? | What shade of light is it? | How
        blue is the light? | What temperature does the light have?"""),
    "distance": _ways("""
        Are they close to me? | Is the person far away? | How many metres? | How near is the face? | How far off are
        they? | Do I stand too close? | Are they within reach? | Could I touch them from here? | How long is the way
        to them? | What is the gap between the camera and the person? | How far is the face? | How many centimetres
        are between the camera and the face? | How many steps is it to the person? | How far away do they stand? |
        Give me the distance. | How close do they get? | Are they standing next to the camera? | Is the face at arm's
        length? | What's the separation between us? | How much room is there between the camera and them? | How
        distant is the face from the lens? | Have I come close enough? | What space is there between the camera and
        the person? | How much distance is there between us? | Are they nearby? | Within what range is the person? |
        How far must I reach to touch them? | What is the range in metres?"""),
    "position": _ways("""
        Is the face on the left or on the right of the picture? | Is the person at the edge of the image? | Is the
        face at the top or at the bottom? | Where in the photo is the person? | In what corner of the image is the
        face? | Is the face in the centre? | What part of the frame holds the face? | Where can the face be found in
        the picture? | Is the face low in the frame? | Where are they in the image? | Where in the view is the face? |
        Are they in the upper half of the picture? | Find the face in the picture. | Point out where the face is in
        the frame. | Position of the face in the image? | Is the person in the middle of the screen? | On which side
        of the image are they? | Which half of the frame is the face in? | Is the face near the border of the image? |
        Whereabouts on the screen is the person? | Is the face at the top of the image? | Is the face in the middle? |
        Is the face off to the left? | What spot of the picture is the face in?"""),
    "size": _ways("""
        Is the face big in the image? | Does the face take up a lot of the image? | How large is the person in the
        picture? | How much of the screen is the face? | Is the face small on the screen? | How much of the frame do
        they fill? | How high is the face in percent of the picture? | Size of the face? | What part of the image's
        height does the face take? | Does the head fill the frame? | How many percent of the height is the face? | Is
        it a large face in the photo? | How small is the face in the image? | Does the face cover much of the view? |
        Is the face shown large? | How big is the head on the picture? | What fraction of the picture is face? | Is
        the person tiny in the frame? | Percentage of the picture that the face fills?"""),
    "count": _ways("""
        Is somebody there? | Is anyone there? | Do you see anybody? | Can you see anyone? | Can you see a person? |
        Can you see me? | Do you see somebody? | Is there a face in the picture? | Are there any people? | How many
        are there? | How many heads? | Are they alone? | Is nobody there? | Are there more than two faces? | Is it a
        group or one person? | Is there someone in front of you? | Are there people in view? | Do you detect a face? |
        How many persons can you make out? | Did you find a face? | Give me the number of persons. | Who else is
        there, or is it just one person? | Anybody in sight? | Is there more than one face? | Count the people in the
        picture. | Are we two or three? | Can you see people? | Is anybody in front of you? | Are you seeing anyone? |
        Is a person visible? | Do you see me?"""),
    "nearest": _ways("""
        Who is the closest? | Who is nearest to me? | Which of the two is closer? | Is the person on the left nearer
        than the one on the right? | Who comes closest to the camera? | Which of the people is closer to us? | Which
        face is nearest? | Who is further away? | Who stands nearer to me? | Whose face is closest? | Which person is
        closer to the camera? | Who has come nearest? | Is the left or the right face nearer to the camera? | Which of
        them is the least distant? | Who is standing closer? | Of those two, who is nearer? | Compare how near they
        are. | Who is the first in depth? | Which of them has the smallest distance? | Who is farther away? | Who of
        them is the least far? | Who is standing at the very front?"""),
    "most_smiling": _ways("""
        Who has the biggest smile? | Who is smiling more? | Who looks happiest? | Whose smile is broader? | Who grins
        the most? | Which of the two smiles more? | Which of the faces has the widest smile? | Is the one on the right
        smiling more than the one on the left? | Who beams the most? | Which person has the broadest grin? | Which
        face smiles more? | Who of them has the larger smile? | Compare the smiles. | Who wins at smiling? | Whose
        smile is stronger, the left or the right person's? | Among them, who smiles most? | Whose smile wins? | Who
        shows more of a smile? | Compare how much they smile."""),
    "face_shape": _ways("""
        Is the face round? | Is the face oval? | Is it a round or a long face? | Is the face slim? | Does the person
        have a strong jaw? | What's the chin like? | What is the jaw like? | Are the cheeks round? | How wide is the
        face? | How long is the face? | Is the jaw square? | Does the chin stick out? | Is the chin receding? | What's
        the outline of the face like? | Describe the jaw. | Describe the cheeks. | Is the face broad? | How are the
        face's proportions? | What are the contours like? | How is the head shaped? | Is it a wide jaw? | Is the face
        built long or wide? | Does the chin protrude? | Is the chin prominent? | What sort of chin is it? | Describe
        the chin. | Does the jaw look strong? | Do they have hollow cheeks?"""),
    "nose": _ways("""
        Is the nose long? | Is the nose broad? | Is the nose short or long? | How long is the nose? | Is it a big
        nose? | Is it a slim nose? | Does the nose look wide? | Shape of the nose? | What does the nose look like? |
        How would you put the nose into words? | Is the nose small? | Say something about the nose. | What form has
        the nose? | How broad is the nose? | Do they have a small nose? | Describe the shape of the nose. | How large
        is the nose? | Is that nose narrow?"""),
    "lips": _ways("""
        Are the lips thick? | Are the lips thin? | Is the lower lip full? | Does the person have big lips? | How thick
        are the lips? | Is the mouth wide by build? | Is it a wide mouth? | How wide is the mouth from corner to
        corner? | What sort of lips are they? | Describe the lips. | Is the mouth small? | Are the lips rather full? |
        Thin lips? | How thin are the lips? | How fleshy is the lower lip? | Is the lower lip plump? | Are they
        full-lipped? | Does the mouth look narrow? | What are the lips like, plump or slim? | What sort of lips does
        the person have? | How would you describe the lips?"""),
    "eye_shape": _ways("""
        Are the eyes big? | Are the eyes wide apart? | Are the eyes set close together? | What are the eyes like in
        size? | How wide-set are the eyes? | Is the distance between the eyes large? | Are the eyes small? | How much
        space is there between the eyes? | What size do the eyes have? | How are the eyes shaped? | What shape do the
        eyes have? | Describe the eyes' shape. | Do the brows sit high above the eyes by nature? | Are the eyes far
        apart? | Is the spacing of the eyes wide? | Large eyes or small ones? | Describe how the eyes are spaced. |
        What sort of eyes are those?"""),
    "apparent_age": _ways("""
        Do they look young? | Do they seem old? | Does the person look elderly? | Do they look like a teenager or a
        pensioner? | How young do they look? | How old do they appear? | Is the face old? | Do they look middle-aged?
        | Is it a youthful face? | What's their apparent age? | Roughly what age do they look? | Does the person
        appear younger or older? | Do I look old? | Do they look aged? | Is that an elderly face? | Would you say they
        look young? | How old would you say they look? | What generation does the face look like? | Looks young or
        old?"""),
    "skin_tone": _ways("""
        Is the skin pale? | Is the skin tanned? | Do they have dark skin? | Is the complexion fair? | What tone is the
        skin? | How pale are they? | What's the colour of the skin? | Is the skin brown? | Tell me about the skin. |
        Is their skin fair or tanned? | What does the skin look like, light or dark? | What shade of skin do they
        have? | Complexion? | Colour of the skin? | Is it a light complexion? | How fair is the complexion? | Do they
        have light or dark skin? | What skin colour do they have?"""),
    "describe": _ways("""
        Describe the person. | Describe them. | What is there to see? | What do they look like? | Describe the
        picture. | Describe the image. | Tell me what you see. | Tell me something about them. | Tell me all about the
        face. | Say what you see. | What does the face look like? | What is to be seen in the image? | What's in the
        picture? | What is in the image? | What can be seen? | What are they up to? | What are you looking at? |
        Describe what is in front of you. | Give me a summary of the face. | Give me an overview of the person. | Talk
        about the face. | Report on the person. | How do they look? | How does the face look? | Give a description of
        them. | Could you describe the person? | Please describe them to me. | Can you tell me about the person? | Sum
        up what you see. | I am blind: what is in front of the camera? | What is happening here? | What's going on
        here? | What does the scene show? | What does the picture show? | Describe everything that you see. | What do
        you notice about them? | What do you notice? | Whom do you see, and what are they doing? | What are they doing
        right now? | What is this person up to? | Put what you see into words. | Describe the face briefly. | A short
        description, please. | Anything you can say about this person? | Tell me how they look. | Comment on the face.
        | Do tell me what's visible. | Make a short report of the face. | Characterise the face. | Explain what you
        see in the image. | What would you say about this picture? | What do you see there? | What are they busy with?
        | What's the person up to just now? | Can you say something about them? | Say a few words about the person. |
        Say anything about the face. | What do you make of them? | How would you portray this person? | Let me know
        what you see. | Speak about the person in front of you."""),
    UNKNOWABLE: _ways("""
        Who is that? | Who is that person? | Who am I talking to? | Have we met before? | Do I know them? | What do
        they call themselves? | Have you seen them before? | Is it the president? | Is that an actor? | Is this John?
        | Are they my neighbour? | What's their surname? | Name the person. | Identify the person. | Is it the same
        one again? | Whose face is this? | Whose face is it? | Are they from China? | Are they French? | Are they
        American? | Is the person Indian or Arab? | Is the person black or white? | What is their heritage? | Where
        were they born? | Where did they grow up? | Are they a local? | What is their mother tongue? | Do they speak
        English? | Do they have a passport? | Are they tourists? | Are they sick? | Do they have a fever? | Do they
        have cancer? | Are they in pain? | Do they have a mental disorder? | Do they drink? | Are they an addict? | Do
        they take medicine? | Do they have a headache? | Do they need help from a nurse? | How is their health? | Are
        they disabled? | Do they have diabetes? | What is their blood pressure? | Are they expecting a baby? | Are
        they nice? | Are they shy? | Are they rude? | Are they a good person? | Are they generous? | Are they patient?
        | Are they funny? | Are they outgoing? | Do they have a good heart? | Are they mean? | Are they reliable? |
        Are they selfish? | What are they like as a person? | Is the person arrogant? | Would they help me? | What is
        their temperament? | Are they hard-working? | Are they smart? | Are they bright? | Are they dumb? | What are
        their grades? | Did they study? | How clever are they? | Are they good at maths? | How educated are they? |
        Can they read? | Are they qualified for the job? | Do they have a diploma? | How talented are they? | What are
        they after? | What are they about to do? | Are they going to attack me? | What do they plan? | What are their
        plans? | Why did they come? | Will they buy something? | Are they waiting for someone? | What do they think of
        me? | Do they hate me? | Do they need something? | Are they a threat? | What are they thinking about? | Do
        they want to leave? | Will they come back? | Are they in a hurry? | Are they jealous? | What is their goal? |
        Are they looking for someone? | Do they love someone? | What do they feel about me? | Do they like you? | Are
        they sincere with us? | Are they a thief? | Do they lie? | Are they being truthful? | Are they innocent? | Are
        they guilty? | Have they broken the law? | Can they be trusted? | Should I trust them? | Do they keep secrets?
        | Are they cheating? | Did they steal it? | Have they killed anybody? | Are they faking it? | Do they have a
        criminal record? | Do they mean what they say? | Are they homosexual? | Are they queer? | Are they attracted
        to women? | Are they into girls? | Do they fancy boys? | Are they hetero? | Are they trans? | Do they date
        men? | Do they pray? | Are they religious? | Are they Buddhist? | Are they Catholic or Protestant? | Are they
        a Hindu? | Do they go to church? | Are they a socialist? | Are they a liberal? | Did they vote for the
        president? | What do they believe in? | Are they a communist? | What are their political opinions? | What do
        they do for work? | Are they a lawyer? | Are they a student? | Are they a nurse? | Are they a policeman? | Do
        they have a job? | Do they work here? | What's their salary? | Are they wealthy? | Are they a millionaire? |
        Are they broke? | Are they an engineer? | Are they retired? | What do they own? | Who do they work for? | Can
        they afford it? | How old are they exactly? | Are they 40? | Are they under 16? | Is the person of age? | Are
        they thirty? | What year were they born? | When were they born? | How many years old are they? | Are they an
        adult? | What is their birthday? | Precisely what age are they? | Are they allowed to buy alcohol? | Are they
        a parent? | Do they have a wife? | Do they have a girlfriend? | Are they engaged? | Where is their home? |
        What's their email? | What do they like to eat? | What did they have for breakfast? | Do they have a brother?
        | Where are they going? | Where have they been? | What is their favourite film? | What do they do at the
        weekend? | Do they like coffee? | Do they have family? | What did they do last night? | How tall are they? |
        How heavy are they? | Is it a man? | Is it a woman? | Is that a man? | Is that a girl? | Are they a boy? | Are
        they female? | Man or woman? | Boy or girl? | Is this a he or a she? | What's their gender? | What is their
        sex? | Are they masculine? | Are they pretty? | Are they handsome? | Are they cute? | Are they sexy? | Do they
        look good? | Is the face beautiful? | Who is prettier? | How beautiful are they? | How pretty are they? |
        Would you date them? | Give their looks a mark. | Score their beauty. | Is the person more handsome than me? |
        Are they better looking than me? | Are they worth it? | Are they valuable? | Do I look pretty? | Am I
        beautiful? | Am I ugly? | How do I rate in looks? | Are they superior to others? | Are they a nobody? | Is
        this my brother? | Is that a politician? | Is this your owner? | Is it a child? | Is this a criminal? | Is
        that a tourist? | Is this someone I know? | Is that the new colleague? | Could this be a teacher? | Do you
        remember me? | Do you know me? | What is my name? | How old am I? | Am I attractive? | Am I a man? | Do I look
        ill? | Who are these people? | Who is in the picture? | Which of them is richer? | Who is the smartest? | Is
        it a boy? | Is that a he? | Are they the culprit? | Is it somebody well-known? | Are they of legal age? | Do
        they own a house? | Are they friends with me? | Would they make a good teacher?"""),
}  # fmt: skip
