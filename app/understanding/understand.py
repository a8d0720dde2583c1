"""From a question as typed to a Query: language, regions, periods, kind, measured nouns, content words. By rule."""

import datetime
import re
from collections.abc import Sequence
from itertools import zip_longest

from app.composition.wording import without_periods
from app.types import Language, Query, QuestionKind, Turn
from app.understanding.glossary import translate, translate_terms
from app.understanding.measures import find_heads
from app.understanding.naming import find_named
from app.understanding.quantities import english_figures
from app.understanding.rewrite import stand_alone
from app.understanding.spelling import correct
from ingest.errors import InputError
from ingest.facts.figures import find_figures, find_periods, is_object
from ingest.facts.numbers import find_quantities
from ingest.facts.owners import in_name
from ingest.facts.regions import expand, find_regions, relation
from ingest.lexical import STOP_WORDS, fold, fold_width, normalise, words

MAX_QUESTION = 2000  # characters; longer text is a document, not a question

_SURROGATE = re.compile("[\ud800-\udfff]")
_HAN = re.compile(r"[㐀-鿿]")
_OTHER_SCRIPT = re.compile(r"[぀-ヿㇰ-ㇿ가-힯ᄀ-ᇿЀ-ӿ֐-ۿऀ-ॿ฀-๿Ͱ-Ͽ]")
_KANA_HANGUL = re.compile(r"[぀-ヿㇰ-ㇿ가-힯ᄀ-ᇿ]")
_ENGLISH_WORDS = frozenset(
    "the a an of in is are was were what which who how why when where does do did has have much many to for and or on at by with from "
    "that this it its be can could will would should about between compare rate list tell me give show than more most not no any".split()
)
_FOREIGN_WORDS = frozenset(
    "le la les des du est sont quel quelle quels quelles comment pourquoi dans avec pour une sur et taux "  # French
    "der die das und ist sind wie warum welche welcher für von dem den ein eine mit auf nicht hoch "  # German
    "el los las cuál cual cuáles qué que cómo como por para una del con es son tasa cuanto "  # Spanish
    "il lo gli della dello di che quale quali perché è sono tasso nel nella "  # Italian
    "o os da do dos das qual quais são uma em não taxa "  # Portuguese
    "yang dan di apa berapa bagaimana untuk dengan adalah của là và những như thế nào".split()
)
_BARE_YEAR = re.compile(r"(?<![\d.〔\[（(【])((?:19|20)\d{2})(?![\d年.〕\]）)】-])")
_ENGLISH_QUARTER = re.compile(
    r"\b(?:Q([1-4])|(first|second|third|fourth) quarter)(?: of| in|,)? ?((?:19|20)\d{2})", re.I
)
_COMPARE = re.compile(
    r"比较|对比|不一样|哪里不同|孰优|相比|区别|差异|差别|不同|异同|哪个更|谁更|孰|\bvs\b|\bversus\b|\bcompar|\bdiffer|比.{1,8}(?:如何|怎么?样)|比.{1,6}(?:高|低|多|少|好|强)",
    re.I,
)
_CLAIM = re.compile(
    r"吗[？?]?$|是不是|是否|有没有|对不对|^(?:is|are|was|were|does|do|did|has|have|can|could|will)\b", re.I
)
_REASON = re.compile(
    r"为什么|为何|原因|为啥|怎么会|失败|风险|隐患|陷阱|困境|挑战|短板|瓶颈|教训|缺点|不足之处|有什么问题|问题是|\bwhy\b|\brisks?\b|\bchallenges?\b|\breasons?\b|\bproblems?\b|\bfail",
    re.I,
)
_DATE = re.compile(
    r"什么时候|何时|哪一?[年天日月]|几月|几号|(?:哪个?|什么|哪一)(?:时期|季度|时候|月份)|\bwhen\b|\b(?:what|which) (?:year|period|date|time|quarter|month)\b",
    re.I,
)
_LIST = re.compile(r"哪些|列出|列举|有哪|分别|几个方面|\bwhich\b|\blist\b|\bwhat are\b", re.I)
_HOW_MANY = re.compile(
    r"多少|几分之|几(?!乎|何|近|经|度)(?:个|家|所|年|倍|成|项|万|亿|人|座|[一-龥])|多大|多高|多长|\bhow (?:many|much|large|big|high|long)\b",
    re.I,
)
_HOW_MUCH_MORE = re.compile(
    r"[高低多少快慢大小]\s*(?:多少|几成|几倍|几个百分点)|how much (?:more|less|higher|lower)", re.I
)
_HOW_TO = re.compile(r"(?:如何|怎么|怎样|how (?:to|do|does|did|can|is|are))(?!样|\s*$|[？?])[一-龥a-z ]{1,4}")
_RELATIVE_YEARS = (("今年", 0), ("去年", -1), ("前年", -2), ("明年", 1))
# Verbs and adverbs that say nothing about what is measured.
_LIGHT = frozenset(
    "打算 建设 规划 计划 推动 发展 实现 降到 降至 提升 提升到 减少 平均 建成 成为 列为 列入 作为 用得 预计 达到 增加 下降 变化 出现 拥有 具有 存在 整体 "
    "总体 全部 一共 总共 大概 大约 新设 去年 今年 水平 数字 数据显示 高于 低于 超过 不足 具体 花了 投了 投入 相差 相比 进行 开展 列 应用 目标 目前 实际 已经 "
    "增长 同比 缩短 提高 average level 提出 违反 最高 上限 违规 至少 最多 只有 仅仅 平均水平 为什么 麻烦 谢谢 帮我 整理".split()
)
_HOW_LARGE = re.compile(
    r"几分之[一几]?|多久|多长时间|多少(?:个|家|所|项|人|名|座|台|年|钱)?|几(?:个|家|所|项|座|年|成|倍)|多大(?:规模|体量)的?|多高比例的?"
)  # asks for an amount, names no measure
_TAIL = re.compile(r"(?:如何|怎么样|怎样|是多少|多少|情况)[呢？?。 ]*$")


