"""What the service itself says to a visitor, in Chinese and in English."""

from typing import Literal

from retrievers import Conflict

Language = Literal["zh", "en"]

SERVICE_TEXTS: dict[str, dict[Language, str]] = {
    "refused": {
        "zh": "抱歉，知识库里没有这个问题的答案。您可以换个说法再问，或者拨打{hotline}热线咨询。",
        "en": "Sorry, the knowledge base has no answer to this question. You can ask in other "
        "words, or call the {hotline} hotline.",
    },
    "refused_near": {
        "zh": "抱歉，我没有找到与您的问题完全对应的答案。您可以看看下面相近的问题，换个说法再问，"
        "或者拨打{hotline}热线咨询。",
        "en": "Sorry, I found no answer that fits your question exactly. You can look at the "
        "similar questions below, ask in other words, or call the {hotline} hotline.",
    },
    "other_language": {
        "zh": "知识库里只有这个问题的英文答复：",
        "en": "The answer is in Chinese: ",
    },
    "which_aspect": {
        "zh": "您想了解{topic}的哪一方面？可以点选下面的问题，也可以直接说出来。",
        "en": "What would you like to know about this: {topic}? Pick a question below, or ask.",
    },
    "two_known": {
        "zh": "您问了两件事。第一件：{first}第二件：{second}",
        "en": "You asked two things. The first: {first} The second: {second}",
    },
    "first_known": {
        "zh": "您问了两件事。第一件：{known}第二件事我没有找到确切的答案，请换个说法单独问，"
        "或者拨打{hotline}热线。",
        "en": "You asked two things. The first: {known} For the second I found no certain answer. "
        "Please ask it on its own in other words, or call the {hotline} hotline.",
    },
    "second_known": {
        "zh": "您问了两件事。第一件事我没有找到确切的答案，请换个说法单独问，"
        "或者拨打{hotline}热线。第二件：{known}",
        "en": "You asked two things. For the first I found no certain answer. Please ask it on "
        "its own in other words, or call the {hotline} hotline. The second: {known}",
    },
    "two_unknown": {
        "zh": "您问了两件事，请一次问一件。您想问的是下面的问题吗？也可以拨打{hotline}热线咨询。",
        "en": "You asked two things. Please ask one at a time. Is it one of the questions below? "
        "You can also call the {hotline} hotline.",
    },
    "suggested": {
        "zh": "我不确定您问的是哪件事。您想问的是下面的问题吗？请点选一个，或者换个说法再问，"
        "也可以拨打{hotline}热线咨询。",
        "en": "I am not sure which matter you mean. Is it one of the questions below? Pick one, "
        "ask in other words, or call the {hotline} hotline.",
    },
    "expired": {
        "zh": "抱歉，知识库里相关的规定已于{until}失效，现行规定请拨打{hotline}热线咨询。",
        "en": "Sorry, what the knowledge base has on this expired on {until}. Please call the "
        "{hotline} hotline for the rule in force.",
    },
    "empty_question": {"zh": "请输入您的问题。", "en": "Please type a question."},
    "too_long": {
        "zh": "问题太长了，请控制在{limit}个字以内，一次问一件事。",
        "en": "That is too long. Please ask one thing in at most {limit} characters.",
    },
    "bad_message": {
        "zh": "消息格式不正确。",
        "en": "This message is not understood: it must be a JSON object with a known shape.",
    },
    "unknown_type": {"zh": "不支持的消息类型。", "en": "This type of message is unknown."},
    "not_allowed": {
        "zh": "此服务不开放朗读功能。",
        "en": "Speaking any text is switched off here.",
    },
    "not_forgotten": {
        "zh": "对话没有删除成功，请稍后再试。",
        "en": "The conversation could not be deleted. Please try again later.",
    },
    "unknown_reply": {
        "zh": "没有找到要评价的答复。",
        "en": "There is no such answer to rate.",
    },
    "not_kept": {
        "zh": "评价没有保存成功，请稍后再试。",
        "en": "Your feedback could not be kept. Please try again later.",
    },
    "busy": {
        "zh": "当前咨询人数较多，先为您提供文字答复。",
        "en": "Many people are asking at the moment, so here is your answer in writing.",
    },
    "spare_voice": {
        "zh": "语音服务暂时不可用，已改用备用语音。",
        "en": "The usual voice is not available; another one speaks.",
    },
    "failed": {
        "zh": "抱歉，服务出现故障，请稍后再试，或拨打{hotline}热线。",
        "en": "Sorry, something went wrong. Please try again later or call {hotline}.",
    },
}

