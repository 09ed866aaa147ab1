"""The check of a sentence: it names its sources, and they say what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from retrievers import FaqEntry, Passage

from .figures import Figure, figures, is_known
from .sentences import cited, spoken
from .support import unsupported


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may become of a sentence."""

    text: str
    """As it would be spoken: without markers."""
    cited: tuple[Passage, ...] = ()
    """The passages it rests on, in its own order."""
    problem: str = ""
    """Why it may not be given out, fit for a log; empty if it may."""


class Evidence:
    """The passages that a model was given, numbered from 1.

    Args:
        passages: In the order in which the model sees them.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._sources = [_Source(passage.entry) for passage in passages]

    def check(self, sentence: str) -> Verdict:
        """Whether a sentence, markers included, may be given out."""
        text, numbers = spoken(sentence), cited(sentence)
        if not numbers:
            return Verdict(text, problem="no source")
        if not all(1 <= number <= len(self._passages) for number in numbers):
            return Verdict(text, problem="a source that was not given")
        sources = [self._sources[number - 1] for number in numbers]
        if unknown := _unknown(text, sources):
            return Verdict(text, problem=f"{unknown[0].kind} that is not in the passages")
        problem = unsupported(
            text,
            words="\n".join(source.words for source in sources),
            claims="\n".join(source.claims for source in sources),
        )
        passages = tuple(self._passages[number - 1] for number in numbers)
        return Verdict(text, () if problem else passages, problem)

    def unknown(self, text: str) -> list[Figure]:
        """The figures of a text, without markers, that stand in none of the passages."""
        return _unknown(text, self._sources)


class _Source:
    """What one entry says.

    Its question and its other wordings are what citizens ask: the words in them may be used, but
    what they take for granted (押金500元能退吗？) proves nothing.
    """

    def __init__(self, entry: FaqEntry) -> None:
        self._entry = entry
        self.claims = entry.answer
        said = (entry.answer, entry.question, entry.department, entry.source_title, entry.field)
        self.words = "\n".join((*said, entry.place, entry.document_number, entry.region))

    @cached_property
    def figures(self) -> list[Figure]:
        entry = self._entry
        title = f"《{entry.source_title.strip('《》')}》" if entry.source_title else ""
        days = (entry.issued, entry.valid_from, entry.valid_until)
        stated = (entry.answer, title, entry.document_number, entry.place, entry.source_url, *days)
        return figures("\n".join(filter(None, stated)))


def _unknown(text: str, sources: Sequence[_Source]) -> list[Figure]:
    known = [figure for source in sources for figure in source.figures]
    return [figure for figure in figures(text) if not is_known(figure, known)]
