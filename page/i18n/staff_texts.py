"""Everything the staff page itself says, in Chinese and in English."""

import errno

from .visitor_texts import Language

STAFF_PAGE_OFF = (
    ("知识库管理页面没有开启。", "在设置中写入至少 8 个字符的 page.staff_password，即可开启。"),
    (
        "The staff page is off.",
        "Set page.staff_password (at least 8 characters) in the settings to switch it on.",
    ),
)

STAFF_PAGE_SUFFIX = " (staff page)"
"""After the name of whoever acts here, in the journal."""

_TEXTS: dict[str, dict[Language, str]] = {
    "title": {"zh": "知识库管理", "en": "Knowledge base"},
    "videos": {"zh": "视频制作", "en": "Videos"},
    # signing in
    "name": {
        "zh": "您的姓名（写入操作记录）",
        "en": "Your name (goes into the record of actions)",
    },
    "password": {"zh": "口令", "en": "Password"},
    "sign_in": {"zh": "登录", "en": "Sign in"},
    "sign_out": {"zh": "退出", "en": "Sign out"},
    "no_name": {"zh": "请填写姓名。", "en": "Please give your name."},
    "wrong": {"zh": "口令不对。", "en": "Wrong password."},
    "wrong_wait": {
        "zh": "口令不对。请等 {seconds} 秒再试。",
        "en": "Wrong password. Wait {seconds} s before you try again.",
    },
    "wait": {
        "zh": "从这个网络地址多次输错口令，还要等 {seconds} 秒才能再试。刚才输入的没有核对。",
        "en": "After several wrong passwords from this address, the next one is looked at in "
        "{seconds} s. This one was not.",
    },
    "loading": {"zh": "正在打开知识库……", "en": "Opening the knowledge base…"},
    "broken": {
        "zh": "知识库打不开：{reason}",
        "en": "The knowledge base cannot be opened: {reason}",
    },
    "not_written": {"zh": "没有写入：{reason}", "en": "Nothing was written: {reason}"},
    "reason_busy": {"zh": "另一个导入正在进行，请稍后再试。", "en": "another import is going on."},
    "reason_store": {
        "zh": "知识库的设置或数据需要管理员处理，做法写在网页服务的日志里。",
        "en": "its administrator must act; the log of the page says how.",
    },
    "reason_database": {
        "zh": "数据库出错，详情在网页服务的日志里。",
        "en": "an error of the database; the log of the page says more.",
    },
    "reason_other": {
        "zh": "程序出错（{kind}），详情在网页服务的日志里。",
        "en": "an error of the program ({kind}); the log of the page says more.",
    },
    "reason_disk_full": {"zh": "磁盘空间不足。", "en": "the disk is full."},
    "reason_permission": {
        "zh": "没有读写文件的权限。",
        "en": "a file may not be read or written.",
    },
    "reason_no_file": {"zh": "需要的文件不存在。", "en": "a file is missing."},
    "reason_file": {
        "zh": "文件无法读写（错误号 {number}）。",
        "en": "a file cannot be read or written (error {number}).",
    },
    "by_staff_page": {"zh": "{who}（管理页面）", "en": "{who} (staff page)"},
    "staff_page": {"zh": "管理页面", "en": "staff page"},
    "busy_store": {
        "zh": "没有写入：另一个导入正在进行，请稍后再试。",
        "en": "Nothing was written: another import is going on; try again later.",
    },
    "unexpected": {
        "zh": "程序出错（{kind}），详情在网页服务的日志里。",
        "en": "Something is wrong with the program ({kind}); the log of the page says more.",
    },
    # sections
    "add": {"zh": "导入", "en": "Add"},
    "quarantine": {"zh": "待审", "en": "Held back"},
    "files": {"zh": "文件", "en": "Files"},
    "try": {"zh": "试问", "en": "Try"},
    "audit": {"zh": "操作记录", "en": "Record"},
    # taking files in
    "drop": {
        "zh": "把文件拖到这里。可以一次多个，也可以是 ZIP 压缩包，每个不超过 {limit} MB",
        "en": "Drop files here: several at once, ZIP archives too, of {limit} MB each at most",
    },
    "drop_help": {
        "zh": "问答表格（CSV、XLSX、JSON）逐行成为问答；"
        "文件（PDF、DOCX、PPTX、HTML、Markdown、TXT）按条款和标题成为段落。同名文件再次导入时，替换原来的内容。",
        "en": "Tables (CSV, XLSX, JSON) become questions and answers, documents (PDF, DOCX, PPTX, "
        "HTML, Markdown, TXT) become passages. A file of the same name replaces what it held.",
    },
    "how": {"zh": "表头认不出，或各行缺少内容时", "en": "Unusual headings, or columns missing"},
    "question_column": {"zh": "「问题」列的表头", "en": "Heading of the question column"},
    "answer_column": {"zh": "「答案」列的表头", "en": "Heading of the answer column"},
    "default_field": {"zh": "领域（各行没写时）", "en": "Field, where rows lack it"},
    "default_region": {"zh": "适用地区（各行没写时）", "en": "Region, where rows lack it"},
    "ocr": {
        "zh": "识别扫描件中的文字（较慢，需要本机装有 tesseract）",
        "en": "Recognise scanned pages (slow; needs tesseract on the server)",
    },
    "replace": {
        "zh": "编号与其他文件的条目相同时，替换那些条目（记入操作记录；撤下本文件后恢复原条目）",
        "en": "Where an id is that of another file's entry, take its place (noted in the audit; "
        "the earlier entry comes back when this file is withdrawn)",
    },
    "choose": {"zh": "选择文件", "en": "Choose files"},
    "take_in": {"zh": "开始导入", "en": "Take in"},
    "nothing_dropped": {"zh": "请先选择文件。", "en": "Choose files first."},
    "same_name": {
        "zh": "这次选择的文件中有同名的：{names}。文件以名称区分，请改名后再导入。",
        "en": "Several of the files are called {names}. Files are told apart by name; rename them.",
    },
    "busy": {
        "zh": "{who} 导入的文件还没有处理完，请稍候再试。",
        "en": "Files of {who} are still being taken in; please wait.",
    },
    "running": {
        "zh": "正在导入 {who} 的文件：已完成 {n} 个。可以离开本页，不影响导入。",
        "en": "Taking in files of {who}: {n} done. You may leave this page meanwhile.",
    },
    "finished": {"zh": "导入结束。", "en": "The import has ended."},
    "more_files": {
        "zh": "另有 {n} 个文件没有列出；见「操作记录」。",
        "en": "{n} more files are not listed; see the record.",
    },
    "see_quarantine": {
        "zh": "可能含有个人信息的内容没有进入知识库，请到「待审」中决定。",
        "en": "What may hold personal data is not in; decide on it under “Held back”.",
    },
    "stop": {"zh": "停止", "en": "Stop"},
    "stopping": {
        "zh": "处理完手头的文件后停止……",
        "en": "Stopping after the files at hand…",
    },
    "last": {"zh": "{who} 最近一次导入", "en": "Latest import, by {who}"},
    "ended": {
        "zh": "导入没有做完：下面列出的文件已处理，其余的没有。可以把同样的文件再导入一次。",
        "en": "Not all files were taken in: those below were dealt with, the others were not. "
        "Simply drop them again.",
    },
    "interrupted": {"zh": "已停止。", "en": "Stopped."},
    "none_found": {"zh": "其中没有可以读取的文件。", "en": "No file was found in it."},
    "added": {"zh": "已导入", "en": "added"},
    "changed": {"zh": "已更新", "en": "updated"},
    "unchanged": {"zh": "没有变化", "en": "unchanged"},
    "failed": {"zh": "未导入", "en": "not taken in"},
    "n_entries": {"zh": "{n} 条", "en": "{n} entries"},
    "n_passages": {"zh": "其中段落 {n}", "en": "{n} of them passages"},
    "n_bad": {"zh": "问题行 {n}", "en": "{n} bad rows"},
    "n_held": {"zh": "待审 {n}", "en": "{n} held back"},
    "sheet": {"zh": "工作表", "en": "Sheet"},
    "row": {"zh": "行", "en": "Row"},
    "reason": {"zh": "原因", "en": "Reason"},
    # quarantine
    "quarantine_help": {
        "zh": "这些内容可能含有个人信息，没有进入知识库。确认可以公开的，请放行；"
        "不能公开的，请在原文件中改好，再导入一次。",
        "en": "These entries may hold personal data and are not in the knowledge base. Release "
        "what may be published; correct the rest in its file, and take that in again.",
    },
    "nothing_held": {"zh": "没有待审的内容。", "en": "Nothing is held back."},
    "release": {"zh": "放行", "en": "Release"},
    "released": {"zh": "已放行。", "en": "Released."},
    "gone": {
        "zh": "这一条已经有人处理过了。",
        "en": "Somebody has dealt with this one already.",
    },
    "more_held": {
        "zh": "另有 {n} 条，处理完上面的就会出现。",
        "en": "{n} more appear as these are dealt with.",
    },
    "wordings": {"zh": "其他问法", "en": "Other wordings"},
    "spoken": {"zh": "播报文本：", "en": "Spoken: "},
    # files
    "search": {"zh": "按名称查找", "en": "Find by name"},
    "nothing_in": {"zh": "还没有导入文件。", "en": "No files are in yet."},
    "none_match": {"zh": "没有名称相符的文件。", "en": "No file has such a name."},
    "more_found": {
        "zh": "另有 {n} 个文件，请按名称查找。",
        "en": "{n} more files; find them by name.",
    },
    "total": {"zh": "知识库共有 {n} 条。", "en": "{n} entries in all."},
    "sample": {"zh": "示例知识库", "en": "Sample knowledge base"},
    "taken_in": {"zh": "导入时间 {when}", "en": "taken in {when}"},
    "look": {"zh": "查看", "en": "Look"},
    "first": {"zh": "前 {n} 条", "en": "The first {n}"},
    "question": {"zh": "问题", "en": "Question"},
    "answer": {"zh": "答案", "en": "Answer"},
    "withdraw": {"zh": "撤下", "en": "Withdraw"},
    "withdraw_this": {
        "zh": "「{name}」的 {n} 条内容将从知识库中撤下，立即生效。",
        "en": "{n} entries of “{name}” go out of the knowledge base, at once.",
    },
    "withdraw_sample": {
        "zh": "如果知识库因此空了，下次启动时会重新装入。",
        "en": "If nothing is left, it comes back with the next start.",
    },
    "cancel": {"zh": "取消", "en": "Cancel"},
    "withdrawn": {"zh": "已撤下 {n} 条。", "en": "{n} entries withdrawn."},
    # trying
    "try_help": {
        "zh": "像市民一样提问，看看会得到什么回答，以及依据了哪一条。",
        "en": "Ask as a citizen would: see the answer, and what it rests on.",
    },
    "try_it": {"zh": "提问", "en": "Ask"},
    "answering": {"zh": "正在回答……", "en": "Answering…"},
    "written_by": {
        "zh": "由语言模型 {model} 根据以下依据写成。",
        "en": "Written by the language model {model} from what is named below.",
    },
    "model_unused": {
        "zh": "语言模型 {model} 没有给出可用的回答，以上是知识库自己的回答。",
        "en": "The language model {model} gave no answer that could be used; this is the "
        "knowledge base's own.",
    },
    "answered": {"zh": "会回答", "en": "Answered"},
    "suggested": {"zh": "会请市民确认问题", "en": "Asks which question is meant"},
    "refused": {"zh": "会说明没有找到答案", "en": "Declined"},
    "greeted": {"zh": "会寒暄，不查知识库", "en": "A courtesy; nothing is looked up"},
    "score": {"zh": "把握 {score}", "en": "score {score}"},
    "bounds": {
        "zh": "把握 {answer} 以上回答，{suggest} 以上请市民确认，更低则说明没有找到。",
        "en": "Answered from {answer}, asked back from {suggest}, declined below.",
    },
    "candidates": {"zh": "知识库中最接近的", "en": "Nearest in the knowledge base"},
    "read_as": {
        "zh": "按读音理解为：{question}",
        "en": "Read by its sound as: {question}",
    },
    "no_candidates": {"zh": "知识库中没有相近的内容。", "en": "Nothing is near."},
    "expired": {"zh": "今天不在有效期内", "en": "not valid today"},
    # audit
    "latest": {"zh": "最近 {n} 条，最新的在前。", "en": "The latest {n}, newest first."},
    "nothing_done": {"zh": "还没有记录。", "en": "Nothing was done yet."},
    "when": {"zh": "时间", "en": "When"},
    "who": {"zh": "谁", "en": "Who"},
    "action": {"zh": "操作", "en": "What"},
    "subject": {"zh": "对象", "en": "Of"},
    "outcome": {"zh": "结果", "en": "Outcome"},
}


def staff_text(key: str, language: Language, **values: object) -> str:
    """The text ``key``, with its ``{values}`` filled in."""
    return _TEXTS[key][language].format(**values)


def os_error_reason(error: OSError, language: Language) -> str:
    """What went wrong with a file or the disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return staff_text("reason_disk_full", language)
    if isinstance(error, PermissionError):
        return staff_text("reason_permission", language)
    if isinstance(error, FileNotFoundError):
        return staff_text("reason_no_file", language)
    return staff_text("reason_file", language, number=error.errno or "?")


def actor_text(who: str, language: Language) -> str:
    """Whoever acted, as the journal has it, in the language of the page."""
    name = who.removesuffix(STAFF_PAGE_SUFFIX)
    return who if name == who else staff_text("by_staff_page", language, who=name)


def subject_text(action: str, subject: str, language: Language) -> str:
    """What an action of the journal was about; signing in is about the page itself."""
    is_page = action in ("sign in", "wrong password")
    return staff_text("staff_page", language) if is_page else subject
