"""One command leads to every command line, and imports only what it needs."""

import subprocess
import sys

import pytest

from zhengwen.cli import GROUPS, main


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_leads_to_its_package(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([group, "--help"])
    assert ended.value.code == 0
    assert f"usage: zhengwen {group} " in capsys.readouterr().out


def test_other_commands_are_those_of_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    assert "espeak" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_help_names_groups_and_commands(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in (*GROUPS, "ask", "serve"))


@pytest.mark.parametrize("command", ["ask", "serve", "backup", "ingest add", "eval qa", "tts say"])
def test_the_help_of_a_command_begins_as_it_was_typed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert f"usage: zhengwen {command} " in capsys.readouterr().out


def test_a_wrong_command_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dance"])
    assert ended.value.code == 2


def test_the_lists_of_plugins_load_no_model() -> None:
    code = (
        "import sys; from zhengwen.cli import main; main(['plugins']);"
        "print([m for m in ('torch', 'transformers', 'chromadb', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
