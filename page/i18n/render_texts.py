"""Everything the page for rendering itself says, in Chinese and in English."""

from .visitor_texts import Language

RENDER_PAGE_OFF = (
    ("视频制作页面没有开启。", "在设置中写入至少 8 个字符的 page.staff_password，即可开启。"),
    (
        "The page for making videos is off.",
        "Set page.staff_password (at least 8 characters) in the settings to switch it on.",
    ),
)

_TEXTS: dict[str, dict[Language, str]] = {
    "title": {"zh": "视频制作", "en": "Videos"},
    "about": {
        "zh": "上传一段人像视频（或一张照片）和一段声音，生成此人说这段话的视频。"
        "视频比声音短时往返播放，长时截断。",
        "en": "Upload a video (or a picture) of a person and a sound: a video is made in which the "
        "person says it. A shorter video is shown forwards and backwards, a longer one is cut.",
    },
    "knowledge": {"zh": "知识库管理", "en": "Knowledge base"},
    "no_weights": {
        "zh": "没有可用的网络权重。请把 Wav2Lip-384、wav2lip.pth 或 LipGAN 的权重文件"
        "放入 {folder}，再刷新页面。",
        "en": "There are no weights. Put a file of Wav2Lip-384, wav2lip.pth or LipGAN into "
        "{folder} and load this page again.",
    },
    "face": {
        "zh": "人像：视频或照片，不超过 {limit} MB",
        "en": "Face: a video or a picture, {limit} MB at most",
    },
    "audio": {
        "zh": "声音：音频或有声视频，不超过 {limit} MB",
        "en": "Sound: audio or a video with sound, {limit} MB at most",
    },
    "choose": {"zh": "选择文件", "en": "Choose a file"},
    "weights": {"zh": "网络", "en": "Network"},
    "shipped": {"zh": "Wav2Lip-384（自带）", "en": "Wav2Lip-384 (shipped)"},
    "options": {"zh": "选项", "en": "Options"},
    "pads": {
        "zh": "人脸框外扩（像素）：上 下 左 右",
        "en": "Enlarge the face box, pixels: top bottom left right",
    },
    "crop": {
        "zh": "裁剪画面（像素，-1 表示到边）：上 下 左 右",
        "en": "Crop the picture, pixels, -1 is the edge: top bottom left right",
    },
    "box": {
        "zh": "固定人脸框（像素，检测不到时用）：上 下 左 右",
        "en": "Where the face is, pixels, if it is not found: top bottom left right",
    },
    "resize_factor": {"zh": "画面缩小倍数", "en": "Make the picture smaller, times"},
    "fps": {"zh": "帧率（仅照片）", "en": "Frames a second (pictures only)"},
    "nosmooth": {"zh": "不平滑人脸位置", "en": "Do not smooth the place of the face"},
    "rotate": {"zh": "顺时针旋转 90 度", "en": "Turn clockwise by 90 degrees"},
    "static": {"zh": "只用视频的第一帧", "en": "Use the first picture of the video only"},
    "mark": {
        "zh": "在画面右下角标注「AI生成」",
        "en": "Mark the picture 「AI生成」 (made by AI)",
    },
    "consent": {
        "zh": "画面中的人同意这样使用其形象和声音",
        "en": "The person shown consents to this use of their likeness and voice",
    },
    "start": {"zh": "开始生成", "en": "Make the video"},
    "no_face": {"zh": "请选择人像文件。", "en": "Choose a file with a face."},
    "no_audio": {"zh": "请选择声音文件。", "en": "Choose a file with sound."},
    "no_consent": {
        "zh": "没有本人同意，不能使用其形象。请确认后勾选。",
        "en": "Nobody's likeness may be used without their consent. Tick the box when you have it.",
    },
    "not_numbers": {
        "zh": "「{label}」需要四个整数，用空格隔开。",
        "en": "“{label}” needs four whole numbers with spaces between them.",
    },
    "full": {
        "zh": "排队的视频太多，请等前面的完成后再试。",
        "en": "Too many videos are waiting; try again when some are finished.",
    },
    "not_written": {"zh": "文件没有存下来：{reason}", "en": "The files were not kept: {reason}"},
    "queued": {"zh": "已加入队列。", "en": "It is in the queue."},
    "list": {"zh": "视频", "en": "Videos"},
    "waiting": {"zh": "排队中，前面还有 {n} 个", "en": "Waiting, {n} before it"},
    "running": {"zh": "正在准备", "en": "Starting"},
    "faces": {"zh": "正在查找人脸", "en": "Looking for the face"},
    "pictures": {"zh": "正在生成画面", "en": "Drawing"},
    "left": {"zh": "约剩 {time}", "en": "about {time} left"},
    "done": {"zh": "已完成", "en": "Done"},
    "failed": {"zh": "没有生成", "en": "Not made"},
    "stopped": {"zh": "已停止", "en": "Stopped"},
    "stop": {"zh": "停止", "en": "Stop"},
    "remove": {"zh": "删除", "en": "Delete"},
    "download": {"zh": "下载视频", "en": "Download"},
    "kept": {
        "zh": "上传的文件用完即删；生成的视频只保留最近 {n} 个，网页服务重启后清空，请及时下载。",
        "en": "What you upload is deleted after use. The latest {n} videos are kept until the page "
        "restarts: download yours.",
    },
}


def render_text(key: str, language: Language, **values: object) -> str:
    """One of the texts, with its values filled in."""
    return _TEXTS[key][language].format(**values)
