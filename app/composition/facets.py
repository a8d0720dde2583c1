"""The aspects of a comparison: those the question names, or those that the evidence itself offers."""

import math
import re
from collections.abc import Mapping, Sequence

from app.types import Evidence, Query
from ingest.lexical import normalise

# A theme: (key of its name in phrases.toml, words by which a question asks for it, words by which a sentence speaks of
# it). General words of policy language; order is the order of the table's rows.
_THEMES: tuple[tuple[str, str, str], ...] = (
    ("aspect_goal", r"目标|定位|愿景|\bgoals?\b|\btargets?\b|\baims?\b",
     r"目标|力争|打造|定位|瞄准|口号|高地|到\W{0,2}20\d\d\W{0,2}年|到“?十[四五六]五|选定|提法"),
    ("aspect_measure", r"措施|做法|举措|手段|任务|\bmeasures?\b|\bactions?\b",
     r"推动|推进|支持|建设|实施|提供|开展|加强|鼓励|引进|攻关|对接|承接|布局|发展|围绕|聚焦|采用|应用|培育|结合|嫁接|规划|主攻|着眼|避免|重心|重点|根基|用[于在]|走的是|押注|选择"),
    ("aspect_penalty", r"罚则|处罚|法律责任|\bpenalt", r"(?!)"),
    ("aspect_principle", r"原则|\bprinciples?\b", r"(?!)"),
    ("aspect_subsidy", r"补贴|补助|奖励|扶持|资助|资金|\bsubsid", r"补贴|奖励|补助|资助|资金|贴息|减免|奖金|经费|给予(?![^，。；]{0,20}处[分罚])"),
    ("aspect_compute", r"算力|智算|数据中心|机架|\bcomput", r"算力|智算|数据中心|机架|机房|东数西算"),
    ("aspect_data", r"数据(?!中心|条例|安全|法)|\bdata\b(?! cent)", r"数据(?!中心)"),
    ("aspect_talent", r"人才|\btalent", r"人才|薪资|高校|引才|技术岗|专业人员|团队"),
    ("aspect_scene", r"场景|应用落地|\bscenario|\bapplication", r"场景|应用|落地"),
    ("aspect_result", r"成效|成果|效果|进展|成就|结果|\bresults?\b|\bachieve",
     r"突破|达到|实现了|成功|增长|提升到|降至|摆脱|做出了|占有率|避免了|缩短|省下|最后|换来|终止|停滞|闲置|草草"),
    ("aspect_strength", r"优势|特色|亮点|长处|强项|\bstrengths?\b|\badvantages?\b",
     r"优势|特色|长处|依托|基础|丰富|领先|(?<!不)(?<!不得)超过|突破|人无我有|独特|成功|起步较快"),
    ("aspect_risk", r"风险|短板|弱点|劣势|挑战|瓶颈|困境|不足|隐患|难题|\brisks?\b|\bweakness|\bchallenge|\bproblems?\b",
     r"风险(?!补偿|投资|分担|准备金|资金|基金|池|评估|监测|提示|防控|管理|等级)|短板|不足|缺乏|欠缺|缺失|缺口|瓶颈|困境|难处|难以|难引|难留|重叠|重合|扎堆|空转|落差|比不上|受制|外部供应|依赖|没有.{0,8}能力|卡脖子|闲置|停滞|虹吸|吸走|问题|(?<!差)不多|跟不上|薄弱|滞后"),
)  # fmt: skip
# Of a regulation: what kind of rule a sentence states. The first that fits is its aspect.
_RULES: tuple[tuple[str, str], ...] = (
    ("aspect_penalty", r"罚款|责令(?:限期)?改正|给予处分|吊销|追究.{0,10}责任|没收"),
    ("aspect_forbidden", r"不得|禁止|严禁"),
    ("aspect_definition", r"是指|本(?:条例|办法|规定|法)所称|包括但不限于"),
    ("aspect_classes", r"(?:分为|划分为).{1,40}(?:类|级|种)|列入.{1,12}类"),
    ("aspect_principle", r"(?:遵循|坚持).{0,40}原则|以.{1,12}为原则"),
    ("aspect_duty", r"负责|统筹|主管部门.{0,30}(?:协调|指导|监督|制定)|职责|另行制定|会同"),
    ("aspect_must", r"应当|必须|须"),
    ("aspect_encouraged", r"鼓励|支持|推动|探索|引导"),
    ("aspect_may", r"可以|有权|可"),
)
_ORDER = (
    "aspect_definition", "aspect_principle", "aspect_classes", "aspect_duty", "aspect_must", "aspect_may",
    "aspect_encouraged", "aspect_forbidden", "aspect_penalty",
)  # fmt: skip
OPEN = ("aspect_goal", "aspect_measure", "aspect_result", "aspect_strength", "aspect_risk")
ASPECTS = tuple(dict.fromkeys((*(key for key, _, _ in _THEMES), *_ORDER)))  # all that a table may have as a row
COMMON = math.log(1 + 4)  # rarity of a word that every fourth chunk holds
APPROACH = ("aspect_goal", "aspect_measure")  # the aspects that a question for an approach is about
_APPROACH = re.compile(r"路线|路径|布局|战略|策略|思路|模式|打法|\bstrateg|\bapproach|\bpath", re.I)
_RULE_ASKED = re.compile(r"条例|规定|规则|法规|办法|法律|细则|\bregulation|\brule|\blaw", re.I)
_OVERCOME = re.compile(r"摆脱|走出|绕开|避开|避免|防范|化解|破解|攻克")
_ALONE = (*OPEN, "aspect_subsidy", "aspect_penalty", "aspect_principle")  # may be all that is asked for
MIN_NAMED = 2  # themes that a question must name to set the rows; one alone is what is compared, not an aspect of it
# Words that name the comparison or its frame, and no subject.
_FRAME = frozenset(
    "路线 布局 战略 规定 情况 方面 内容 做法 政策 特点 异同 要求 条例 办法 规则 法规 法律 思路 模式 发展 打法 方向 重点 经验 规定上 法 路径 策略 说法 "
    "一样 两省 各有 各差 各自 结果 反差 省份 应用 差距 推进 促进 制定 实施 定位 目标 措施 举措 任务 风险 短板 优势 劣势 挑战 特色 成效 成果 比较 对比".split()
)