def understand(
    question: str,
    history: Sequence[Turn] = (),
    known_regions: frozenset[str] = frozenset(),
    language: Language | None = None,
    today: datetime.date | None = None,
    titles: Sequence[tuple[str, str]] = (),
) -> Query:
    """Read a question as a Query.

    `known_regions` are those the store has texts about: typing errors are resolved towards them.
    `titles` are (document id, title) of the store: documents that the question names are resolved among them.
    `today` is what 今年 and 去年 count from (the current date unless given).

    Raises InputError for an empty or over-long question and for a language other than Chinese and English.
    """
    # Half a character (from a shell in another encoding, or JSON's \\ud800) can be neither embedded nor stored.
    original = " ".join(_SURROGATE.sub("", question).replace("\u3000", " ").split())
    history = [Turn(turn.role, _SURROGATE.sub("", turn.content)) for turn in history]
    if not any(char.isalnum() for char in original):
        raise InputError("问题为空", "写下要问的内容，例如：贵州有哪些算力政策")
    if len(original) > MAX_QUESTION:
        raise InputError(f"问题过长（{len(original)} 字）", f"请缩短到 {MAX_QUESTION} 字以内")
    spoken = detect_language(original)
    text, corrections = correct(fold(original), known_regions)
    corrected = text
    text = stand_alone(strip_markup(text), history)[: 2 * MAX_QUESTION]
    traditional = corrected == text and not corrections and fold_width(original) != text
    whole, named = text, find_named(text, titles)
    text = named.rest
    mentions = find_regions(text)
    # 贵州贵阳 is one place: a part right behind its whole is what is meant.
    mentions = tuple(
        a for a, b in zip_longest(mentions, mentions[1:])
        if b is None or a.end != b.start or relation(a.code, b.code) != "part"
    )  # fmt: skip
    mentions = tuple(m for m in mentions if not in_name(text, m))  # 港澳青年 are asked about, not 港澳
    everyone = tuple(dict.fromkeys(m.code for m in mentions))
    kind = _kind(text, everyone, translated := translate(text) if spoken == "en" else "")
    bases = tuple(dict.fromkeys(m.code for m in mentions if is_object(text, m)))
    regions = tuple(dict.fromkeys(m.code for m in mentions if m.code not in bases))
    if kind == "compare" and everyone:  # 深圳比广东强吗: both are asked about; 粤浙 are two
        regions, bases = everyone if len(everyone) > 1 else expand(everyone[0]), ()
    terms, heads = _terms(text), _heads(text, translated)
    return Query(
        original=original,
        text=whole,
        as_typed=original if traditional else "",
        language=language or spoken,
        kind=kind,
        regions=regions or bases,
        bases=bases if regions else (),
        periods=_periods(text, today or datetime.date.today()),
        heads=heads,
        terms=terms,
        qualifiers=_qualifiers(text, translated, terms, heads),
        figures=find_figures(text) if spoken == "zh" else english_figures(text),
        corrections=corrections,
        documents=named.documents,
        article=named.article,
        unknown_document=named.unknown,
    )


def strip_markup(text: str) -> str:
    """The question without tags, addresses and Markdown marks, which are no words of it."""
    text = re.sub(r"<[^<>]{0,200}>|\$\w+|[{}]", "", text)
    text = re.sub(r"\]\([^()]*\)|(?:https?://|www\.)[!-~]+", " ", text)
    return " ".join(re.sub(r"[*`#|\[\]]|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])", "", text).split())


