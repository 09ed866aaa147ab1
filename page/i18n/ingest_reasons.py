"""What ``ingest`` says of files, rows and actions, in Chinese."""

import re

from .visitor_texts import Language

_IN_CHINESE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        # why a file is not taken in, or a part of it
        (r"the file is damaged or breaks off; get it again$", "文件已损坏或不完整，请重新获取"),
        (r"the PDF file (is damaged or )?breaks off.*", "PDF 文件已损坏或不完整，请重新获取"),
        (r"the PDF file has no pages$", "PDF 文件没有页面"),
        (
            r"is no PDF file although its name says so; get it again$",
            "并不是 PDF 文件，请重新获取",
        ),
        (r"the file is empty$", "文件是空的"),
        (r"(holds no text|the PDF file holds no text)\b.*", "文件里没有文字"),
        (r"is protected by a password; save it without one$", "有密码保护，请去掉密码后再导入"),
        (
            r"is a scan \((\d+) of (\d+) pages are pictures without text\);.*",
            r"是扫描件（\2 页中 \1 页只有图片），请从办公软件导出，或在命令行用 --ocr 识别",
        ),
        (r"is of a format that is not read \((.*?)\); read are (.*)$", r"不支持 \1 格式，支持 \2"),
        (r"is a binary file, not one of the formats that are read$", "不是支持的文件格式"),
        (
            r"is neither text in a known encoding nor a format that is read$",
            "不是支持的格式，也无法识别为文本",
        ),
        (r"no visible sheet has a row of headings with rows below$", "没有找到带表头的工作表"),
        (r"has no row below its headings$", "表头下面没有内容"),
        (
            r"has (\d+) MiB(?: of text)?; at most (\d+) are read, split it$",
            r"有 \1 MB，最多 \2 MB，请拆分",
        ),
        (r"has (\d+) pages; at most (\d+), split it$", r"有 \1 页，最多 \2 页，请拆分"),
        (
            r"is a zip file in which nothing can be read; read are (.*)$",
            r"压缩包里没有支持的文件，支持 \1",
        ),
        (r"is an archive in an archive, .*", "压缩包里还有压缩包，请先解压"),
        (r"takes more than (\d+) s of computing to read;.*", r"读取超过 \1 秒，请拆分"),
        (r"needs too much memory to be read; split it$", "读取需要的内存太多，请拆分"),
        # what is wrong with a row, and what was held back
        (r"^question\b", "问题"),
        (r"^answer\b", "答案"),
        (r"^wordings\b", "其他问法"),
        (r"^department\b", "部门"),
        (r"^source title\b", "依据"),
        (r"^notice\b", "提示"),
        (r" is empty$", "是空的"),
        (r" has no words$", "没有文字"),
        (r": citizen ID number ", "：身份证号码 "),
        (r": mobile number ", "：手机号码 "),
        (r": bank card number ", "：银行卡号 "),
        (r": e-mail address ", "：私人邮箱 "),
        (r": passport number ", "：护照或通行证号码 "),
        (r": number plate next to a name ", "：姓名旁的车牌号 "),
        (r": home address next to a name ", "：姓名旁的住址 "),
        (r"^(\d+) entries\b", r"\1 条"),
        (r", (\d+) bad rows\b", r"，问题行 \1"),
        (r", (\d+) held back$", r"，待审 \1"),
        (r"^failed: ", "未导入："),
        (r"^add$", "导入"),
        (r"^remove$", "撤下"),
        (r"^release$", "放行"),
        (r"^accept$", "采纳"),
        (r"^rebuild$", "重建索引"),
        (r"^sign in$", "登录"),
        (r"^render$", "制作视频"),
        (r"^consent confirmed$", "已确认本人同意"),
        (
            r"^the same question or id as (.+), with other content; keep one of them$",
            r"问题或编号与 \1 相同而内容不同，请只保留一条",
        ),
    )
)


def ingest_reason(english: str, language: Language) -> str:
    """A reason or an action of ``ingest``; what has no translation stays as it was written."""
    if language == "zh":
        for pattern, chinese in _IN_CHINESE:
            english = pattern.sub(chinese, english)
    return english