def asked_aspects(query: Query) -> tuple[str, ...]:
    """Keys of the aspects that the question names, () where it names fewer than two and is no such list."""
    named = tuple(key for key, asked, _ in _THEMES if re.search(asked, query.text, re.I))
    single = len(named) == 1 and named[0] in _ALONE
    return named if len(named) >= MIN_NAMED or single else ()


def asked_alone(query: Query) -> str:
    """The one aspect that a question on a single subject asks for (原则, 目标, 补贴), "" where it is none or several."""
    named = [key for key, asked, _ in _THEMES if key in _ALONE and re.search(asked, query.text, re.I)]
    return named[0] if len(named) == 1 else ""


def topic_terms(query: Query, weights: Mapping[str, float], unknown: frozenset[str]) -> tuple[str, ...]:
    """The content words that say what is compared: 公共数据, 开放; () where whole approaches are.

    Words that every fourth chunk holds (`weights` are their rarities) or that none does (`unknown`) part nothing.
    """
    asked = "|".join(a for key, a, _ in _THEMES if key in asked_aspects(query)) or r"(?!)"
    return tuple(
        t
        for t in query.terms
        if t not in unknown
        and weights.get(t, COMMON) >= COMMON
        and not any(len(form) < 2 or form in _FRAME or re.search(asked, form, re.I) for form in t.split("|"))
    )


def is_rule(evidence: Evidence) -> bool:
    """Whether a sentence stands in an article of a law or regulation."""
    chunk = evidence.hit.chunk
    texts = (*chunk.headings, chunk.text)
    return any(re.match(r"\s*(?:\*\*)?第\s*[零〇一二三四五六七八九十百\d]{1,7}\s*[条條]", text) for text in texts)


def asks_approach(query: Query) -> bool:
    """Whether a question is for what regions do, not for what their rules say."""
    return bool(_APPROACH.search(query.text)) and not _RULE_ASKED.search(query.text)


def offered_aspects(query: Query, sides: Sequence[Sequence[Evidence]]) -> tuple[str, ...]:
    """Keys of the aspects by which the evidence of the sides may be told apart: of rules, or of policies."""
    if asks_approach(query):
        return OPEN
    everything = [e for side in sides for e in side]
    rules = sum(is_rule(e) for e in everything)
    return _ORDER if everything and rules * 2 >= len(everything) else OPEN


def speaks_of(evidence: Evidence, aspect: str, rows: Sequence[str] = OPEN) -> bool:
    """Whether a sentence speaks of an aspect, one of a table's `rows`. Of a rule's aspects a sentence has one: the first that fits."""
    text = normalise(evidence.text)
    if aspect in _ORDER:
        return next((key for key, words in _RULES if re.search(words, text)), "") == aspect
    words = next(words for key, _, words in _THEMES if key == aspect)
    if aspect == "aspect_goal" and any(f.kind == "目标值" for f in evidence.sentence.figures):
        return True
    if aspect == "aspect_result" and any(f.kind == "实际值" for f in evidence.sentence.figures):
        words += r"|\d"
    troubled = bool(re.search(_words("aspect_risk"), text)) and not _OVERCOME.search(text)
    if aspect in OPEN and "aspect_risk" in rows and troubled != (aspect == "aspect_risk"):
        return False  # a weakness is no strength and no result, whatever else the sentence says
    return bool(re.search(words, text))


def marker(aspect: str) -> re.Pattern[str]:
    """The words by which a sentence speaks of an aspect, for cutting an excerpt around them."""
    return re.compile(_words(aspect))


def _words(aspect: str) -> str:
    return next((w for key, w in _RULES if key == aspect), "") or next(w for key, _, w in _THEMES if key == aspect)
