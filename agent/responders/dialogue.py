"""What is met before anything is looked up: emergencies first, then what is no question."""

from collections.abc import Iterator
from dataclasses import replace

from retrievers import language_of

from ..dialogue.acts import DialogueActs, offered
from ..dialogue.emergencies import EmergencyRecogniser
from ..types import Answer, Question, Responder, Sentence
from .faq import spoken_sentences, verbatim_reply

EMERGENCY = "emergency"
"""The ``act`` of an answer that says whom to call."""


class DialogueResponder:
    """Meets what is no question to look up, and leaves the rest to another responder.

    Whoever tells of an emergency is told at once whom to call, in words from a table: no language
    model and no knowledge base has a part in it. Thanks, a wish to hear it again and the like are
    met from a table too. "The first one" is the question that was offered.

    Args:
        questions: Answers everything else.
        emergencies: Knows emergencies when it reads them.
        acts: Knows what else is no question.
    """

    def __init__(
        self, questions: Responder, emergencies: EmergencyRecogniser, acts: DialogueActs
    ) -> None:
        self._questions = questions
        self._emergencies = emergencies
        self._acts = acts

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield the Answer, then its sentences; or what the other responder yields."""
        emergency = self._emergencies.recognise(question.text)
        if emergency:
            answer = Answer(emergency.text, "greeted", act=EMERGENCY, numbers=emergency.numbers)
            yield from verbatim_reply(answer)
            return
        intent = self._acts.intent(question.text, question.history)
        if intent.kind == "act":
            written_in = "zh-CN" if intent.is_pinyin else language_of(question.text)
            language = written_in or question.language
            answer = self._acts.answer(intent.act, language, question.history)
            yield answer
            yield from spoken_sentences(answer.text)
            return
        text = intent.question
        if intent.kind == "pick":
            choice = offered(question.history)
            text = choice[intent.place - (intent.place > 0)]
        yield from self._questions.respond(replace(question, text=text))

    def all_texts(self) -> Iterator[str]:
        """Everything that can be said here whatever was said before, so that it can be rendered."""
        yield from self._emergencies.all_texts()
        yield from self._acts.all_texts()
