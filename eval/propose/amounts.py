"""Questions about figures: what a number is, and the near-misses around it that the documents do not answer."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from eval.propose.material import Statement, places
from eval.propose.row import Row, make_row
from ingest.facts.regions import NATION, by_name, display, relation
from ingest.lexical import cut, part_of_speech
from ingest.types import Figure

_MEASURE = re.compile(
    r"(?:率|规模|比重|比例|占比|数量|总数|人数|户数|面积|总额|总量|增加值|总产值|产值|营收|收入|强度|增速|指数|缺口|里程|产量|用户数"
    r"|连接数|密度|利润|成本|经费|得分|使用量|蓄积量|保有量|处理能力)$"
)
_COUNTED = re.compile(
    r"(?:机架|基站|企业|高校|园区|平台|标准|模型|产品|案例|实验室|基地|工厂|车间|学校|医院|机构|场景|数据集|公园|场馆|站点)$"
)
_COUNTERS = frozenset("个 家 所 款 项 座 条 种".split())
_UNCLEAR = re.compile(
    r"其|这|该|此|上述|本|前款|各|每|同|(?<!平)均|以[上下内]|不|应|得|可|的的|为|将|由|对|从|按|使|就|我国|方面|分别|达|至|超|约|[，。、；：:（）()“”\"\s|#*]|^[与和及在大高约近比年月日的后全]"
)
_RULE = re.compile(r"应当|不得|之日起|有下列")  # a figure in a rule is a condition or a limit, no state of things
_AWARD = re.compile(r"奖|补助|推荐|申报|机构$")
_RELATIVE = frozenset(("分数", "倍", "比", "千伏"))
_YEAR = re.compile(r"\d{4}")
_COMPARATORS = frozenset(("", "超", "约", "近", "不足", "以上", "以下", "至少", "至多"))
_PERIODS = re.compile(r"(\d{4})(?:(Q[1-4])|(H[12])|-(\d{4}))?|(十[一二三四五六]五)")
_NOT_OWN = frozenset(("national", "part", "unnamed"))
_QUARTER_OF = {"北方": ("黑龙江", "吉林", "河北"), "西部": ("甘肃", "青海"), "中部": ("河南", "江西"), "": ("河南",)}
_QUARTERS = {"Q1": "一季度", "Q2": "二季度", "Q3": "三季度", "Q4": "四季度", "H1": "上半年", "H2": "下半年"}


def number_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask what a figure is. Only figures with a clear measure, one owner and one value in all the documents."""
    known = _known(corpus)
    for statement, figure in _figures(statements):
        key = _key(figure)
        if len(known[key]) != 1:
            continue
        question = _question(figure, display(figure.scopes[0]))
        yield make_row("number", question, statement, _quote(statement, figure), [_fact(figure)])


def near_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """The same measure for another place or another year, of which no sentence of the documents speaks."""
    about = places(corpus)
    for number, (_, figure) in enumerate(_figures(statements)):
        scope = figure.scopes[0]
        if scope == NATION or not scope.isdigit():
            continue
        others = [code for code in about if relation(scope, code) == "sibling" and not _speaks(corpus, figure, code)]
        if others:
            other = display(others[number % len(others)])
            yield _absent(figure, other, figure.period, display(scope))
        year = figure.period[:4]
        if _YEAR.fullmatch(figure.period) and figure.kind != "目标值":
            for near in (str(int(year) - 1), str(int(year) + 1)):
                if not _speaks(corpus, figure, scope, near):
                    yield _absent(figure, display(scope), near, display(scope))
                    break


def trap_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """The nation's figure, or a city's, asked of a province that has none of its own."""
    about, known = places(corpus), _known(corpus)
    clear = [(one, figure) for one, figure in _figures(statements) if len(known[_key(figure)]) == 1]
    for number, (statement, figure) in enumerate(clear):
        scope = figure.scopes[0]
        near = (*statement.regions, *about) if scope == NATION or scope.isdigit() else _likely(statement, scope)
        wrong = [
            code for code in near
            if code.isdigit() and relation(code, scope) in _NOT_OWN and not _speaks(corpus, figure, code, within=False)
        ]  # fmt: skip
        if not wrong:
            continue
        asked = display(wrong[0] if wrong[0] in statement.regions else wrong[number % len(wrong)])
        forbidden = [f"{asked}{figure.indicator}{figure.text}", f"{asked}的{figure.indicator}{figure.text}"]
        yield make_row(
            "misattribution", _question(figure, asked), statement, _quote(statement, figure), [_fact(figure)],
            answerable=False, must_not=forbidden,
        )  # fmt: skip


