"""The presenters that Blender renders: their motion and their commands, without Blender."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar_engine.training.blender.__main__ import main
from avatar_engine.training.blender.head_motion import (
    Anatomy,
    Camera,
    HeadMotion,
    idle_motion,
    image_flow,
    invert_flow,
    project,
    sample_bilinear,
    surface_points,
)

ROOT = Path(__file__).parent.parent
CAMERA = Camera(position=(0.0, -1.7, 0.7), focal=2900.0, centre=(179.5, 169.5))
ANATOMY = Anatomy(
    pivot=(0.0, -0.03, 0.62), head_z=0.61, torso_z=0.51, chin=(0.0, -0.13, 0.62),
    face_height=0.2, cheek=0.06,
)  # fmt: skip
STEP = 4


def rounded_head() -> np.ndarray:
    """Points of a smooth bump, nearest in the middle, seen by every fourth pixel."""
    y, x = np.mgrid[-1:1:90j, -1:1:90j].astype(np.float32)
    distance = (1.66 - 0.10 * np.exp(-2 * (x**2 + y**2))).astype(np.float32)
    return surface_points(CAMERA, distance, STEP)


def held(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> HeadMotion:
    angles = np.radians([[yaw, pitch, roll]]).astype(np.float32)
    still = np.zeros((1, 3), np.float32)
    return HeadMotion(angles, still, np.zeros(1, np.float32), np.zeros(1, np.float32))


def test_the_last_frame_joins_the_first() -> None:
    motion = idle_motion(250)
    for curve in (motion.angles, motion.offsets, motion.breath):
        steps = np.abs(np.diff(curve, axis=0)).max(axis=0)
        seam = np.abs(curve[0] - curve[-1])
        assert (seam <= steps + 1e-7).all()
        assert steps.max() > 0


def test_the_head_stays_within_a_calm_range() -> None:
    yaw, pitch, roll = np.degrees(np.abs(idle_motion(250).angles).max(axis=0))
    assert 0.5 < yaw <= 2.5
    assert 0.3 < pitch <= 1.5
    assert 0.3 < roll <= 1.5


def test_the_eyes_start_open_and_shut_completely_several_times() -> None:
    blink = idle_motion(250).blink
    assert blink[0] == 0.0
    closings = ((blink[1:] == 1.0) & (blink[:-1] < 1.0)).sum()
    assert 2 <= closings <= 4


def test_a_loop_too_short_for_its_blinks_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 100 frames"):
        idle_motion(40)


def test_at_rest_nothing_moves() -> None:
    forward = image_flow(CAMERA, ANATOMY, rounded_head(), held(), 0)
    assert np.abs(forward).max() < 1e-3
    assert np.abs(invert_flow(forward)).max() < 1e-3


def test_a_point_that_is_projected_comes_from_its_own_pixel() -> None:
    pixels = project(CAMERA, rounded_head())
    y, x = np.mgrid[0:90, 0:90] * STEP
    assert np.allclose(pixels[..., 0], x, atol=1e-2)
    assert np.allclose(pixels[..., 1], y, atol=1e-2)


def test_the_torso_stays_while_the_head_turns() -> None:
    points = rounded_head()
    forward = image_flow(CAMERA, ANATOMY, points, held(yaw=2.5), 0)
    torso = points[..., 2] < ANATOMY.torso_z
    head = points[..., 2] > ANATOMY.head_z
    if torso.any():
        assert np.abs(forward[torso]).max() < 1e-3
    assert np.abs(forward[head]).max() > 2.0


def test_going_forth_and_back_ends_within_a_tenth_of_a_pixel() -> None:
    forward = image_flow(CAMERA, ANATOMY, rounded_head(), held(2.5, 1.5, 1.5), 0) / np.float32(STEP)
    back = invert_flow(forward)
    y, x = np.mgrid[0:90, 0:90]
    grid = np.stack([x, y], -1).astype(np.float32)
    there = np.asarray(grid + back, np.float32)
    error = np.linalg.norm(there + sample_bilinear(forward, there) - grid, axis=-1) * STEP
    inside = error[10:-10, 10:-10]
    assert np.abs(forward).max() * STEP > 2.0
    assert inside.max() < 0.1


@pytest.mark.parametrize(
    ("module", "more", "command"),
    [
        ("avatar_engine.studio", [], "presenter"),
        ("avatar_engine.studio.rehearse", ["--mouths", "mouths.npy"], "mouths"),
    ],
)
def test_the_old_names_of_the_commands_still_work_and_tell_the_new_ones(
    module: str, more: list[str], command: str
) -> None:
    start = [sys.executable, "-m", module, "nobody.glb", "--name", "suit", "--out", "x", *more]
    done = subprocess.run(start, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"now: python -m avatar_engine.training.blender {command}" in done.stderr
    assert "there is no file nobody.glb" in done.stderr


def test_without_blender_it_is_said_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bust = tmp_path / "bust.glb"
    bust.touch()
    start = ["presenter", str(bust), "--name", "suit", "--out", str(tmp_path)]
    assert main([*start, "--work", str(tmp_path / "work")]) == 1
    assert "pip install bpy" in capsys.readouterr().err
