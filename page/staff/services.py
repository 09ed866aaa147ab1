"""What the sections of the staff page call: the store, its journal, ingestion and answers."""

import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.build import build_responder, build_store
from agent.settings import Settings
from agent.types import Answer, Question
from ingest.journal import IngestJournal
from ingest.pipeline import FileReport, IngestionPipeline, ProgressCallback, ReadOptions
from retrievers import Passage, Scope, language_of

from ..i18n.staff_texts import STAFF_PAGE_SUFFIX
from .ingest_jobs import IngestJobs

N_CANDIDATES = 6


class StaffServices:
    """One for the process: the store is loaded once, and one upload is ingested at a time.

    Args:
        settings: Of the deployment; the store is the one that its server searches.

    Raises:
        StoreError: The store cannot be used as it is.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = build_store(settings)
        self.jobs = IngestJobs()
        self._retriever, self._responder = build_responder(settings, self.store)

    @contextmanager
    def journal(self, who: str) -> Iterator[IngestJournal]:
        """The journal, signed by whoever acts; a name that was typed is not an account's."""
        with IngestJournal(self.settings.data_dir, who=who + STAFF_PAGE_SUFFIX) as journal:
            yield journal

    @contextmanager
    def pipeline(self, who: str) -> Iterator[tuple[IngestionPipeline, IngestJournal]]:
        """What changes the store, and the journal it is noted in."""
        with self.journal(who) as journal:
            yield IngestionPipeline(self.store, journal), journal

    def ingest(
        self, paths: Sequence[Path], options: ReadOptions, who: str, progress: ProgressCallback
    ) -> Generator[FileReport, None, None]:
        """Ingest files; see :meth:`~ingest.pipeline.IngestionPipeline.add`."""
        with self.pipeline(who) as (pipeline, _):
            yield from pipeline.add(paths, options, progress)

    def answer(self, question: str) -> Answer:
        """What a visitor would be told who asks this first; with the language model, if any.

        Each question counts as a session of its own, so that trying many does not use up
        ``llm.tokens_per_session``.
        """
        replies = self._responder.respond(Question(question, secrets.token_hex(8)))
        return next(reply for reply in replies if isinstance(reply, Answer))

    def candidates(self, question: str) -> list[Passage]:
        """What matches best, also if it is no longer or not yet valid; best first."""
        scope = Scope(language_of(question))
        return self._retriever.search(question, k=N_CANDIDATES, within=scope)
