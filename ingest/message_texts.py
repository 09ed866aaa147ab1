"""Every text of ``ingest`` about files, rows and actions, in each language side by side."""

from typing import Literal

Language = Literal["en", "zh"]

TEXTS: dict[str, dict[Language, str]] = {
    # fields of an entry
    "field_question": {"en": "question", "zh": "问题"},
    "field_answer": {"en": "answer", "zh": "答案"},
    "field_wordings": {"en": "wordings", "zh": "其他问法"},
    "field_spoken": {"en": "spoken form", "zh": "播报文本"},
    "field_department": {"en": "department", "zh": "部门"},
    "field_source_title": {"en": "source title", "zh": "依据"},
    "field_portal": {"en": "portal", "zh": "网站名称"},
    "field_notice": {"en": "notice", "zh": "提示"},
    "field_document_number": {"en": "document number", "zh": "文号"},
    "field_place": {"en": "place in the document", "zh": "所在位置"},
    "field_region": {"en": "region", "zh": "地区"},
    "field_field": {"en": "field", "zh": "领域"},
    "field_faq_id": {"en": "id", "zh": "编号"},
    "field_origin": {"en": "file name", "zh": "文件名"},
    "field_source_url": {"en": "source address", "zh": "来源网址"},
    "field_document_url": {"en": "document address", "zh": "文件网址"},
    "field_issued": {"en": "issued", "zh": "发布日期"},
    "field_valid_from": {"en": "valid_from", "zh": "有效期自"},
    "field_valid_until": {"en": "valid_until", "zh": "有效期至"},
    # personal data
    "personal_data": {"en": "{field}: {kind} {shown}", "zh": "{field}：{kind} {shown}"},
    "pii_citizen_id": {"en": "citizen ID number", "zh": "身份证号码"},
    "pii_mobile_number": {"en": "mobile number", "zh": "手机号码"},
    "pii_bank_card": {"en": "bank card number", "zh": "银行卡号"},
    "pii_email": {"en": "e-mail address", "zh": "私人邮箱"},
    "pii_passport": {"en": "passport number", "zh": "护照或通行证号码"},
    "pii_plate_with_name": {"en": "number plate next to a name", "zh": "姓名旁的车牌号"},
    "pii_messenger": {"en": "WeChat, QQ or Telegram account", "zh": "微信、QQ等账号"},
    "pii_landline_with_name": {"en": "telephone next to a name", "zh": "姓名旁的座机号码"},
    "pii_illness_with_name": {"en": "illness next to a name", "zh": "姓名旁的病情"},
    "pii_address_with_name": {"en": "home address next to a name", "zh": "姓名旁的住址"},
    # actions and outcomes of the journal
    "action_add": {"en": "add", "zh": "导入"},
    "action_replace": {"en": "replace", "zh": "取代"},
    "action_restore": {"en": "restore", "zh": "恢复备份"},
    "action_remove": {"en": "remove", "zh": "撤下"},
    "action_release": {"en": "release", "zh": "放行"},
    "action_accept": {"en": "accept", "zh": "采纳"},
    "action_rebuild": {"en": "rebuild", "zh": "重建索引"},
    "action_sign in": {"en": "sign in", "zh": "登录"},
    "action_wrong password": {"en": "wrong password", "zh": "口令错误"},
    "action_render": {"en": "render", "zh": "制作视频"},
    "file_taken_in": {
        "en": "{n_entries} entries, {n_bad} bad rows, {n_held} held back",
        "zh": "{n_entries} 条，问题行 {n_bad}，待审 {n_held}",
    },
    "file_failed": {"en": "failed: {reason}", "zh": "未导入：{reason}"},
    "n_entries": {"en": "{n} entries", "zh": "{n} 条"},
    "accepted": {
        "en": "{n_entries} entries, {n_held} held back",
        "zh": "{n_entries} 条，待审 {n_held}",
    },
    "consent_confirmed": {"en": "consent confirmed", "zh": "已确认本人同意"},
    # why a file is not taken in
    "no_such_file": {"en": "there is no such file or folder", "zh": "没有这个文件或文件夹"},
    "no_permission": {
        "en": "cannot be opened: whoever runs this program may not read it",
        "zh": "无法打开：运行本程序的账户没有读取权限",
    },
    "cannot_be_opened": {"en": "cannot be opened: {detail}", "zh": "无法打开"},
    "no_file": {
        "en": "is not a file; a device or a pipe cannot be read",
        "zh": "不是普通文件，无法读取",
    },
    "empty_file": {"en": "the file is empty", "zh": "文件是空的"},
    "damaged": {
        "en": "the file is damaged or breaks off; get it again",
        "zh": "文件已损坏或不完整，请重新获取",
    },
    "cut_off": {
        "en": "the PDF file breaks off before its end; get it again",
        "zh": "PDF 文件不完整，请重新获取",
    },
    "password": {
        "en": "is protected by a password; save it without one",
        "zh": "有密码保护，请去掉密码后再导入",
    },
    "large_file": {
        "en": "has {mib} MiB; at most {most} are read, split it",
        "zh": "有 {mib} MiB，最多 {most} MiB，请拆分",
    },
    "large_text": {
        "en": "has {mib} MiB of text; at most {most} are read, split it",
        "zh": "文字有 {mib} MiB，最多 {most} MiB，请拆分",
    },
    "long_line": {
        "en": "line {line} has {n} characters (at most {most}); it is no text for people, or "
        "its line ends are lost",
        "zh": "第 {line} 行有 {n} 个字符（最多 {most}），可能不是供人阅读的文本，或者换行符丢失",
    },
    "large_table": {
        "en": "has more than {rows} rows or {cells} cells; split it",
        "zh": "超过 {rows} 行或 {cells} 个单元格，请拆分",
    },
    "many_rows": {
        "en": "a sheet has more than {most} rows; split it",
        "zh": "有一张工作表超过 {most} 行，请拆分",
    },
    "many_cells": {
        "en": "has more than {most} cells; split it",
        "zh": "超过 {most} 个单元格，请拆分",
    },
    "many_pages": {
        "en": "has {n} pages; at most {most}, split it",
        "zh": "有 {n} 页，最多 {most} 页，请拆分",
    },
    "many_slides": {
        "en": "has more than {most} slides; split it",
        "zh": "超过 {most} 张幻灯片，请拆分",
    },
    "large_parts": {
        "en": "the file unpacks to more than {mib} MiB; split it",
        "zh": "文件解压后超过 {mib} MiB，请拆分",
    },
    "much_memory": {
        "en": "needs too much memory to be read; split it",
        "zh": "读取需要的内存太多，请拆分",
    },
    "slow_file": {
        "en": "takes more than {seconds} s of computing to read; split it",
        "zh": "读取的计算时间超过 {seconds} 秒，请拆分",
    },
    "crashed_reader": {
        "en": "brought the program that reads it down; open the file and save it again, or "
        "split it",
        "zh": "读取时程序崩溃，请打开文件重新保存，或者拆分",
    },
    "deep_nesting": {"en": "is nested too deeply to be read", "zh": "嵌套层数太多，无法读取"},
    "unreadable_as": {
        "en": "cannot be read as a {format} file ({error}); open it in its program and save "
        "it again",
        "zh": "无法按 {format} 文件读取，请用原来的程序打开后重新保存",
    },
    # archives
    "many_members": {
        "en": "the archive has more than {most} members; split it",
        "zh": "压缩包里超过 {most} 个文件，请拆分",
    },
    "nested_archive": {
        "en": "is an archive in an archive, {depth} deep (at most {most}); unpack it first",
        "zh": "压缩包套了 {depth} 层（最多 {most} 层），请先解压",
    },
    "damaged_member": {
        "en": "is damaged in its archive; pack it again",
        "zh": "在压缩包里已损坏，请重新打包",
    },
    "escaping_member": {
        "en": "points out of its archive; whoever packed it means harm or erred",
        "zh": "路径指向压缩包以外，打包有误或有恶意",
    },
    "link_member": {
        "en": "is a link and not a file; pack the file itself",
        "zh": "是链接而不是文件，请打包文件本身",
    },
    "link_outside": {
        "en": "is a link to a file outside the folder; copy the file itself into it",
        "zh": "是指向文件夹以外的链接，请把文件本身复制进来",
    },
    "large_member": {"en": "has more than {most} MiB; split it", "zh": "超过 {most} MiB，请拆分"},
    "large_archives": {
        "en": "the archives unpack to more than {most} MiB together; take them in one by one",
        "zh": "这些压缩包解压后合计超过 {most} MiB，请逐个导入",
    },
    "zip_bomb": {
        "en": "unpacks to {times} times its size, as only a zip bomb does (at most {most})",
        "zh": "解压后是原来的 {times} 倍（最多 {most} 倍），只有压缩炸弹才会这样",
    },
    "bad_part": {"en": "a part of the file {problem}", "zh": "文件的一个组成部分{problem}"},
    "xml_entities": {
        "en": "a part of the file declares XML entities, as no office does",
        "zh": "文件里声明了 XML 实体，正常的办公文件不会这样",
    },
    # formats that are not read
    "other_format": {
        "en": "is of a format that is not read ({suffix}); read are {formats}, and ZIP of these",
        "zh": "不支持 {suffix} 格式，支持 {formats}，以及它们的 ZIP 压缩包",
    },
    "zip_of_nothing": {
        "en": "is a zip file in which nothing can be read; read are {formats}, and ZIP of these",
        "zh": "压缩包里没有支持的文件，支持 {formats}",
    },
    "binary_file": {
        "en": "is a binary file, not one of the formats that are read",
        "zh": "是二进制文件，不是支持的格式",
    },
    "no_encoding": {
        "en": "is neither text in a known encoding nor a format that is read",
        "zh": "不是支持的格式，也无法识别为文本",
    },
    "rtf": {
        "en": "is an RTF file; open it in the office program and save it as .docx",
        "zh": "是 RTF 文件，请用办公软件打开并另存为 .docx",
    },
    "other_archive": {
        "en": "is a {format} archive; unpack it and name the folder, or pack it as .zip",
        "zh": "是 {format} 压缩包，请解压后导入，或改用 .zip 打包",
    },
    "gzip": {"en": "is a gzip archive; unpack it first", "zh": "是 gzip 压缩包，请先解压"},
    "picture": {
        "en": "is a picture; put it into a PDF and switch character recognition on",
        "zh": "是图片，请转成 PDF 并开启文字识别",
    },
    "program": {"en": "is a program, not a document", "zh": "是程序，不是文档"},
    "xlsb": {
        "en": "is a binary Excel file (.xlsb); save it as .xlsx",
        "zh": "是二进制 Excel 文件（.xlsb），请另存为 .xlsx",
    },
    "ofd": {"en": "is an OFD file; export it as PDF", "zh": "是 OFD 文件，请导出为 PDF"},
    "open_document": {
        "en": "is an OpenDocument file; save it as .docx, .xlsx or .pptx",
        "zh": "是 OpenDocument 文件，请另存为 .docx、.xlsx 或 .pptx",
    },
    "old_office": {
        "en": "is an old binary {program} file; open it and save it as {suffix}",
        "zh": "是旧版 {program} 文件，请打开后另存为 {suffix}",
    },
    "xml": {
        "en": "is an XML file; save it as .xlsx, .docx or .csv",
        "zh": "是 XML 文件，请另存为 .xlsx、.docx 或 .csv",
    },
    "web_archive": {
        "en": "is a web archive or a mail; save it as .html",
        "zh": "是网页存档或邮件，请另存为 .html",
    },
    "no_pdf": {
        "en": "is no PDF file although its name says so; get it again",
        "zh": "并不是 PDF 文件，请重新获取",
    },
    # what is in a file
    "no_text": {"en": "holds no text", "zh": "文件里没有文字"},
    "only_menus": {
        "en": "holds no text besides menus; save the page once it is fully shown",
        "zh": "除了菜单没有文字，请等网页完全显示后再保存",
    },
    "only_pictures": {
        "en": "holds no text; if it is made of pictures, save it as PDF",
        "zh": "文件里没有文字；如果内容是图片，请另存为 PDF",
    },
    "no_pages": {"en": "the PDF file has no pages", "zh": "PDF 文件没有页面"},
    "scan": {
        "en": "is a scan ({n} of {pages} pages are pictures without text); switch character "
        "recognition on (ocr), or export it from the office program",
        "zh": "是扫描件（{pages} 页中 {n} 页只有图片），请开启文字识别（命令行用 --ocr），或"
        "从办公软件导出",
    },
    "no_tesseract": {
        "en": "is a scan, and tesseract is not installed: install the packages tesseract-ocr "
        "and tesseract-ocr-chi-sim",
        "zh": "是扫描件，但本机没有安装 tesseract：请安装软件包 tesseract-ocr 和 "
        "tesseract-ocr-chi-sim",
    },
    "tesseract_without_chinese": {
        "en": "is a scan, and tesseract does not know Chinese: install the package "
        "tesseract-ocr-chi-sim",
        "zh": "是扫描件，但 tesseract 缺少中文：请安装软件包 tesseract-ocr-chi-sim",
    },
    "page_not_recognized": {
        "en": "page {page} could not be recognised by tesseract",
        "zh": "tesseract 无法识别第 {page} 页",
    },
    "pages_left_out": {
        "en": "left out, being pictures without text: page {pages}; switch character "
        "recognition on (--ocr), or export the file from the office program",
        "zh": "没有导入只有图片的页：第 {pages} 页；请开启文字识别（命令行用 --ocr），或从办"
        "公软件导出",
    },
    "many_pages_left_out": {
        "en": "left out, being pictures without text: page {pages} and {n_more} more; switch "
        "character recognition on (--ocr), or export the file from the office program",
        "zh": "没有导入只有图片的页：第 {pages} 页和另外 {n_more} 页；请开启文字识别（命令行"
        "用 --ocr），或从办公软件导出",
    },
    "no_sheet": {
        "en": "no visible sheet has a row of headings with rows below",
        "zh": "没有找到带表头的工作表",
    },
    "no_rows": {"en": "has no row below its headings", "zh": "表头下面没有内容"},
    "open_quote": {
        "en": "line {line}: {detail}; look for a quotation mark that is never closed",
        "zh": "第 {line} 行附近的引号没有配对，请检查",
    },
    "no_json": {
        "en": "line {line} is not JSON: {detail}",
        "zh": "第 {line} 行不是 JSON",
    },
    "json_line": {
        "en": "line {line} is not an object; one object a line is expected",
        "zh": "第 {line} 行不是对象，应当每行一个对象",
    },
    "json_entry": {
        "en": "entry {number} is not an object; a list of objects is expected, e.g. "
        '[{{"问题": …, "答案": …}}]',
        "zh": '第 {number} 项不是对象，应当是对象的列表，例如 [{{"问题": …, "答案": …}}]',
    },
    "json_no_objects": {
        "en": 'has no objects; a list of objects is expected, e.g. [{{"问题": …, "答案": …}}]',
        "zh": '没有对象，应当是对象的列表，例如 [{{"问题": …, "答案": …}}]',
    },
    "json_single_value": {
        "en": 'holds a single value; a list of objects is expected, e.g. [{{"问题": …, '
        '"答案": …}}]',
        "zh": '只有一个值，应当是对象的列表，例如 [{{"问题": …, "答案": …}}]',
    },
    # rows of tables
    "empty_tables": {"en": "there is nothing in its tables", "zh": "表格里没有内容"},
    "missing_columns": {
        "en": "no columns for {wanted} among the headings {headings}. Name those that there "
        "are, e.g. --columns question=标题 answer=内容",
        "zh": "表头 {headings} 中没有 {wanted} 对应的列。请指明表头，命令行例如 --columns "
        "question=标题 answer=内容",
    },
    "no_columns": {
        "en": "no question and answer columns; headings: {headings}",
        "zh": "没有问题列和答案列；表头是：{headings}",
    },
    "repeated": {
        "en": "the same question or id as {place}, with other content; keep one of them",
        "zh": "问题或编号与 {place} 相同而内容不同，请只保留一条",
    },
    "empty": {"en": "{field} is empty", "zh": "{field}是空的"},
    "invisible": {"en": "{field} has only invisible characters", "zh": "{field}只有看不见的字符"},
    "formula_error": {
        "en": "{field} is the error of a formula: {shown}",
        "zh": "{field}是公式错误：{shown}",
    },
    "long_question": {
        "en": "question has {n} characters; {most} at most",
        "zh": "问题有 {n} 个字符，最多 {most} 个",
    },
    "no_words": {"en": "question has no words", "zh": "问题没有文字"},
    "no_web_address": {
        "en": "{field} is not a web address: {shown}; it must start with https://",
        "zh": "网址不正确：{shown}，应当以 https:// 开头",
    },
    "no_language": {
        "en": "language is neither a tag such as zh-CN nor known by name: {shown}",
        "zh": "语言既不是 zh-CN 这样的代码，也不是认识的名称：{shown}",
    },
    "no_year": {"en": "year is not a year: {shown}", "zh": "年份不是年份：{shown}"},
    "no_date": {
        "en": "{field} is not a date: {shown}; write it like 2024-03-01 or 2024年3月1日",
        "zh": "{field}不是日期：{shown}，请写成 2024-03-01 或 2024年3月1日",
    },
    "unknown_fields": {
        "en": "unknown fields {fields}; known are {known}",
        "zh": "没有这些字段：{fields}；可用的有 {known}",
    },
    # reviews, and files that are withdrawn
    "no_xlsx_name": {
        "en": "a review is an Excel file; end its name in .xlsx",
        "zh": "审核表是 Excel 文件，文件名请以 .xlsx 结尾",
    },
    "long_cell": {
        "en": "{question}: a cell holds 32,767 characters at most",
        "zh": "{question}：一个单元格最多 32,767 个字符",
    },
    "no_excel": {"en": "not an Excel file: {detail}", "zh": "不是 Excel 文件"},
    "no_review": {
        "en": "no column {column}; is this a file for review?",
        "zh": "没有「{column}」列，这是审核表吗？",
    },
    "unknown_decision": {
        "en": "the decision is {shown}; write {accept} or {refuse}, or leave it empty",
        "zh": "决定是「{shown}」，请写「{accept}」或「{refuse}」，或者留空",
    },
    "id_of_another": {
        "en": "the id {faq_id} belongs to an entry of {owner}; give another id or none, or take "
        "its place with 'python -m ingest add --replace' or the box for it on the staff page",
        "zh": "编号 {faq_id} 属于 {owner} 的条目；请换一个编号或留空，"
        "或用 python -m ingest add --replace（管理页面上勾选“替换”）取代它",
    },
    "replaces": {
        "en": "{faq_id} takes the place of an entry of {owner}, which comes back when this file "
        "is withdrawn",
        "zh": "{faq_id} 取代了 {owner} 的条目；撤下本文件后，原条目恢复",
    },
    "unknown_origin": {"en": "unknown origin", "zh": "来源不明"},
    "withdrawn_and_restored": {
        "en": "{n} entries, {n_restored} that they had replaced are back",
        "zh": "{n} 条，被取代的 {n_restored} 条已恢复",
    },
    "nothing_to_remove": {
        "en": "{name} is neither a file that is in nor an entry; see 'list'",
        "zh": "{name} 既不是已导入的文件，也不是条目编号",
    },
}
"""Code → language → text; names in braces are the parameters of the message."""
