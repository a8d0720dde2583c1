"""Questions about what a text says in words: definitions, dates of force, lists, duties and prohibitions, time limits."""

import re
from collections.abc import Iterator, Sequence

from eval.propose.material import Statement
from eval.propose.row import Row, make_row, text_fact
from ingest.facts.regions import NATION, display

_DEFINED = re.compile(
    r"^(?:本(?:办法|条例|规定|法|细则|指引|规则|方案|计划)所称的?)?[“\"]?(?P<term>[^，,。；;：:“”\"、]{2,16})[”\"]?，?是指(?P<meaning>[^。；]{8,})"
)
_IN_FORCE = re.compile(
    r"^(?:本(?:办法|条例|规定|法|细则|指引|规则)|[^，,。；;]{0,8}?)自(?P<date>\d{4}年\d{1,2}月\d{1,2}日)起(?:正式)?(?P<verb>施行|实施)"
)
_FORBIDDEN = re.compile(r"^(?P<who>[^，,。；;：:、和]{2,18}?)不得(?P<act>[^，,。；;：:]{4,36})[。；]?$")
_DUTY = re.compile(
    r"^(?P<who>[^，,。；;：:]{2,20}?)(?P<when>(?:在|发现|发生|处理|收到|开展|提供|应用)[^，,。；;：:]{4,40}(?:时|的|前|后))，应当(?P<act>[^。；]{6,60})[。；]?$"
)
_KEPT = re.compile(
    r"(?P<what>[^，,。；;：:]{3,30}?)(?:应当)?(?:至少)?保存(?:时间|期限)?(?:不少于|不得少于|至少)?(?P<time>(?:\d+|[一二三四五六七八九十]+)(?:年|个月|日))"
)
_WITHIN = re.compile(
    r"^(?P<who>[^，,。；;：:]{2,24}?)应当(?:在|自|于)(?P<event>[^，,。；;：:]{3,36}?)(?:之日)起(?P<time>(?:\d+|[一二三四五六七八九十]+)(?P<unit>个工作日|日|个月|年))(?:以)?内，?(?P<act>[^，,。；;：:]{4,40})(?=[，,。；;]|$)"
)
_PARTS = re.compile(
    r"^(?P<whole>[^，,。；;：:、]{2,20}?)(?P<verb>主要包括|包括|划分为|分为)(?P<parts>[^。；：:，]{6,100}?)(?:等[^，,。；;]{0,8})?[。；]?$"
)
_FIELDS = re.compile(
    r"(?P<verb>面向|瞄准|聚焦|押注|涵盖|覆盖|涉及|布局|进军|主攻|重点发展|对接)(?P<parts>[^，,。；;：:、]{2,12}(?:、[^，,。；;：:、]{2,12})*(?:和|与|及|以及)?[^，,。；;：:、]{0,12}?)(?:等|这样的|这些)(?P<kind>领域|产业|行业|方面|环节|方向|城市|赛道|技术|未来产业|优势产业|新兴产业)"
)
_SAID = re.compile(r"(?P<what>提法|口号|定位|旗号|目标|判断|说法|路径|思路|方针)(?:是|为)：?“(?P<said>[^“”]{3,30})”")
_CAUSE = re.compile(
    r"(?P<what>[^，,。；;：:、“”]{4,24}?)(?:的)?(?P<noun>原因|根源|症结|关键|短板|难点|核心|重点|优势)(?P<verb>在于|是)(?P<why>[^。；]{5,60})[。；]?$"
)
_TAIL = re.compile(r"等[^、]*$|(?:这)?[两一二三四五六七八九十\d]+(?:大|个)?(?:类型?|种类?型?|级|部分|方面|个层级)$")
_USED = re.compile(
    r"(?P<verb>借助|依托|凭借|利用|用|靠)(?P<what>[^，,。；;：:、]{2,16}?)(?P<kind>工程|优势|基础|资源|平台|政策|网络)(?P<act>(?:主攻|做|建|发展|打造|推动|吸引|培育|开展|形成|支撑|实现|改造)[^，,。；;：:]{2,20})"
)
_AIMED = re.compile(
    r"(?P<year>20\d{2})年(?:底|末)?(?:前)?，?(?:要|将|力争)?(?P<act>(?:初步|基本|全面)?(?:建立起?|建成|实现|完成|形成|构建)[^，,。；;：:“”]{5,32}?)(?=[，,。；;]|$)"
)
_PUSHED = re.compile(r"在(?P<where>[^，,。；;：:]{2,6})，?(?P<verb>主推|主打|推出|推广)“(?P<said>[^“”]{3,20})”")
_PRONOUN = re.compile(
    r"^(?:其|这|该|此|它|但|并|且|而|也|还|又|因|若|如|对|有|前款|本|上述|以上|同时|其中|所|各|文章|作者|他|我)|其中|前款|本条|本章|该|上述"
)
_HEADING = re.compile(
    r"(?:短板|做法|问题|成效|教训|措施|原因|要求|影响|优势|成功之处|重点任务|困境|表现|后果|风险|隐患|特点)$"
)
_ACTION_POINTS = re.compile(r"第[一二三四五六七八九十百\d]+[条款项]|前款|本条|上述|该|其他|下列|以下|有关规定|上一")