def year_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask in which year a mark was passed."""
    for statement, figure in _figures(statements):
        passed = figure.comparator == "超" and figure.kind == "实际值" and _YEAR.fullmatch(figure.period)
        at = statement.text.find(f"{figure.period}年")
        if passed and at >= 0 and figure.text.startswith(("突破", "超过", "超")):
            amount = re.sub(r"^(?:突破|超过|超)", "突破", figure.text)
            subject = _owned(figure, display(figure.scopes[0]))
            quote = statement.quote(min(at, _at(statement, figure)), _at(statement, figure) + len(figure.text))
            fact = {"vital": True, "type": "text", "any": [f"{figure.period}年"]}
            yield make_row("date", f"{subject}是在哪一年{amount}的？", statement, quote, [fact])


def _likely(statement: Statement, entity: str) -> tuple[str, ...]:
    """The places to which a reader would give the figure of an unnamed entity: that of its text, or one in that quarter."""
    if not entity.endswith("省份"):
        return statement.regions
    names = _QUARTER_OF[next((way for way in _QUARTER_OF if way in entity), "")]
    return tuple(found.code for name in names if (found := by_name(name)) is not None)


def period_words(period: str) -> str:
    """A gold period as a question says it: 2025年一季度, “十四五”期间; "" for none."""
    match = _PERIODS.fullmatch(period)
    if not match:
        return ""
    year, quarter, half, last, plan = match.groups()
    if plan:
        return f"“{plan}”期间"
    return f"{year}—{last}年" if last else f"{year}年{_QUARTERS.get(quarter or half, '')}"


def _figures(statements: Sequence[Statement]) -> Iterator[tuple[Statement, Figure]]:
    for statement in statements:
        for figure in statement.sentence.figures:
            if _is_clear(figure) and not _RULE.search(statement.text) and _begins_a_word(statement, figure):
                yield statement, figure


def _is_clear(figure: Figure) -> bool:
    name = figure.indicator
    whole = len(figure.scopes) == 1 and figure.value_high is None and figure.comparator in _COMPARATORS
    if not (whole and 2 <= len(name) <= 20) or _UNCLEAR.search(name) or figure.role != "水平":
        return False
    if figure.unit in _RELATIVE or figure.scopes[0].startswith(("各", "每")) or _AWARD.search(name):
        return False
    return bool(_MEASURE.search(name) and (figure.unit or name.endswith(("缺口", "数")))) or bool(
        _COUNTED.search(name) and figure.unit in _COUNTERS
    )


def _begins_a_word(statement: Statement, figure: Figure) -> bool:
    """Whether the measure is cut from the sentence at a word's beginning, and does not begin with a verb: 逐步缩小…规模."""
    at = statement.text.find(figure.indicator)
    ends = set(accumulate(len(word) for word in cut(statement.text))) | {0}
    first = cut(figure.indicator)[0]
    return at < 0 or (at in ends and part_of_speech(first) not in {"v", "d", "ad", "p", "c", "m"})


def _key(figure: Figure) -> tuple[str, str, str]:
    return figure.indicator.replace("的", ""), figure.scopes[0], figure.period


def _known(corpus: Sequence[Statement]) -> dict[tuple[str, str, str], set[tuple[float, str]]]:
    """The values of every measure of one owner, former values (由3%降至) included."""
    found: dict[tuple[str, str, str], set[tuple[float, str]]] = {}
    for figure in (figure for statement in corpus for figure in statement.sentence.figures):
        if len(figure.scopes) == 1:
            found.setdefault(_key(figure), set()).add((figure.value, figure.unit))
    return found


def _owned(figure: Figure, scope: str) -> str:
    unnamed = scope == figure.scopes[0] and "的" not in figure.indicator
    of = "的" if unnamed else ""  # 某家电企业的误检率
    return figure.indicator if scope in figure.indicator else f"{scope}{of}{figure.indicator}"


def _question(figure: Figure, scope: str, period: str | None = None) -> str:
    """A figure's question for a scope, and a period other than its own if given."""
    when = period_words(figure.period if period is None else period)
    what, planned = _owned(figure, scope), figure.kind == "目标值"
    counted = not _MEASURE.search(figure.indicator)
    if planned and when:
        lead = when if when.endswith("期间") else f"到{when}"
        return f"{lead}，{what}{'要达到多少' + figure.unit if counted else '的目标是多少'}？"
    if planned:
        return f"{scope}规划的{figure.indicator}{'有多少' + figure.unit if counted else '是多少'}？"
    return f"{when}{what}{'有多少' + figure.unit if counted else '是多少'}？"


def _absent(figure: Figure, scope: str, period: str, owner: str) -> Row:
    forbidden = [f"{period_words(period)}{scope}{figure.indicator}{figure.text}"]
    return make_row("unanswerable", _question(figure, scope, period), answerable=False, must_not=forbidden)


def _speaks(corpus: Sequence[Statement], figure: Figure, code: str, year: str = "", within: bool = True) -> bool:
    """Whether some sentence may answer the measure for a place (and year): it names both, whatever it says of them."""
    head = figure.indicator[-3:]
    for statement in corpus:
        if head not in statement.text or (year and year not in statement.text):
            continue
        owned = [f.scopes for f in statement.sentence.figures if head in f.indicator]  # else whoever is named there
        if any(
            c == code or (within and _is_inside(code, c))
            for scopes in owned or [statement.sentence.regions]
            for c in scopes
        ):
            return True
    return False


def _is_inside(code: str, scope: str) -> bool:
    return scope.isdigit() and code.isdigit() and relation(code, scope) == "part"


def _at(statement: Statement, figure: Figure) -> int:
    return figure.start - statement.sentence.start


def _quote(statement: Statement, figure: Figure) -> str:
    start = _at(statement, figure)
    named = statement.text.rfind(figure.indicator, 0, start)
    return statement.quote(named if named >= 0 else start, start + len(figure.text))


def _fact(figure: Figure) -> dict[str, Any]:
    period = figure.period if _PERIODS.fullmatch(figure.period) else ""
    return {
        "vital": True, "type": "figure", "value": figure.value, "unit": figure.unit, "comparator": figure.comparator,
        "scope": display(figure.scopes[0]), "period": period,
    }  # fmt: skip
