"""Every command and option of version 0.1 still exists: scripts written for it keep working.

Two commands moved from ``avatar_engine.studio``; ``test_blender_motion`` starts them by their old
names.
"""

import importlib
import json
import re
from pathlib import Path

import pytest

COMMANDS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "data" / "commands_0_1.json").read_text("utf-8")
)
"""By package as in ``python -m PACKAGE``, then by command, the options that its help named."""


@pytest.mark.parametrize(
    ("package", "command"),
    [(package, command) for package, commands in COMMANDS.items() for command in commands],
)
def test_the_command_has_the_options_it_had(
    package: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main = importlib.import_module(f"{package}.__main__").main
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    options = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", capsys.readouterr().out))
    assert set(COMMANDS[package][command]) <= options
