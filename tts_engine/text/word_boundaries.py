"""Which words a stretch of characters is read in, where the segmenter and the phrase table differ.

``jieba`` cuts sentences well and knows long words; ``pypinyin`` reads a long word that its phrase
table lacks by the longest phrases from the left, which are often none of its parts: 单亲家庭 as
单 + 亲家 + 庭 (qìng), 公安分局 as 公 + 安分 + 局. Of the 72,282 such words in jieba's dictionary
the rule below changes the reading of 71.

Phrases of the table that lie across two words are there by chance: taken as they are, 收到处罚 is
read by 到处 and 部分地方 by 分地.
"""


def word_parts(word: str) -> list[str]:
    """Cut a long word into the parts by which it is read; most are one part.

    >>> word_parts("单亲家庭"), word_parts("身份证"), word_parts("太行山区")
    (['单亲', '家庭'], ['身份证'], ['太行山区'])
    """
    from pypinyin.constants import PHRASES_DICT
    from pypinyin.seg.mmseg import seg

    if len(word) < 4 or word in PHRASES_DICT:
        return [word]
    parts = _fewest_words(word)
    by_longest_phrase = list(seg.cut(word))
    is_better = _n_single(by_longest_phrase) - _n_single(parts) >= 2
    is_doubled = word[0] == word[1] or word[-1] == word[-2]  # 仔仔细细 is one word
    return parts if is_better and not is_doubled else [word]


def cuts_words(segments: list[str], starts: list[int], start: int, end: int) -> bool:
    """Whether a phrase is only there by chance: 上调 in 会上 + 调度.

    Args:
        segments: The words of a stretch of characters.
        starts: Where each begins, and where the last ends.
        start: Where the phrase begins.
        end: Where it ends.
    """
    first = max(i for i, at in enumerate(starts[:-1]) if at <= start)
    last = max(i for i, at in enumerate(starts[:-1]) if at < end)
    if first == last:
        return False
    cuts_first = starts[first] < start and _is_known(segments[first])
    cuts_last = end < starts[last + 1] and _is_known(segments[last])
    return cuts_first and (cuts_last or end - start == 2)


def _fewest_words(word: str) -> list[str]:
    """Cut into the fewest known words but the whole, and then with the fewest characters alone."""
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
    for end in range(1, len(word) + 1):
        best.append(
            min(
                (best[start][0] + 1, best[start][1] + (end - start == 1), [*best[start][2], part])
                for start in range(end)
                if (part := word[start:end]) != word and (end - start == 1 or _is_known(part))
            )
        )
    return best[-1][2]


def _n_single(parts: list[str]) -> int:
    return sum(len(part) == 1 for part in parts)


def _is_known(word: str) -> bool:
    """Whether the segmenter's dictionary has a word of several characters."""
    import jieba

    jieba.initialize()
    return len(word) > 1 and bool(jieba.dt.FREQ.get(word))
