"""What is met before anything is looked up: emergencies first."""

from collections.abc import Iterator

from ..dialogue.emergencies import EmergencyRecogniser
from ..types import Answer, Question, Responder, Sentence
from .faq import verbatim_reply

EMERGENCY = "emergency"
"""The ``act`` of an answer that says whom to call."""


class DialogueResponder:
    """Meets what is no question to look up, and leaves the rest to another responder.

    Whoever tells of an emergency is told at once whom to call, in words from a table: no language
    model and no knowledge base has a part in it.

    Args:
        questions: Answers everything else.
        emergencies: Knows emergencies when it reads them.
    """

    def __init__(self, questions: Responder, emergencies: EmergencyRecogniser) -> None:
        self._questions = questions
        self._emergencies = emergencies

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield the Answer, then its sentences; or what the other responder yields."""
        emergency = self._emergencies.recognise(question.text)
        if emergency:
            answer = Answer(emergency.text, "greeted", act=EMERGENCY, numbers=emergency.numbers)
            yield from verbatim_reply(answer)
            return
        yield from self._questions.respond(question)

    def all_texts(self) -> Iterator[str]:
        """Everything that can be said here whatever was said before, so that it can be rendered."""
        yield from self._emergencies.all_texts()
