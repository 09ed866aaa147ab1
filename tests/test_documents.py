"""What the documents promise is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


async def test_the_client_in_the_protocol_document_saves_a_playable_film(
    address: str, tmp_path: Path
) -> None:
    import asyncio

    import av

    [code] = blocks("docs/protocol.md", "python")
    assert len(code.splitlines()) <= 40
    (tmp_path / "client.py").write_text(
        code.replace("ws://127.0.0.1:8765/v1", address), encoding="utf-8"
    )
    film = tmp_path / "answer.mp4"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(tmp_path / "client.py"), "身份证丢了怎么补办？", str(film),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert "派出所" in out.decode()
    with av.open(str(film)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) > 25


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    [example] = blocks("docs/settings.md", "yaml")
    (tmp_path / "zhengwen.yaml").write_text(example, "utf-8")
    documented = read_settings(tmp_path / "zhengwen.yaml", {})
    assert documented.model_copy(update={"faq": Settings().faq}) == Settings()
