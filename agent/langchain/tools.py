"""What a LangChain agent can do here: look up policies, speak, show the presenter, hand over.

Any LangChain chat-bot may use them; ``docs/agent.md`` has an example. Media go two ways: piece
by piece into the graph's ``custom`` stream, and as a whole into the tool message's artifact.
"""

from collections.abc import Iterable

from langchain.tools import BaseTool, tool
from langgraph.config import get_stream_writer

from avatar_engine import Fragment
from retrievers import FaqEntry, Passage, Retriever

from ..pipeline import AnswerPipeline
from ..policy_search import SEARCH_DESCRIPTION, SEARCH_NAME, Query, Region, find_policies
from ..responders.faq import entry_answer
from ..service_texts import service_text
from ..types import ReplyEvent

SearchResult = tuple[str, list[Passage]]
MediaResult = tuple[str, list[ReplyEvent]]


def agent_tools(
    retriever: Retriever, session: AnswerPipeline | None, *, hotline: str
) -> list[BaseTool]:
    """The four tools, on loaded stages.

    Args:
        retriever: Where policies are looked up.
        session: Who speaks; None leaves out the two tools that do.
        hotline: Where visitors are sent whom nothing here can help.
    """

    @tool(SEARCH_NAME, description=SEARCH_DESCRIPTION, response_format="content_and_artifact")
    def search_policies(query: Query, region: Region = None) -> SearchResult:
        passages = find_policies(retriever, query, region)
        return _passages_text(passages) or "Nothing was found.", passages

    @tool
    def hand_over(language: str = "zh-CN") -> str:
        """Send the visitor to a human: what to tell those whom nothing here can help.

        Args:
            language: The visitor's, as a BCP 47 tag.
        """
        return service_text("refused", language, hotline=hotline)

    return [search_policies, hand_over, *(_speaking_tools(session) if session else ())]


def _speaking_tools(session: AnswerPipeline) -> list[BaseTool]:

    @tool(response_format="content_and_artifact")
    def speak(text: str) -> MediaResult:
        """Say something to the visitor aloud, without a picture.

        Args:
            text: What to say, in full sentences.
        """
        return _stream_media(session.say(text, media="audio"))

    @tool(response_format="content_and_artifact")
    def show_presenter(text: str) -> MediaResult:
        """Let the presenter, the talking face, say something to the visitor.

        Args:
            text: What to say, in full sentences.
        """
        return _stream_media(session.say(text, media="video"))

    return [speak, show_presenter]


def _passages_text(passages: list[Passage]) -> str:
    return "\n\n".join(
        f"[{number}] {passage.entry.question}\n{entry_answer(passage.entry)}\n"
        f"({_source(passage.entry)}; score {passage.score:.2f})"
        for number, passage in enumerate(passages, 1)
    )


def _source(entry: FaqEntry) -> str:
    """What an entry rests on, and the portal of the body in charge."""
    links = entry.links
    document = f"{entry.source_title} {links.document_url}".strip()
    return "; ".join(filter(None, (document, f"{links.portal} {links.portal_url}".strip())))


def _stream_media(events: Iterable[ReplyEvent]) -> MediaResult:
    """All events of a reply, written to the graph's ``custom`` stream the moment they exist."""
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # called by itself, outside a graph

        def write(event: ReplyEvent) -> None:
            """There is nobody to pass it on to."""

    kept: list[ReplyEvent] = []
    for event in events:
        kept.append(event)
        write(event)
    if not kept:
        return "Nothing was said: the text is empty.", kept
    seconds = sum(e.duration_ms for e in kept if isinstance(e, Fragment)) / 1000
    return f"Said; it takes {seconds:.1f} s to hear.", kept