def definition_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask: what does a term mean in a text."""
    for one in statements:
        if (match := _DEFINED.match(one.plain)) and one.name and not _PRONOUN.search(match["term"]):
            first = re.split(r"[，,]", match["meaning"])[0]
            core = first if len(first) >= 6 else match["meaning"][:24]
            question = f"{one.name}所称的“{match['term']}”是指什么？"
            yield _row("lookup", question, one, match.group(), core[:60])


def force_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask: from when is a text in force."""
    for one in statements:
        if (match := _IN_FORCE.match(one.plain)) and one.name:
            yield _row("date", f"{one.name}从什么时候开始{match['verb']}？", one, match.group(), match["date"])


def forbidden_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask: may somebody do what a text forbids."""
    for one in statements:
        if not (match := _FORBIDDEN.match(one.plain)) or not one.name:
            continue
        if _PRONOUN.search(match["who"]) or _ACTION_POINTS.search(match["act"]):
            continue
        question = f"按照{one.name}，{match['who'].removesuffix('原则上')}可以{match['act']}吗？"
        yield _row("negation", question, one, one.plain, f"不得{match['act']}")


def duty_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask: what must somebody do in a case."""
    for one in statements:
        if not (match := _DUTY.match(one.plain)) or not one.name or _PRONOUN.search(match["who"]):
            continue
        act = re.split(r"[，,]", match["act"])[0]
        if len(act) >= 4 and not _ACTION_POINTS.search(match["when"]):
            yield _row(
                "lookup", f"按照{one.name}，{match['who']}{match['when']}，应当怎么做？", one, match.group(), act
            )


def limit_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask how long something must be kept, and within how many days something must be done."""
    for one in statements:
        if not one.name:
            continue
        if (match := _KEPT.search(one.plain)) and not _PRONOUN.search(match["what"]):
            what = re.sub(r"^.*?(?:对|将)|应当?$|应当至少$|并$", "", match["what"])
            if len(what) < 4 or what.startswith(("应", "并", "至少")):
                continue
            yield _row("number", f"{one.name}规定，{what}要保存多长时间？", one, match.group(), match["time"])
        if (match := _WITHIN.match(one.plain)) and not (
            _PRONOUN.search(match["who"]) or re.search(r"之日|\d", match["act"])
        ):
            asked = {"个工作日": "多少个工作日", "日": "多少日", "个月": "几个月", "年": "几年"}[match["unit"]]
            question = f"按照{one.name}，{match['who']}应当在{match['event']}之日起{asked}内{match['act']}？"
            yield _row("number", question, one, match.group(), match["time"])


def aim_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask by which year something is to be done."""
    for one in statements:
        for match in _AIMED.finditer(one.plain):
            if not _PRONOUN.search(match["act"]) and not re.search(r"\d|目标|任务$|[（(]|为主体$", match["act"]):
                who = one.name and f"{one.name}提出"
                yield _row("date", f"{who}要到哪一年{match['act']}？", one, match.group(), f"{match['year']}年")


