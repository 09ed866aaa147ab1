"""The names of all figures, what they are called, and which way they are better."""

from dataclasses import dataclass

EXPERT, SYNCNET = "", "syncnet_"  # what a judge's figures begin with


@dataclass(frozen=True, slots=True)
class LipsyncFigure:
    """How a figure is shown."""

    english: str
    chinese: str
    better: str
    """``high``, ``low``, or empty where it depends."""
    decimals: int = 3


_SYNC = {
    "lse_d": LipsyncFigure("LSE-D", "唇形同步距离", "low"),
    "lse_c": LipsyncFigure("LSE-C", "唇形同步置信度", "high"),
    "lse_d_ratio": LipsyncFigure("LSE-D, times that of real", "LSE-D 与真实之比", "low"),
    "lse_c_ratio": LipsyncFigure("LSE-C, times that of real", "LSE-C 与真实之比", "high"),
    "offset": LipsyncFigure("offset, frames (sound first: +)", "音画偏移（帧）", "", 2),
    "in_sync": LipsyncFigure("clips within ±1 frame", "偏移 ±1 帧以内的片段", "high"),
    "beats_wrong_audio": LipsyncFigure(
        "clips nearer to their sound than drawn from another's", "优于错配音频的片段", "high"
    ),
}
_PICTURES = {
    "mouth_l1": LipsyncFigure("mouth L1", "嘴部 L1", "low", 4),
    "mouth_psnr": LipsyncFigure("mouth PSNR, dB", "嘴部 PSNR", "high", 2),
    "mouth_ssim": LipsyncFigure("mouth SSIM", "嘴部 SSIM", "high"),
    "lower_l1": LipsyncFigure("lower half L1", "下半脸 L1", "low", 4),
    "lower_psnr": LipsyncFigure("lower half PSNR, dB", "下半脸 PSNR", "high", 2),
    "lower_ssim": LipsyncFigure("lower half SSIM", "下半脸 SSIM", "high"),
    "lpips": LipsyncFigure("LPIPS (AlexNet)", "LPIPS", "low"),
    "fid": LipsyncFigure("FID", "FID", "low", 1),
    "edge_colour": LipsyncFigure("colour step at the edge, of 255", "接缝处色差", "low", 2),
}
_MOUTH = {
    "opening_loudness": LipsyncFigure("opening follows loudness (r)", "张口与响度相关", "high"),
    "shut_in_silence": LipsyncFigure("silent frames with shut mouth", "静音时闭口比例", "high"),
    "flicker": LipsyncFigure("change outside the mouth, of 255", "嘴外逐帧变化", "low"),
}

FIGURES: dict[str, LipsyncFigure] = (
    _SYNC
    | {
        f"{SYNCNET}{name}": LipsyncFigure(
            f"SyncNet: {f.english}", f"SyncNet：{f.chinese}", f.better, f.decimals
        )
        for name, f in _SYNC.items()
    }
    | _PICTURES
    | _MOUTH
)
"""In the order in which they are shown."""
