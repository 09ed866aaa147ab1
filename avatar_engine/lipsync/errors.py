"""What the file tool reports: errors and remarks, each with a code for whoever speaks for it.

``--json`` prints codes and parameters, so that the staff page can say them in its visitor's
language. ``report_codes`` lists every code there is; a test demands a text for each.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..errors import CodedError
from ..face_detection import FaceError
from ..video.reader import VideoReadError


class RenderError(CodedError):
    """A video cannot be made; the text says why, and what to do."""

    MESSAGES: ClassVar[Mapping[str, str]] = {
        # the face
        "no_face": "{path}: no face; show one person who looks into the camera (--rotate if they "
        "lie on their side), or say where the face is with --box TOP BOTTOM LEFT RIGHT",
        "several_faces": "{path}: several faces; leave one of them, with --crop TOP BOTTOM LEFT "
        "RIGHT",
        "face_lost": "{path}: no steady face: lost for {longest} frames, seen in {seen} of "
        "{total}; use a part of the video where the face is always seen, or its first picture "
        "alone, with --static; or say where the face is with --box TOP BOTTOM LEFT RIGHT",
        "face_small": "{path}: the face is too small: {width} pixels wide, {needed} are needed; "
        "use a picture taken from nearer, or without --resize-factor",
        "face_turned": "{path}: the face is turned away; use pictures in which the person looks "
        "into the camera",
        "face_jumps": "{path}: the face jumps: a cut, or two people; use a video without cuts, or "
        "its first picture alone, with --static",
        # files
        "no_such_file": "there is no file {path}, which {option} names",
        "overwrites_input": "{path} would be written over what it is made of; name another",
        "no_such_folder": "there is no folder {path} to write into; make it first",
        "not_mp4": "{path}: the result is an MP4 file; name one that ends in .mp4",
        "image_not_read": "{path} cannot be read: {reason}",
        "image_damaged": "{path} is damaged or no picture; PNG and JPEG can be read",
        "no_frames": "{path} holds no picture that can be decoded",
        "frame_size_changes": "{path}: its pictures change their size on the way; export it as "
        "MP4 first",
        "no_default_weights": "the generator {path} is not there; name other weights with "
        "--checkpoint FILE: Wav2Lip-384 (.safetensors), the official wav2lip.pth or "
        "wav2lip_gan.pth, or LipGAN (.h5)",
        # options
        "bad_resize_factor": "a resize factor of {factor} is none: 1, 2, 3, ... are",
        "bad_batch_size": "a batch of {size} faces is none; 1 or more",
        "bad_fps": "{fps} frames a second; 1 to 60 can be made",
        "fps_of_video": "{path} is a video, and becomes {fps} frames a second; --fps is for "
        "pictures",
        "bad_box": "the box {box} is not top, bottom, left, right of a face",
        "box_outside": "the box {box} (top, bottom, left, right) does not lie in a picture of "
        "{width}x{height}",
        "crop_outside": "the crop {crop} (top, bottom, left, right) does not lie in a picture of "
        "{width}x{height}",
        "crop_empty": "of a picture of {width}x{height} nothing is left; crop less",
        "pads_too_small": "with these pads {pads} nothing of the face is left",
        "reference_outside": "the reference at {at} s is not in the {seconds} s of the video that "
        "are used",
    }


@dataclass(frozen=True, slots=True)
class RenderNote:
    """A remark on a finished video."""

    code: str
    params: dict[str, object]

    MESSAGES: ClassVar[Mapping[str, str]] = {
        "video_shorter": "the video lasts {video} s, the sound {audio} s: it is shown forwards "
        "and backwards by turns",
        "video_longer": "the video goes on after the sound: it is cut at {audio} s",
    }

    def __str__(self) -> str:
        """In English."""
        return self.MESSAGES[self.code].format(**self.params)


_DISK_FULL, _OTHER_FILE_ERROR = "disk_full", "file_error"


def error_record(error: OSError | ValueError | RuntimeError) -> dict[str, object]:
    """An error as ``--json`` prints it: ``code``, ``params`` and the English ``text``.

    The code of an error that has none is empty.
    """
    code, params = "", {}
    if isinstance(error, CodedError):
        code, params = error.code, error.params
    elif isinstance(error, OSError):
        code = _DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _OTHER_FILE_ERROR
        params = {"reason": error.strerror or str(error)}
    return {"code": code, "params": params, "text": str(error)}


def report_codes() -> dict[str, str]:
    """Every code that ``--json`` may print, with its English sentence."""
    from ..wav2lip.weights import LipSyncWeightsError  # torch takes seconds to import

    coded = (FaceError, VideoReadError, LipSyncWeightsError, RenderError, RenderNote)
    messages = {code: text for kind in coded for code, text in kind.MESSAGES.items()}
    return messages | {_DISK_FULL: "{reason}", _OTHER_FILE_ERROR: "{reason}"}
