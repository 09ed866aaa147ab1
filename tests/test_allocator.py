"""A server's threads share their heaps, so that it does not grow with each."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import ctypes, sys, threading
from agent.serving.process import limit_malloc_arenas

if sys.argv[2] == "shared":
    limit_malloc_arenas()
together = threading.Barrier(9)

def work():
    kept = [bytes(4_000) for _ in range(100)]
    together.wait()
    return kept

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait()
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(c.fopen(sys.argv[1].encode(), b"w"))
c.malloc_info(0, file)
c.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_eight_threads_share_two_heaps(tmp_path: Path) -> None:
    def heaps(how: str) -> int:
        report = tmp_path / how
        subprocess.run([sys.executable, "-c", PROGRAM, str(report), how], check=True)
        return report.read_text("utf-8").count("<heap nr=")

    assert heaps("shared") <= 2 < heaps("as usual")