_CONFLICT: dict[Language, str] = {
    "zh": "{kind}不一致：问题说的是“{asked}”，条目讲的是“{about}”",
    "en": "{kind} differs: the question says “{asked}”, the entry says “{about}”",
}

CONFLICT_KINDS: dict[str, dict[Language, str]] = {
    "grade": {"zh": "职称级别", "en": "Grade of the title"},
    "level": {"zh": "等级", "en": "Level"},
    "exam_stage": {"zh": "考试阶段", "en": "Stage of the examination"},
    "exam_part": {"zh": "考试科目", "en": "Part of the examination"},
    "vehicle": {"zh": "车辆种类", "en": "Kind of vehicle"},
    "happening": {"zh": "办理原因", "en": "Reason for applying"},
    "enterprise": {"zh": "主体类型", "en": "Kind of enterprise"},
    "tenancy": {"zh": "租房还是出租", "en": "Renting or letting"},
    "sale": {"zh": "买房还是卖房", "en": "Buying or selling"},
    "kinship": {"zh": "投靠关系", "en": "Who joins whom"},
    "marriage": {"zh": "登记种类", "en": "Kind of registration"},
    "insurance": {"zh": "险种", "en": "Kind of insurance"},
    "document": {"zh": "证件", "en": "Document"},
    "expired": {"zh": "是否过期", "en": "Whether it expired"},
    "married": {"zh": "是否结婚", "en": "Whether married"},
    "divorced": {"zh": "是否离婚", "en": "Whether divorced"},
    "graduated": {"zh": "是否毕业", "en": "Whether graduated"},
    "retired": {"zh": "是否退休", "en": "Whether retired"},
    "insured": {"zh": "是否参保或缴存", "en": "Whether insured"},
    "contract": {"zh": "是否签合同", "en": "Whether a contract was signed"},
    "registered": {"zh": "是否登记", "en": "Whether registered"},
    "of_age": {"zh": "是否成年", "en": "Whether of age"},
    "paid": {"zh": "是否发放或缴费", "en": "Whether paid"},
    "employed": {"zh": "是否就业", "en": "Whether employed"},
    "passed": {"zh": "是否通过", "en": "Whether passed"},
    "age": {"zh": "年龄", "en": "Age"},
    "points": {"zh": "记分", "en": "Number of points"},
    "date": {"zh": "日期", "en": "Date"},
    "place": {"zh": "国家或地区", "en": "Country or region"},
}
"""In what a question and an entry may differ; see ``retrievers/ranking/qualifiers.toml``."""


def conflict_text(conflict: Conflict, language: Language) -> str:
    """Why an entry is no answer to a question, for who looks into it."""
    known = CONFLICT_KINDS.get(conflict.kind)  # another retriever may have its own
    between = "、" if language == "zh" else ", "
    return _CONFLICT[language].format(
        kind=known[language] if known else conflict.kind,
        asked=between.join(conflict.asked),
        about=between.join(conflict.about),
    )


def service_text(key: str, language: str, **values: object) -> str:
    """The text ``key`` in the language of a BCP 47 tag; Chinese unless it is English."""
    chosen: Language = "en" if language.lower().startswith("en") else "zh"
    return SERVICE_TEXTS[key][chosen].format(**values)
