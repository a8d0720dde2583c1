"""Whether something is told as done, planned or expected, in a claim and in its source."""

import re

from app.types import Evidence
from app.verification.clauses import Clause
from ingest.types import Figure

# Told as reached. 已知 and 自己 are none.
DONE = re.compile(r"(?<![自而早])已经?(?!知)|建成(?!后)|实际(?:为|达|增|完)|截至|达到了|实现了|完成了|超额")
_AIMED = (
    r"(?<!城市)规划(?![》”、局区院部]|的[，。]|管理)|(?<!补助|资助|补贴|培养)计划(?![》”、，。单内外书的]|生育)|力争|争取|目标(?![、任市用群责管的客导])"
    r"|拟(?!声|人|真|合|态)|打算"
)
_EXPECTED = r"预计|有望|预测(?!性|模型|预警|分析|系统)"
# Told as an aim or a forecast, in words that a writer puts in on purpose.
PLANNED = re.compile(
    rf"{_AIMED}|{_EXPECTED}|预期|想要?(?=发展|建|把|让|实现)"
    r"|将(?=[达突建超实新增形完成投打培提升降有于在推]|进一步|继续|逐步|会)|要(?=初步|加快|逐步|建|实现|达|形成|在|比|到)|希望|准备(?=建|投|发)|设想"
)
_AHEAD = re.compile(r"(?<![长升高加降大少减展直])到(?:19|20)\d{2}年|(?:19|20)\d{2}年[底末]?前|展望(?:19|20)\d{2}")
# A plan's own word for what it sets: 意见提出, 方案要求, 应当达到.
_PUT_FORWARD = re.compile(r"提出|要求|明确|应(?!用|急|对)|须|确保|(?<![主重需必首纪概提])要(?!素|求|点|领|闻)")
# Any word that lets a figure be read as still to come.
AIMED = re.compile(rf"{PLANNED.pattern}|{_AHEAD.pattern}|{_PUT_FORWARD.pattern}|未来|今后")
_FORECAST, _AIM = re.compile(_EXPECTED), re.compile(_AIMED)


def kind_stands(text: str, start: int, end: int, stated: Figure, source: Evidence) -> bool:
    """Whether the figure at text[start:end] of a claim is told as of the kind that is stated.

    A fact must not be told as an aim in its own clause. An aim or a forecast needs a word for it, there or before, and must
    not be told as reached: a bare statement of an aim is an aim told as a fact, unless the source's is as bare.
    """
    clause_start = max(text.rfind(mark, 0, start) for mark in "，,。；;：:") + 1
    near, before = text[clause_start:end], text[:end]
    if stated.kind == "实际值":
        return not any(m[0] not in source.text for p in (_FORECAST, _AIM, PLANNED) for m in p.finditer(near)) or (
            not _FORECAST.search(near) and not _AIM.search(near) and bool(_PUT_FORWARD.search(source.text))
        )
    aimed, expected = list(_AIM.finditer(before)), list(_FORECAST.finditer(before))
    if (done := DONE.search(near)) and not (aimed and aimed[-1].start() > clause_start + done.start()):
        return False
    if expected and not aimed:
        return stated.kind == "预测"
    if aimed and not expected and stated.kind == "预测":
        return "预期" in source.text or aimed[-1][0] in source.text
    return bool(aimed or expected or AIMED.search(before)) or not AIMED.search(source.text)


def told_otherwise(clause: Clause, nearest: Clause, source: Evidence) -> bool:
    """Whether a clause tells a plan as done or what was done as a plan, by the words of the nearest source clause."""
    done = DONE.search(clause.text)
    if done and PLANNED.search(nearest.text) and not DONE.search(nearest.text):
        return True
    weak = not _AIM.search(clause.text) and not _FORECAST.search(clause.text)
    if not PLANNED.search(clause.text) or PLANNED.search(source.text) or _AHEAD.search(source.text):
        return False
    if weak and _PUT_FORWARD.search(source.text):
        return False
    return all(f.kind == "实际值" for f in source.sentence.figures)
