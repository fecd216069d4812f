"""Words for the colours of skin, hair and eyes, and for stubble.

Rows as in word_rows.py.
"""

from __future__ import annotations

from facegpt_ros.language.pools import further
from facegpt_ros.language.word_rows import rows

#: Rows of tones.
TONES = rows("""
skin_tone
  part: skin / complexion
  is: light / fair / pale / light-coloured
  with: a fair complexion / skin like porcelain / skin that burns in the sun
  before: light-skinned / fair-skinned / pale-skinned
-skin_tone
  part: skin / complexion
  is: dark / =deep brown / =dark brown / deep / =ebony / dark-coloured
  with: a dark complexion / deep brown skin
  before: dark-skinned
-skin_tone~ skin_warmth~
  part: skin / complexion
  is: =tan / tanned / =golden brown / =sun-browned / bronzed
  with: a tan / a light suntan / a holiday tan
  before: tanned / bronzed
skin_tone% skin_warmth
  part: skin / complexion
  is: =olive / =olive-toned / =olive-coloured
  with: an olive complexion / skin of an olive tone
  before: olive-skinned
skin_tone%
  part: skin / complexion
  is: ^=neither light nor dark / =medium / =light brown / =medium brown
  with: a medium skin tone / skin of a middling tone
skin_warmth
  part: skin / complexion
  is: golden / warm-toned / yellowish / honey-coloured
  with: a warm skin tone / a golden glow to the skin
-skin_warmth
  part: skin / complexion
  is: rosy / pinkish / cool-toned / pink-toned
  with: a rosy complexion / a pink tinge to the skin
stubble
  is: unshaven / stubbly / ^=in need of a shave
  with: stubble / a five o'clock shadow / a shadow of a beard / two days of stubble / designer stubble / stubble on
    the chin
  be: overdue for a shave
  before: unshaven / stubbly / stubble-cheeked
stubble!
  is: =clean-shaven / =smooth-shaven / =freshly shaven
  with: no trace of a beard / smooth shaven cheeks / no beard at all / no stubble
  be: fresh from the barber's razor
  before: clean-shaven / freshly shaven
hair_tone
  part: hair
  is: light / fair / =blond / =blonde / light-coloured
  with: short fair hair / a cropped blond head
  before: fair-haired / blond / light-haired
-hair_tone
  part: hair
  is: dark / =black / =dark brown / =raven-black / =jet-black
  with: short dark hair / a cropped dark head
  before: dark-haired / black-haired
eye_tone
  part: +eyes
  is: light / pale / light-coloured / bright
  with: pale irises
  before: pale-eyed
-eye_tone
  part: +eyes
  is: dark / dark-coloured / =nearly black / ^=very dark in colour
  with: dark irises / eyes as dark as coal
  before: dark-eyed
eye_blueness eye_tone~
  part: +eyes
  is: blue / =sky-blue / =sea-blue / =cornflower-blue
  with: blue irises / baby blues
  before: blue-eyed
-eye_blueness -eye_tone~?
  part: +eyes
  is: brown / =hazel-brown / =chestnut-brown / =amber-brown
  with: brown irises
  before: brown-eyed
eye_greenness
  part: +eyes
  is: green / =moss-green / =sea-green / =emerald
  with: green irises
  before: green-eyed
""", further("tones"))