def heading_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask for the points that stand as a list under a heading that says what they are."""
    under: dict[tuple[str, tuple[str, ...]], list[Statement]] = {}
    for one in statements:
        if one.listed and one.headings and _HEADING.search(one.headings[-1]):
            under.setdefault((one.source, one.headings), []).append(one)
    for points in under.values():
        first, topic = points[0], _topic(points[0])
        if 2 <= len(points) <= 6 and topic and all(len(point.plain) <= 60 for point in points):
            row = make_row("list", f"{topic}{_bare(first.headings[-1])}有哪些？", first, first.text.strip())
            row["facts"] = [
                {"id": f"f{n}", **text_fact(point.plain.rstrip("。；"), vital=n <= 4)}
                for n, point in enumerate(points, 1)
            ]
            row["evidence"] = [
                {"source": point.source, "quote": point.text.strip(), "page": point.page} for point in points
            ]
            yield row


def list_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask: which parts, which fields."""
    for one in statements:
        if (match := _PARTS.match(one.plain)) and not _PRONOUN.search(match["whole"]):
            parts = _items(match["parts"])
            verb = match["verb"] + ("哪几类" if match["verb"].endswith("分为") else "哪些内容")
            if 3 <= len(parts) <= 8 and (one.name or _owner(one)):
                where = f"{one.name}中，" if one.name else ""
                yield _list_row(f"{where}{match['whole'].replace('内容', '')}{verb}？", one, match.group(), parts)
        if match := _FIELDS.search(one.plain):
            parts, owner = _items(match["parts"]), _owner(one)
            if 2 <= len(parts) <= 6 and owner:
                yield _list_row(f"{owner}{match['verb']}哪些{match['kind']}？", one, match.group(), parts)


def saying_rows(statements: Sequence[Statement], corpus: Sequence[Statement]) -> Iterator[Row]:
    """Ask what a place calls its aim, what it uses for what, and what a text holds to be the cause."""
    for one in statements:
        owner = _owner(one)
        if (match := _SAID.search(one.plain)) and owner:
            yield _row("lookup", f"{owner}的{match['what']}是什么？", one, match.group(), match["said"])
        if (match := _PUSHED.search(one.plain)) and owner:
            yield _row("lookup", f"{owner}在{match['where']}{match['verb']}什么？", one, match.group(), match["said"])
        if (match := _USED.search(one.plain)) and owner and "的" not in match["what"][-1] + match["act"]:
            asked = f"{owner}{match['verb']}什么{match['kind']}{match['act']}？"
            yield _row("lookup", asked, one, match.group(), match["what"].strip("“”"))
        if (match := _CAUSE.search(one.plain)) and not _PRONOUN.search(match["what"]):
            why = re.split(r"[，,]", match["why"])[0]
            asked = f"{match['what']}的{match['noun']}{'是什么' if match['verb'] == '是' else '在于什么'}？"
            yield _row("lookup", asked, one, match.group(), why)


def _topic(one: Statement) -> str:
    """What a document is about, for a question about one of its headings: its place, or its title up to the colon."""
    if owner := (display(one.regions[0]) if len(one.regions) == 1 and one.regions[0] != NATION else ""):
        return f"{owner}的"
    head, colon, _ = one.title.partition("：")
    of = "" if one.headings[-1].startswith(("存在", "面临")) else "的"
    return head + of if colon and 2 <= len(head) <= 10 else ""


def _bare(heading: str) -> str:
    return re.sub(r"^[（(]?[一二三四五六七八九十\d]+[）)、.．]\s*|[“”]", "", heading).strip()


def _owner(one: Statement) -> str:
    """The place that a sentence, or else its whole document, speaks of, if it is one."""
    codes = one.sentence.regions or one.regions
    own = one.regions[:1] if len(one.regions) == 1 and one.regions[0] in codes else codes
    return display(own[0]) if len(own) == 1 and own[0] != NATION and not one.name else ""


def _items(text: str) -> list[str]:
    parts = [part.strip(' “”"') for part in re.split(r"、|以及|和(?!谐)|与|及", _TAIL.sub("", text))]
    return parts if all(2 <= len(part.replace("A", "AA")) <= 16 for part in parts) else []


def _list_row(question: str, one: Statement, said: str, parts: Sequence[str]) -> Row:
    row = _row("list", question, one, said, parts[0])
    row["facts"] = [{"id": f"f{n}", **text_fact(part, vital=n <= 4)} for n, part in enumerate(parts, 1)]
    return row


def _row(kind: str, question: str, one: Statement, said: str, fact: str) -> Row:
    start = max(0, one.text.find(said))
    return make_row(kind, question, one, one.quote(start, start + len(said)), [text_fact(fact)])
