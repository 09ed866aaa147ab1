"""Numbers on the command lines: what is taken, and how the rest is refused."""

import pytest

from agent.__main__ import main as agent
from eval.__main__ import main as evaluate
from zhengwen.command_line import natural_int, positive_int


def test_whole_numbers_are_taken() -> None:
    assert (positive_int("1"), positive_int("0020"), natural_int("0")) == (1, 20, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["qa", "--k", "0"],
        ["answers", "-n", "-3"],
        ["latency", "-n", "2.5"],
        ["load", "--idle", "-1"],
        ["speed", "--threads", "two"],
        ["voice", "--rounds", "٣"],
    ],
)
def test_what_is_no_such_number_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        evaluate(arguments)
    assert stopped.value.code == 2
    complaint = capsys.readouterr().err
    assert "whole number" in complaint and repr(arguments[-1]) in complaint


def test_the_server_s_commands_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        agent(["prerender", "--limit", "0"])
    assert "positive whole number" in capsys.readouterr().err
