"""Server and page together, as ``make run`` starts them."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from threadpoolctl import threadpool_limits

from ..settings import FILE_VARIABLE, PREFIX, Settings

STOP_TIMEOUT = 2.3  # s that server and page have to end by themselves
GRACE = 1  # s that answers to programs may still take then; a whole number, as uvicorn wants it
LAST_MOMENT = 1.8  # s after which a server that was told to stop ends, whatever it is doing


def port_problem(host: str, port: int) -> str | None:
    """Why nothing can listen there, as a sentence, or None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return (
                f"cannot listen on {host}:{port}: {error.strerror}. Stop the program that uses "
                "it, or choose another port (make run PORT=8766 PAGE_PORT=8502)"
            )
    return None


def run_server_and_page(settings: Settings, settings_file: Path | None) -> int:
    """Run server and page until Ctrl-C, or until one of them ends; then end both.

    Returns:
        The exit code: 0 after Ctrl-C or SIGTERM alone, so that a supervisor such as systemd starts
        again what ended unasked; 128 and the signal's number where one was killed, as shells do.
    """
    server, page = settings.server, settings.page
    for host, port in ((server.host, server.port), (page.host, page.port)):
        problem = port_problem(host, port)
        if problem:
            print(f"agent: {problem}", file=sys.stderr)
            return 1
    environment = os.environ | {
        f"{PREFIX}SERVER__HOST": server.host,
        f"{PREFIX}SERVER__PORT": str(server.port),
    }
    if settings_file:
        environment[FILE_VARIABLE] = str(settings_file.resolve())
    commands = [
        [sys.executable, "-m", "agent", "serve"],
        [
            *(sys.executable, "-m", "page"),
            *("--server.port", str(page.port), "--server.address", page.host),
            *("--server.headless", "true"),
            # Streamlit's banner names an address before the server answers: see _announce.
            *("--logger.hideWelcomeMessage", "true", "--logger.level", "warning"),
        ],
    ]
    print("  政问 Zhengwen is starting; its address follows when it answers", flush=True)
    # Sessions of their own, so that Ctrl-C reaches this process alone and each child
    # gets one signal, in order.
    children = [subprocess.Popen(c, env=environment, start_new_session=True) for c in commands]
    # SIGINT too: a shell that starts this in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        _announce(settings, children)
        while all(child.poll() is None for child in children):
            time.sleep(0.2)
        return _explain_end(children)
    except KeyboardInterrupt:
        print("\nstopping …", flush=True)
        return 0
    finally:
        _stop(children)


def _announce(settings: Settings, children: list[subprocess.Popen[bytes]]) -> None:
    """Say which of the two answers, and print the address once both do."""
    server, page = settings.server, settings.page
    waiting = {
        "page": f"http://{_reachable(page.host)}:{page.port}/_stcore/health",
        "server": f"http://{_reachable(server.host)}:{server.port}/healthz",
    }
    with httpx.Client(trust_env=False, timeout=2) as direct:  # whatever proxy there is
        while waiting and all(child.poll() is None for child in children):
            for name, url in list(waiting.items()):
                try:
                    direct.get(url).raise_for_status()
                except httpx.HTTPError:
                    continue
                del waiting[name]
                print(f"  the {name} answers", flush=True)
            if waiting:
                time.sleep(0.3)
    if not waiting:
        address = f"http://{_reachable(page.host)}:{page.port}"
        print(f"\n  政问 Zhengwen is ready: {address}\n", flush=True)


def _explain_end(children: list[subprocess.Popen[bytes]]) -> int:
    """Say which of the two ended unasked; returns an exit code that is never 0."""
    statuses = {name: c.poll() for name, c in zip(("server", "page"), children, strict=True)}
    name, status = next((n, s) for n, s in statuses.items() if s is not None)
    how = f"was killed by signal {-status}" if status < 0 else f"ended ({status})"
    print(f"agent: the {name} {how}; what it said is above", file=sys.stderr)
    return 128 - status if status < 0 else status or 1


def _reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def exit_by(seconds: float, status: int = 0) -> None:
    """End this process after so many seconds, whatever its threads are doing then.

    A thread that waits for another program cannot be stopped, and Python waits for it. Files are
    written whole or not at all, so nothing is torn.
    """
    timer = threading.Timer(seconds, os._exit, (status,))
    timer.daemon = True
    timer.start()


_M_ARENA_MAX = -8  # of glibc's malloc.h
MALLOC_ARENAS = 2
"""With glibc's eight a core a server that had spoken to four visitors for a minute kept 110 MiB
more for each; with two 41 (``python -m eval load --sessions 4``), at the same CPU time."""


def limit_malloc_arenas() -> None:
    """Let threads share ``MALLOC_ARENAS`` heaps; before any thread starts, and with glibc alone."""
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, MALLOC_ARENAS)
    except (OSError, AttributeError, TypeError):  # the last on Windows
        return  # another C library, with rules of its own


def use_one_blas_thread() -> None:
    """Let numpy and scipy multiply matrices in the thread that asks; when all is imported.

    Their matrices are small here, and after each product OpenBLAS' other threads look for the
    next one for a while, busily: with four visitors they took a core
    (``python -m eval load --sessions 4 --avatar wav2lip384``: .48 s of CPU for a second of
    media, .38 without them).
    """
    threadpool_limits(limits=1, user_api="blas")
