"""What ``python -m avatar_engine render --json`` reports, by its codes, in Chinese and English."""

from collections.abc import Mapping

from .visitor_texts import Language

RENDER_REPORTS: dict[str, dict[Language, str]] = {
    # the face
    "no_face": {
        "zh": "{path}：没有找到人脸。请使用正面人像；画面横倒时勾选旋转，或填写固定人脸框。",
        "en": "{path}: no face was found. Use a picture of somebody who looks into the camera; "
        "tick “turn” if they lie on their side, or say where the face is.",
    },
    "several_faces": {
        "zh": "{path}：画面中有几张人脸。请用裁剪只留一人。",
        "en": "{path}: there are several faces. Crop the picture so that one is left.",
    },
    "face_lost": {
        "zh": "{path}：{total} 帧中只有 {seen} 帧看到人脸，最长连续 {longest} 帧看不到。"
        "请换人脸始终可见的视频，或只用第一帧，或填写固定人脸框。",
        "en": "{path}: the face is seen in {seen} of {total} frames, and lost for {longest} in a "
        "row. Use a video in which it is always seen, use the first picture only, or say where "
        "the face is.",
    },
    "face_small": {
        "zh": "{path}：人脸太小，宽 {width} 像素，至少需要 {needed}。"
        "请使用更近的画面，或减小缩小倍数。",
        "en": "{path}: the face is too small, {width} pixels wide; {needed} are needed. Use a "
        "picture taken from nearer, or make it less small.",
    },
    "face_turned": {
        "zh": "{path}：人脸偏转太多。请使用面向镜头的画面。",
        "en": "{path}: the face is turned away. Use a picture of somebody who looks into the "
        "camera.",
    },
    "face_jumps": {
        "zh": "{path}：人脸位置跳变，可能有剪辑。请换没有剪辑的视频，或只用第一帧。",
        "en": "{path}: the face jumps, perhaps at a cut. Use a video without cuts, or its first "
        "picture only.",
    },
    "detector_missing": {
        "zh": "没有人脸检测权重文件 {path}。",
        "en": "There are no face detector weights {path}.",
    },
    "detector_unknown": {
        "zh": "{path} 不是可用的人脸检测权重。请使用 YuNet 的 .onnx 文件。",
        "en": "{path} is of no known face detector. Use YuNet's .onnx file.",
    },
    "not_yunet": {
        "zh": "{path} 不是 YuNet 权重。请使用 face_detection_yunet_2023mar.onnx。",
        "en": "{path} is not YuNet ({reason}). Use face_detection_yunet_2023mar.onnx.",
    },
    "cascade_missing": {
        "zh": "缺少人脸检测文件 {path}。请重新安装 opencv-python（低于 5 的版本）。",
        "en": "{path} is missing. Install opencv-python (below 5) again.",
    },
    # video and sound
    "not_opened": {
        "zh": "{path} 打不开。",
        "en": "{path} cannot be opened ({reason}).",
    },
    "unreadable": {
        "zh": "{path} 已损坏、不完整或不是音视频。请导出为 MP4 再试。",
        "en": "{path} is damaged, cut off, or neither video nor sound. Export it as MP4.",
    },
    "no_video": {
        "zh": "{path} 里没有画面。",
        "en": "{path} has no moving picture.",
    },
    "no_audio": {
        "zh": "{path} 里没有声音。",
        "en": "{path} has no sound.",
    },
    "no_timestamps": {
        "zh": "{path} 的画面没有时间信息。请导出为 MP4 再试。",
        "en": "{path}: its pictures carry no times. Export it as MP4.",
    },
    "audio_changes": {
        "zh": "{path} 的声音格式中途改变。请导出为 MP4 再试。",
        "en": "{path}: its sound changes from one format to another ({reason}). Export it as MP4.",
    },
    "audio_too_short": {
        "zh": "{path} 的声音只有 {ms} 毫秒，不足一帧（{frame_ms} 毫秒）。请换有人说话的声音。",
        "en": "{path}: its sound lasts {ms} ms, less than a frame ({frame_ms} ms). Use a sound in "
        "which somebody speaks.",
    },
    # files
    "no_such_file": {
        "zh": "没有文件 {path}（{option}）。",
        "en": "There is no file {path} ({option}).",
    },
    "overwrites_input": {
        "zh": "结果 {path} 会覆盖所用的文件。请换一个名字。",
        "en": "The result {path} would be written over a file it is made of. Choose another name.",
    },
    "no_such_folder": {
        "zh": "没有可写入的文件夹 {path}。",
        "en": "There is no folder {path} to write into.",
    },
    "not_mp4": {
        "zh": "结果 {path} 的名字必须以 .mp4 结尾。",
        "en": "The name of the result, {path}, must end in .mp4.",
    },
    "image_not_read": {
        "zh": "照片 {path} 无法读取。",
        "en": "The picture {path} cannot be read ({reason}).",
    },
    "image_damaged": {
        "zh": "{path} 已损坏或不是图片。请使用 PNG 或 JPEG。",
        "en": "{path} is damaged or no picture. Use PNG or JPEG.",
    },
    "no_frames": {
        "zh": "{path} 里没有可以解码的画面。",
        "en": "{path} holds no picture that can be decoded.",
    },
    "frame_size_changes": {
        "zh": "{path} 的画面尺寸中途改变。请导出为 MP4 再试。",
        "en": "{path}: its pictures change their size on the way. Export it as MP4.",
    },
    "disk_full": {
        "zh": "磁盘空间不足。",
        "en": "The disk is full ({reason}).",
    },
    "file_error": {
        "zh": "文件无法读写。",
        "en": "A file could not be read or written ({reason}).",
    },
    # options
    "bad_resize_factor": {
        "zh": "缩小倍数不能是 {factor}，请填 1、2、3……",
        "en": "The picture cannot be made {factor} times smaller; 1, 2, 3, … can be.",
    },
    "bad_batch_size": {
        "zh": "每批人脸数不能是 {size}，至少为 1。",
        "en": "{size} faces cannot be drawn at a time; 1 or more can be.",
    },
    "bad_fps": {
        "zh": "帧率不能是 {fps}，请填 1 到 60。",
        "en": "{fps} frames a second cannot be made; 1 to 60 can be.",
    },
    "fps_of_video": {
        "zh": "{path} 是视频，固定为每秒 {fps} 帧；帧率只用于照片。",
        "en": "{path} is a video and becomes {fps} frames a second; the rate is for pictures only.",
    },
    "bad_box": {
        "zh": "固定人脸框 {box} 的上、下、左、右填反了。",
        "en": "The face box {box} is not top, bottom, left, right.",
    },
    "box_outside": {
        "zh": "固定人脸框 {box}（上、下、左、右）超出画面（{width}×{height}）。",
        "en": "The face box {box} (top, bottom, left, right) lies outside the picture of "
        "{width}×{height}.",
    },
    "crop_outside": {
        "zh": "裁剪范围 {crop}（上、下、左、右）超出画面（{width}×{height}）。",
        "en": "The crop {crop} (top, bottom, left, right) lies outside the picture of "
        "{width}×{height}.",
    },
    "crop_empty": {
        "zh": "画面（{width}×{height}）裁剪后什么也不剩。请少裁一些。",
        "en": "Of a picture of {width}×{height} nothing is left. Crop less.",
    },
    "pads_too_small": {
        "zh": "按 {pads} 调整后人脸框为空。请重新填写人脸框外扩。",
        "en": "With {pads} nothing of the face box is left. Change by how much it is enlarged.",
    },
    "reference_outside": {
        "zh": "参考画面（第 {at} 秒）不在所用的 {seconds} 秒之内。",
        "en": "The reference at {at} s is not in the {seconds} s of the video that are used.",
    },
    # weights
    "no_default_weights": {
        "zh": "没有自带的网络权重 {path}。请选择其他网络。",
        "en": "The shipped weights {path} are missing. Choose another network.",
    },
    "weights_missing": {
        "zh": "权重文件 {path} 无法读取。",
        "en": "The weights {path} cannot be read ({reason}).",
    },
    "weights_damaged": {
        "zh": "权重文件 {path}（{size} 字节）已损坏或不完整。请重新下载。",
        "en": "The weights {path} ({size} bytes) are damaged or incomplete. Download them again.",
    },
    "weights_hold_code": {
        "zh": "权重文件 {path} 里含有代码，已拒绝加载。",
        "en": "The weights {path} hold code, so they were not loaded.",
    },
    "no_tensors": {
        "zh": "{path} 不是权重文件。",
        "en": "{path} holds no weights.",
    },
    "other_network": {
        "zh": "权重文件 {path} 应为 {wanted}，实际内容不符。",
        "en": "The weights {path} should be of {wanted}; the file {found}.",
    },
    "other_mel": {
        "zh": "权重文件 {path} 训练时的声谱设置不同，不能使用。",
        "en": "The weights {path} were trained with another mel spectrogram ({differences}).",
    },
    "needs_h5py": {
        "zh": "{path} 是 Keras 文件，需要先安装 h5py。",
        "en": "{path} is a Keras file; h5py must be installed to read it.",
    },
    "other_keras_network": {
        "zh": "{path} 是 Keras 文件，但不是 LipGAN 的生成网络。",
        "en": "{path} is a Keras file, but not LipGAN's generator ({reason}).",
    },
    "tensors_missing": {
        "zh": "权重文件 {path} 缺少 {count} 个张量（如 {example}）。",
        "en": "The weights {path} lack {count} tensors, such as {example}.",
    },
    # remarks on a finished video
    "video_shorter": {
        "zh": "视频（{video} 秒）比声音（{audio} 秒）短，已往返播放。",
        "en": "The video ({video} s) is shorter than the sound ({audio} s): it is shown forwards "
        "and backwards.",
    },
    "video_longer": {
        "zh": "视频比声音长，已在 {audio} 秒处截断。",
        "en": "The video is longer than the sound: it is cut at {audio} s.",
    },
    # nobody can say more
    "unexpected": {
        "zh": "程序意外结束，可能内存不足。请缩小画面再试；详情在网页服务的日志里。",
        "en": "The program ended unexpectedly, perhaps for lack of memory. Make the picture "
        "smaller; the log of the page says more.",
    },
}
"""By code: what to say, with the parameters that come with it in braces."""


def render_report(code: str, params: Mapping[str, object], language: Language) -> str:
    """The text of a code; of one that is not known, that something unexpected happened."""
    known = code if code in RENDER_REPORTS else "unexpected"
    return RENDER_REPORTS[known][language].format(**params)
