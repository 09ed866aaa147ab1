"""What the server counts, in Prometheus' format; no visitor's word, name or address is in it.

Counted always, shown where ``metrics.port`` names a port: ``GET /metrics`` there, beside what the
library tells of the process (memory, CPU time, open files).
"""

import math
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from functools import partial

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from retrievers import StoreError

from .settings import MetricsSettings

_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 13, 21, 34, 60)

VISITORS = Gauge("zhengwen_visitors", "Sessions that are connected now.")
ANSWERS = Counter(
    "zhengwen_answers", "Answers by their outcome; refused is an honest refusal.", ["outcome"]
)
REPLIES = Counter(
    "zhengwen_replies", "Replies by how they ended: finished, interrupted, failed.", ["ended"]
)
REPLAYS = Counter("zhengwen_replayed_replies", "Replies that were sent from the replay cache.")
BUSY = Counter("zhengwen_busy", "Replies in writing alone, since all places were taken.")
FRAMES = Counter("zhengwen_frames", "Pictures that were sent.")
EASED_FRAMES = Counter("zhengwen_eased_frames", "Pictures that were simpler than usual.")
FIRST_TEXT = Histogram(
    "zhengwen_first_text_seconds", "From the question to the first text.", buckets=_SECONDS
)
FIRST_MEDIA = Histogram(
    "zhengwen_first_media_seconds", "From the question to the first picture.", buckets=_SECONDS
)
REPLY_DURATION = Histogram(
    "zhengwen_reply_seconds", "From the question to the end of its reply.", buckets=_SECONDS
)
MODEL_FAILURES = Counter(
    "zhengwen_model_failures", "Requests that the language model did not answer."
)
MODEL_TOKENS = Counter(
    "zhengwen_model_tokens", "Tokens that the language model read and wrote for visitors."
)
WRONG_TOKENS = Counter("zhengwen_wrong_tokens", "Connections that came with a wrong token.")
STORE_ENTRIES = Gauge(
    "zhengwen_store_entries", "Entries in the knowledge base; NaN while it cannot be read."
)


@contextmanager
def metrics_endpoint(settings: MetricsSettings, store: Sized) -> Iterator[int | None]:
    """Serve ``/metrics`` for the length of a block; yields its port, None if it is off.

    Args:
        settings: Where; without a port nothing is served.
        store: The knowledge base, whose size is looked at whenever somebody asks.

    Raises:
        OSError: The address is in use or not ours.
    """
    if settings.port is None:
        yield None
        return
    STORE_ENTRIES.set_function(partial(_n_entries, store))
    server, thread = start_http_server(settings.port, settings.host)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _n_entries(store: Sized) -> float:
    """How many there are; NaN where a broken store must not cost all the other numbers."""
    try:
        return len(store)
    except StoreError:
        return math.nan