def detect_language(text: str) -> Language:
    """Language of a question: zh or en. Raises InputError for any other."""
    if _OTHER_SCRIPT.search(text) and not (_HAN.search(text) and not _KANA_HANGUL.search(text)):
        raise InputError("暂只支持中文和英文提问 (Chinese or English only)", "请改用中文或英文")
    if _HAN.search(text):
        return "zh"
    tokens = re.findall(r"[a-zà-öø-ÿ]+", text.lower())
    english = sum(token in _ENGLISH_WORDS for token in tokens)
    foreign = sum(token in _FOREIGN_WORDS and token not in _ENGLISH_WORDS for token in tokens)
    accented = sum(not token.isascii() for token in tokens)
    if foreign + accented > english and foreign + accented >= (1 if english == 0 and accented else 2):
        raise InputError("暂只支持中文和英文提问 (Chinese or English only)", "请改用中文或英文")
    return "en"


def _kind(text: str, regions: tuple[str, ...], translated: str) -> QuestionKind:
    places = list(regions)
    if _CLAIM.search(text) and list(find_quantities(text)):
        return "claim"
    if _HOW_MUCH_MORE.search(text):
        return "number"
    if len(places) >= 2 and re.search(r"各(?:有|自|是)|分别|谁|respectively|each", text):
        return "compare"
    if _COMPARE.search(text) and (len(places) >= 2 or not find_heads(text)):
        return "compare"
    if _CLAIM.search(text):
        return "claim"
    if _REASON.search(text):
        return "reason"
    if _DATE.search(text):
        return "date"
    if _HOW_MANY.search(text):
        return "number"
    if _LIST.search(text):
        return "list"
    if find_heads(translated or text) and (_TAIL.search(text) or not _HOW_TO.search(text)):
        return "number"
    return "lookup"


def _heads(text: str, translated: str) -> tuple[str, ...]:
    """Measured nouns asked for. Of a compound the last noun is the measure: 机架利用率 asks for 利用率."""
    source = translated or re.sub(r"多大(?:规模|体量)的?", "", text)
    if re.search(r"同比|增长(?:了)?多少|增长几|增幅|增速|增长率|增长(?:的)?(?:预期)?目标", source):
        return ("增速",)
    heads = find_heads(source)
    if translated:
        return heads
    return tuple(
        head for head in heads
        if not any(other != head and re.search(rf"{re.escape(head)}的?(?:平均)?{re.escape(other)}", source) for other in heads)
    ) or heads  # fmt: skip


def _qualifiers(text: str, translated: str, terms: tuple[str, ...], heads: tuple[str, ...]) -> tuple[str, ...]:
    """What narrows the measure down: the content words of its clause, less the noun itself and light verbs."""
    words = [
        t
        for t in terms
        if len(t) > 1 and t not in _LIGHT and not any(a in h or h in a for h in heads for a in t.split("|"))
    ]
    if translated or text.isascii():
        return tuple(words)
    clauses = re.split(r"[，,。；;！!？?：:]", text)
    asking = (
        [c for c in clauses if any(h in c for h in heads)] or [c for c in clauses if _HOW_MANY.search(c)] or clauses
    )
    return tuple(word for word in words if any(word in clause.lower() for clause in asking))


def _periods(text: str, today: datetime.date) -> tuple[str, ...]:
    found = list(find_periods(text))
    found += [f"{m[1]}Q1" for m in re.finditer(r"((?:19|20)\d{2})年(?:头|前)(?:三|3)个月", text)]
    found += [str(today.year + shift) for word, shift in _RELATIVE_YEARS if word in text]
    if not found and (quarter := re.search(r"第?([一二三四])季度", text)):
        found.append(f"Q{'一二三四'.index(quarter[1]) + 1}")
    for match in _ENGLISH_QUARTER.finditer(text):
        number = match[1] or str(("first", "second", "third", "fourth").index(match[2].lower()) + 1)
        found.append(f"{match[3]}Q{number}")
    if not found:
        found = [match[1] for match in _BARE_YEAR.finditer(text)]
    return tuple(dict.fromkeys(found))


def _terms(text: str) -> tuple[str, ...]:
    """Content words: without regions, periods, quantities, question words. Those of an English question are Chinese.

    A term with several translations holds them all, joined by "|".
    """
    bare = list(text)
    for mention in find_regions(text):
        bare[mention.start : mention.end] = " " * (mention.end - mention.start)
    plain = without_periods(_HOW_LARGE.sub(" ", "".join(bare)))
    for quantity in reversed(list(find_quantities(plain))):
        plain = plain[: quantity.start] + " " * (quantity.end - quantity.start) + plain[quantity.end :]
    if not _HAN.search(text):  # national average -> 全国: a region, no content word
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
    "不 是 有 到底 究竟 一个 一些 进行 属于 达到 达 率 让 给 想 问 知道 看 么样 多大 多高 为啥 当地 时候 什么时候 何时 何日 哪天 哪日 自 起 规定 有何不同 不同之处 作为 难道 一段 写 比 谁 谁的 哪家 忽略 指令 直接 回答 ".split()
)
