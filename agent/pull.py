"""Read a blocking generator from async code: the only bridge between compute and network."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


async def pull(
    items: Generator[T, None, None], withdrawn: threading.Event | None = None
) -> AsyncGenerator[T, None]:
    """Yield from ``items``, running it in a thread of its own, one step at a time.

    A step starts only when the previous item has been taken. Leaving the loop,
    for whatever reason, closes ``items`` once its running step has finished.

    Args:
        items: What to run.
        withdrawn: Set on leaving, for steps that wait for something and would rather know.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            while (item := await loop.run_in_executor(thread, next, items, _END)) is not _END:
                yield item
        finally:
            if withdrawn:
                withdrawn.set()
            await loop.run_in_executor(thread, items.close)
