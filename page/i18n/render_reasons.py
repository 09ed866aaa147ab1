"""What ``python -m avatar_engine render`` says, in Chinese."""

import re

from .visitor_texts import Language

_IN_CHINESE = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r": no face\b", "没有找到人脸。请使用正面人像；画面横倒时勾选旋转，或填写固定人脸框。"),
        (r": several faces\b", "画面中有几张人脸。请用裁剪只留一人。"),
        (r"the face is too small", "人脸太小。请使用更近的画面，或减小缩小倍数。"),
        (r"the face is turned away", "人脸偏转太多。请使用面向镜头的画面。"),
        (r"the face jumps", "人脸位置跳变，可能有剪辑。请换没有剪辑的视频，或只用第一帧。"),
        (
            r"no steady face",
            "人脸有时看不到。请换人脸始终可见的视频，或只用第一帧，或填写固定人脸框。",
        ),
        (r"its sound lasts (\d+) ms", r"声音只有 \1 毫秒，不足一帧。请换有人说话的声音。"),
        (r"has no sound", "声音文件里没有声音。"),
        (r"has no moving picture|holds no picture", "人像文件里没有画面。"),
        (r"is damaged or no picture", "照片已损坏或不是图片。请使用 PNG 或 JPEG。"),
        (
            r"cannot be read as video or sound",
            "文件已损坏、不完整或不是音视频。请导出为 MP4 再试。",
        ),
        (r"the crop .* does not lie", "裁剪范围超出画面。"),
        (r"the box .* (does not lie|is not top)", "固定人脸框超出画面，或上下左右填反了。"),
        (r"--fps is for pictures", "帧率只用于照片；视频固定为每秒 25 帧。"),
        (r"loading it would run code", "权重文件里含有代码，已拒绝加载。"),
        (r"should hold .* but it", "权重文件不是 Wav2Lip-384、Wav2Lip 或 LipGAN 的生成网络。"),
        (r"damaged or no weights file", "权重文件已损坏或不完整。"),
        (r"No space left", "磁盘空间不足。"),
        # what a user may want to know
        (r"it is shown forwards and backwards", "视频比声音短，已往返播放。"),
        (r"the video goes on after the sound", "视频比声音长，已截断。"),
    )
)


def render_reason(reason: str, language: Language) -> str:
    """A reason in the language of the page; as it is where no translation is known."""
    if language == "en":
        return reason
    for pattern, chinese in _IN_CHINESE:
        if found := pattern.search(reason):
            return found.expand(chinese)
    return reason
