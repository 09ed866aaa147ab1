"""How networks run on a processor that has other work besides."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_thread_inference() -> Iterator[None]:
    """Run networks without gradients, in this thread alone.

    Torch's threads wait for each other in a loop; where something else has one of the cores
    they wait long. Beside other work, on two cores, a sentence took one thread 0.25 s and two
    threads 2.1 s; a face of 384x384 0.08 s and 0.8 s. Torch keeps the number of threads for each
    thread that calls it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
