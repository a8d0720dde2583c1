"""What a question is about: measured nouns, content words, and the words that narrow the measure down."""

import re

from app.understanding.glossary import translate_terms
from app.understanding.language import HAN
from app.understanding.measures import MEASURE_WORDS, find_heads
from app.understanding.periods import without_periods
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions
from ingest.lexical import STOP_WORDS, normalise, words

# Verbs and adverbs that say nothing about what is measured.
_LIGHT = frozenset(
    "打算 建设 规划 计划 推动 发展 实现 降到 降至 提升 提升到 减少 平均 建成 成为 列为 列入 作为 用得 预计 达到 增加 下降 变化 出现 拥有 具有 存在 整体 "
    "总体 全部 一共 总共 大概 大约 新设 去年 今年 水平 数字 数据显示 高于 低于 超过 不足 具体 花了 投了 投入 相差 相比 进行 开展 列 应用 目标 目前 实际 已经 "
    "增长 同比 缩短 提高 average level 提出 违反 最高 上限 违规 至少 最多 只有 仅仅 平均水平 为什么 麻烦 谢谢 帮我 整理 适用".split()
)
_AMOUNT = re.compile(
    r"多少|几(?!乎|何|近|经|度)(?:个|家|所|年|倍|成|项|万|亿|人|座|[一-龥])|几分之|多大|多高|多长|\bhow (?:many|much|large|big|high|long)\b",
    re.I,
)
# 湖南的AI公司有多少: a number of them, though no word says so.
_COUNTED = re.compile(
    r"(?:企业|公司|厂商|机构|高校|大学|院校|平台|项目|园区|城市|省份|大模型|专业|中心)(?:总共|一共|共)?有多少"
    r"|\bhow many (?:\w+ ){0,2}(?:compan|enterprise|firm|universit|platform|project|cit|model)",
    re.I,
)
_HOW_LARGE = re.compile(
    r"几分之[一几]?|多久|多长时间|多少(?:个|家|所|项|人|名|座|台|年|钱)?|几(?:个|家|所|项|座|年|成|倍)|多大(?:规模|体量)的?|多高比例的?"
)  # asks for an amount, names no measure


# Rests of dates and of verbs that a segmenter leaves as words: 截至, 日有, 要建, 能领. They name nothing.
LEFTOVER = re.compile(
    r"截至|截止|[年月日](?:底|末|初|有|前|内|起)|[要能可会需应得该想须][一-龥]|[一-龥]了|工作日内?|日内|年内|月内|以[上下内]|最[高多低少长][一-龥]?"
    r"|[一-龥]?[前后内][要能可会需应得须]|天起|多长|每[一-龥]|要求|一次|不[多少高低大小够]|咋样?|怎样|够用|(.)不\1|(?:每|一)?个?[年月日天]|每个?[年月日天人次]"
    r"|一个月|小时|万元|亿元"
)


def is_light(word: str) -> bool:
    """Whether a word of a question says nothing of what is measured: 达到, 目前, 要建."""
    return word in _LIGHT or bool(LEFTOVER.fullmatch(word) or re.fullmatch("多[大高少长久达]", word))


def measured(text: str, translated: str) -> tuple[str, ...]:
    """Measured nouns asked for. Of a compound the last noun is the measure: 机架利用率 asks for 利用率."""
    source = translated or re.sub(r"多大(?:规模|体量)的?", "", text)
    if re.search(r"同比|增长(?:了)?多少|增长几|增幅|增速|增长率|增长(?:的)?(?:预期)?目标", source):
        return ("增速",)
    heads = find_heads(source)
    if not heads and _COUNTED.search(text):
        return ("数量",)
    if translated:
        return heads
    return tuple(
        head for head in heads
        if not any(other != head and re.search(rf"{re.escape(head)}的?(?:平均)?{re.escape(other)}", source) for other in heads)
    ) or heads  # fmt: skip


def narrowing(text: str, translated: str, terms: tuple[str, ...], heads: tuple[str, ...]) -> tuple[str, ...]:
    """What narrows the measure down: the content words of its clause, less the noun itself and light verbs."""
    words = [
        t
        for t in (_stem(t, heads) for t in terms)
        if len(t) > 1 and t not in _LIGHT and not any(a in h or h in a for h in heads for a in t.split("|"))
    ]
    if translated or text.isascii():
        return tuple(words)
    clauses = re.split(r"[，,。；;！!？?：:]", text)
    asking = [c for c in clauses if any(h in c for h in heads)] or [c for c in clauses if _AMOUNT.search(c)] or clauses
    near = tuple(word for word in words if any(word in clause.lower() for clause in asking))
    telling = any(word not in MEASURE_WORDS and not LEFTOVER.fullmatch(word) for word in near)
    return near if telling else tuple(words)  # 违反X的，最多罚多少: what for is said in another clause


def _stem(term: str, heads: tuple[str, ...]) -> str:
    """What a compound adds to the measure that it ends with: 住房 of 住房补贴."""
    stem = next((term[: -len(head)] for head in heads if term != head and term.endswith(head)), "")
    return stem if len(stem) >= 2 else term


def content_words(text: str, bare: str) -> tuple[str, ...]:
    """Content words of a question: no question words, no quantities. Those of an English question are Chinese.

    `bare` is `text` with its regions and periods blanked out. A term with several translations holds them all, joined by "|".
    """
    plain = without_periods(_HOW_LARGE.sub(" ", bare))
    for quantity in reversed(list(find_quantities(plain))):
        plain = plain[: quantity.start] + " " * (quantity.end - quantity.start) + plain[quantity.end :]
    if not HAN.search(text):  # national average -> 全国: a region, no content word
        translations = [term for term in translate_terms(plain) if not find_regions(term)]
        return tuple(dict.fromkeys((*translations, *(normalise(name) for name in _names(plain)))))
    found = dict.fromkeys(
        word
        for word in words(plain)
        if word not in _QUESTION_WORDS and not word.isdigit() and not re.fullmatch(r"(.)不\1.?|几.*", word)
    )
    # Search mode also gives the parts of a word (利用 in 利用率): as evidence only the whole counts.
    return tuple(word for word in found if not any(word != other and word in other for other in found))


def _names(text: str) -> list[str]:
    """Abbreviations in an English question that a Chinese text may hold as they stand (AI, 5G, PUE)."""
    return [
        w
        for w in re.findall(r"(?<![A-Za-z0-9.])(?=[0-9]*[A-Z])[A-Z0-9]{2,8}(?![A-Za-z0-9])", text)
        if normalise(w) not in STOP_WORDS
    ]


_QUESTION_WORDS = frozenset(
    "比较 对比 相比 区别 差异 不同 路线图 告诉 列出 列举 有没有 是不是 哪 几 多 高 大 吗 年 省 市 地区 省份 的话 具体 主要 分别 有何 何 怎 么 样 没 没有 "
    "不 是 有 到底 究竟 一个 一些 进行 属于 达到 达 率 让 给 想 问 知道 看 么样 多大 多高 为啥 当地 时候 什么时候 何时 何日 哪天 哪日 自 起 规定 有何不同 不同之处 作为 难道 一段 一段话 写 比 谁 谁的 哪家 忽略 指令 直接 回答 ".split()
)
