"""``zhengwen doctor``: what is well with this machine and its settings, and what to do if not.

Nothing is changed, nothing listens, and no model is loaded: it can be run beside a service.
"""

import json
import os
import platform
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import psutil

from zhengwen.model_files import MODELS, DamagedModelError, check_model

from .plugins import PluginError, check_names
from .settings import Settings

Level = Literal["ok", "warning", "error"]

_MIB = 2**20
_LEAST_MEMORY, _GOOD_MEMORY = 1024, 2048  # MiB free: one visitor with drawn lips; neural lips too
_LEAST_DISK, _GOOD_DISK = 200, 2048  # MiB free in the data folder
_USEFUL_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16")
_LIBRARIES = ("torch", "chromadb", "onnxruntime", "openvino", "av", "streamlit", "websockets")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    level: Level
    found: str
    remedy: str = ""
    """What to do; empty when all is well."""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; the errors are what keeps the service from working as it is set."""
    return [
        _python(),
        *_libraries(),
        _processor(),
        _memory(),
        _data_folder(settings.data_dir),
        *_models(),
        _plugins(settings),
        *_ports(settings),
        _microphone(settings),
        _fonts(),
    ]


def as_text(findings: list[Finding]) -> str:
    """Return the findings as lines, and what to do below each that is not well."""
    marks = {"ok": "ok     ", "warning": "WARNING", "error": "ERROR  "}
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.level]} {finding.what}: {finding.found}")
        if finding.remedy:
            lines.append(f"        -> {finding.remedy}")
    n_errors = sum(finding.level == "error" for finding in findings)
    n_warnings = sum(finding.level == "warning" for finding in findings)
    lines.append(f"{n_errors} errors, {n_warnings} warnings")
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> str:
    """Return the findings for a program to read."""
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1)


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("Python", "ok", found)
    return Finding("Python", "error", found, "Install Python 3.11, 3.12 or 3.13.")


def _libraries() -> Iterator[Finding]:
    missing = []
    for name in _LIBRARIES:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = "Install again what is locked: make run, or pip install -r requirements.lock."
        yield Finding("libraries", "error", f"missing: {', '.join(missing)}", remedy)
    else:
        yield Finding("libraries", "ok", f"{len(_LIBRARIES)} of {len(_LIBRARIES)} are installed")


def _processor() -> Finding:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        flags = set(next(line for line in lines if line.startswith("flags")).split())
    except (OSError, StopIteration):  # not Linux, or not x86
        return Finding("processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}")
    useful = [flag for flag in _USEFUL_FLAGS if flag in flags]
    found = f"{os.cpu_count()} cores, {', '.join(useful) or 'no wide instructions'}"
    if "avx2" not in flags:
        return Finding(
            "processor", "warning", found,
            "Without AVX2 keep 'avatar: {name: viseme}': the neural lips would be too slow.",
        )  # fmt: skip
    return Finding("processor", "ok", found)


def _memory() -> Finding:
    free = psutil.virtual_memory().available // _MIB
    found = f"{free} MiB free"
    if free < _LEAST_MEMORY:
        remedy = f"Close other programs: at least {_LEAST_MEMORY} MiB are needed."
        return Finding("memory", "error", found, remedy)
    if free < _GOOD_MEMORY:
        remedy = f"With less than {_GOOD_MEMORY} MiB keep 'avatar: {{name: viseme}}'."
        return Finding("memory", "warning", found, remedy)
    return Finding("memory", "ok", found)


def _data_folder(folder: Path) -> Finding:
    folder = folder.absolute()
    # Unlike Path.exists, os.path.exists says no where this user may not look.
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    free = shutil.disk_usage(there).free // _MIB
    found = f"{folder}, {free} MiB free"
    if not os.access(there, os.W_OK | os.X_OK):
        user, quoted = psutil.Process().username(), shlex.quote(str(folder))
        return Finding(
            "data folder", "error", f"{found}, not writable",
            "Let an administrator make it and give it to this user, for instance: "
            f"mkdir -p {quoted} && chown {shlex.quote(user)} {quoted}",
        )  # fmt: skip
    if free < _GOOD_DISK:
        level: Level = "error" if free < _LEAST_DISK else "warning"
        remedy = "Make room, or name another folder with data_dir; replay: {max_mib: …} takes less."
        return Finding("data folder", level, found, remedy)
    return Finding("data folder", "ok", found)


def _models() -> Iterator[Finding]:
    for model in MODELS:
        try:
            check_model(model)
        except DamagedModelError as error:
            yield Finding(model, "error", "damaged or missing", str(error))
        else:
            yield Finding(model, "ok", "as shipped")


def _plugins(settings: Settings) -> Finding:
    try:
        check_names(settings)
    except PluginError as error:
        remedy = "Correct the name, or install the package that brings it."
        return Finding("backends", "error", str(error), remedy)
    return Finding("backends", "ok", "all that the settings name are installed")


def _ports(settings: Settings) -> Iterator[Finding]:
    servers = [
        ("port of the server", settings.server.host, settings.server.port),
        ("port of the page", settings.page.host, settings.page.port),
    ]
    if settings.metrics.port:
        servers.append(("port of the metrics", settings.metrics.host, settings.metrics.port))
    if settings.api.token:
        servers.append(("port of the API", settings.api.host, settings.api.port))
    for what, host, port in servers:
        if _answers(host, port):
            yield Finding(
                what, "warning", f"something listens on {host}:{port}",
                "That is well if it is Zhengwen; else choose another port in the settings.",
            )  # fmt: skip
        else:
            yield Finding(what, "ok", f"{host}:{port} is free")


def _answers(host: str, port: int) -> bool:
    reached = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host  # noqa: S104
    try:
        with closing(socket.create_connection((reached, port), 1)):
            return True
    except OSError:
        return False


def _microphone(settings: Settings) -> Finding:
    host = settings.page.host
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if local:
        return Finding("address of the page", "ok", f"{host}: this machine, or a proxy before it")
    return Finding(
        "address of the page", "warning", f"{host}, without TLS",
        "Browsers give a microphone to https pages alone, and words travel in the clear: put "
        "nginx before it (docs/deploy/nginx.conf) and let the page listen on 127.0.0.1.",
    )  # fmt: skip


def _fonts() -> Finding:
    command = shutil.which("fc-list")
    if command:
        listed = subprocess.run(
            [command, ":lang=zh", "family"], capture_output=True, text=True, check=False
        )
        n = len(set(listed.stdout.splitlines()))
        if n:
            return Finding("Chinese fonts", "ok", f"{n} families")
    return Finding(
        "Chinese fonts", "warning", "none are installed",
        "Visitors need none here. Charts of reports do: apt-get install fonts-noto-cjk",
    )  # fmt: skip
