"""What a right answer to one question must agree with."""

from __future__ import annotations

from dataclasses import dataclass

from facegpt_ros.language.fact import Fact

#: Kinds of question. A negated one ("is … not …?") has no clear yes or no: its answer must say what is the case.
WHAT, WHETHER, NEGATED, EITHER, MUCH = "what", "whether", "negated", "either", "much"
#: Kinds that no fact answers.
NO_FACE, UNKNOWABLE, GENERAL = "no face", "unknowable", "general"


@dataclass(frozen=True)
class Expected:
    """The truth behind a question.

    Attributes:
        kind: of the above.
        facts: that answer it; of a description, all that is known.
        key: WHETHER, NEGATED: what is asked about.
        asked: WHETHER: values for which the answer is yes.
    """

    kind: str
    facts: tuple[Fact, ...] = ()
    key: str = ""
    asked: frozenset[str] = frozenset()

    @property
    def fact(self) -> Fact | None:
        """The one that `key` names."""
        return next((fact for fact in self.facts if fact.key == self.key), None)
