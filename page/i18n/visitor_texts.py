"""Everything the page itself says, in Chinese and in English."""

from typing import Literal

Language = Literal["zh", "en"]

LANGUAGES: dict[Language, str] = {"zh": "中文", "en": "English"}
"""The languages of the page, each by its own name."""

LANGUAGE_TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
"""BCP 47 tags, as the server wants them."""

EXAMPLES: dict[Language, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("身份证", "身份证丢了怎么补领？"),
        ("户籍", "新生儿办理户口登记需要什么材料？"),
        ("出入境", "护照快到期了怎样换发？"),
        ("社保公积金", "租房可以提取住房公积金吗？"),
        ("车驾管", "驾驶证有效期满怎么换证？"),
        ("企业设立", "设立有限责任公司需要什么材料？"),
        ("职业资格", "怎样申请认定中小学教师资格？"),
        ("部门职责", "12345热线能解决什么问题？"),
    ),
    "en": (
        ("ID cards", "What should I do if I lose my Foreign Permanent Resident ID Card?"),
        ("Residence", "What documents are needed for temporary accommodation registration?"),
        ("Entry and exit", "How can I extend my visa while I am in China?"),
        ("Social insurance", "Can I withdraw my housing provident fund when I leave China?"),
        ("Vehicles", "How do I exchange a foreign driving licence for a Chinese one?"),
        ("Companies", "How can a foreigner set up a company in China?"),
        ("Work", "How do I get a work permit in China?"),
        ("Departments", "What is the 12345 hotline for?"),
    ),
}
"""One question for each field of the sample knowledge base, to begin with."""

VISITOR_TEXTS: dict[str, dict[Language, str]] = {
    "name": {"zh": "政问", "en": "Zhengwen"},
    "subtitle": {"zh": "政务服务数字人", "en": "Digital human for public services"},
    "language": {"zh": "语言", "en": "Language"},
    "welcome": {"zh": "您好，请问要办什么事？", "en": "Hello, how can I help you?"},
    "welcome_more": {
        "zh": "直接说出您的问题，我会依据公开的办事规定回答，并注明出处。也可以从这些问题开始：",
        "en": "Ask in your own words. I answer from published rules and name the source. "
        "You could start here:",
    },
    "placeholder": {"zh": "请输入您的问题，按回车发送", "en": "Type your question and press Enter"},
    "footer": {
        "zh": "回答由人工智能生成，仅供参考，以主管部门解释为准 · 人工服务 {hotline}",
        "en": "Answers are AI-generated, for reference only; the competent authority decides · "
        "Hotline {hotline}",
    },
    "kept": {
        "zh": "对话保留 {hours:g} 小时，点“新对话”立即删除",
        "en": "Conversations are kept for {hours:g} h; “New chat” deletes yours at once",
    },
    "asking": {"zh": "正在查找……", "en": "Looking it up…"},
    "usage": {
        "zh": "大模型用量：读入 {read:,}、写出 {written:,} 词元",
        "en": "Language model: {read:,} tokens read, {written:,} written",
    },
    "estimated": {"zh": "（估算）", "en": " (estimated)"},
    "cost": {"zh": "，费用 {cost:.4f} {currency}", "en": ", cost {cost:.4f} {currency}"},
    "call": {"zh": "拨打", "en": "Call"},
    "source": {"zh": "依据", "en": "Based on "},
    "source_year": {"zh": "（{year}年）", "en": " ({year})"},
    "portal": {"zh": "主管部门：{name}", "en": "Authority: {name}"},
    "nationwide": {"zh": "全国", "en": "Nationwide"},
    "refused": {"zh": "未找到答案", "en": "No answer found"},
    "suggested": {"zh": "请确认您的问题", "en": "Please confirm"},
    "did_you_mean": {"zh": "您是不是想问：", "en": "Did you mean:"},
    "related": {"zh": "相关问题", "en": "Related questions"},
    "superseded": {
        "zh": "（您问了新的问题，这个问题没有回答完。）",
        "en": "(You asked something else.)",
    },
    "unreachable": {
        "zh": "暂时连接不上服务。您的问题已保留，服务恢复后会自动回答。",
        "en": "The service cannot be reached. Your question is kept and will be answered as "
        "soon as it is back.",
    },
    "retry": {"zh": "重试", "en": "Try again"},
    "new_chat": {"zh": "新对话", "en": "New chat"},
    "not_forgotten": {
        "zh": "对话没有删除成功，请稍后再试。",
        "en": "The conversation could not be deleted. Please try again.",
    },
    "thanks": {"zh": "感谢您的评价！", "en": "Thank you for your feedback!"},
    "not_sent": {"zh": "评价没有发送成功，请稍后再试。", "en": "Your feedback could not be sent."},
}

PLAYER_TEXTS: dict[str, dict[Language, str]] = {
    "presenter": {"zh": "数字人画面", "en": "The presenter"},
    "ai": {"zh": "AI生成", "en": "AI-generated"},
    "stop": {"zh": "停止", "en": "Stop"},
    "replay": {"zh": "重播", "en": "Replay"},
    "mute": {"zh": "关闭声音", "en": "Turn the sound off"},
    "unmute": {"zh": "打开声音", "en": "Turn the sound on"},
    "hide_captions": {"zh": "关闭字幕", "en": "Hide captions"},
    "show_captions": {"zh": "打开字幕", "en": "Show captions"},
    "unlock": {"zh": "点击开启声音", "en": "Click to turn the sound on"},
    "connecting": {"zh": "正在连接数字人…", "en": "Connecting to the presenter…"},
    "reconnecting": {"zh": "连接中断，正在重连…", "en": "Connection lost, reconnecting…"},
    "taken_over": {
        "zh": "数字人已在另一个窗口打开。",
        "en": "The presenter is open in another window.",
    },
    "unsupported": {
        "zh": "此浏览器不能播放数字人，仍可查看文字回答。",
        "en": "This browser cannot play the presenter; the answers are still there to read.",
    },
    "broken": {
        "zh": "画面播放失败，请查看文字回答。",
        "en": "Playback failed; please read the answer.",
    },
}
"""What the player says; sent to the browser in one language."""


def visitor_text(key: str, language: Language, **values: object) -> str:
    """The text ``key``, with its ``{values}`` filled in."""
    return VISITOR_TEXTS[key][language].format(**values)


def player_texts(language: Language) -> dict[str, str]:
    """All texts of the player in one language."""
    return {key: texts[language] for key, texts in PLAYER_TEXTS.items()}
