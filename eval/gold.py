"""Gold cases: the format, reading a suite's file, and checking it against the suite's corpus."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eval.quantities import same_quantity, stated_quantities
from eval.text import contains
from ingest.errors import InputError
from ingest.facts.regions import display, find_regions
from ingest.text.repair import to_simplified

SUITES = Path(__file__).parent / "suites"
DISTRACTORS = "distractors"
REPOSITORY = Path(__file__).resolve().parent.parent
Variant = Literal["canonical", "paraphrase", "en", "traditional", "typo", "follow-up"]
CaseKind = Literal[
    "lookup", "number", "compare", "list", "date", "risk", "negation", "unanswerable", "false_premise", "misattribution"
]
PageSpan = tuple[int, int, int]  # page from 1, and [start, end) of a piece of it in the text
Comparator = Literal["", "超", "约", "近", "不足", "以上", "以下", "至少", "至多"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Elsewhere(_Row):
    """corpus.toml: the environment variable that names the folder of texts, else a path beside the repository."""

    environment: str = Field(min_length=1)
    beside: str = Field(min_length=1)


class Message(_Row):
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class Evidence(_Row):
    """A source, as a path below the corpus folder, and words that stand in it verbatim."""

    source: str
    quote: str = Field(min_length=1)
    page: int | None = None


class TextFact(_Row):
    """Stated if one of `any` is stated."""

    id: str
    vital: bool
    type: Literal["text"]
    any: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)


class FigureFact(_Row):
    """Stated if value, unit, comparator and scope are, and the period where one is given.

    `value` is folded (30万 is 300000) and per cent are 0..100. `scope` is a region, 全国 or an entity that the source
    leaves unnamed (某家电企业). `period`: 2025, 2025Q1, 2025-2027, 十四五, or "" for not checked.
    """

    id: str
    vital: bool
    type: Literal["figure"]
    value: float
    unit: str
    comparator: Comparator
    scope: str = Field(min_length=1)
    period: str = Field(pattern=r"^$|^\d{4}(?:Q[1-4]|H[12]|-\d{4})?$|^十[一二三四五六]五$")


Fact = Annotated[TextFact | FigureFact, Field(discriminator="type")]


class Case(_Row):
    """One gold row. `line` is where it stands in its file; it is no part of the format."""

    id: str = Field(min_length=1)
    group_id: str = Field(min_length=1)
    variant: Variant
    kind: CaseKind
    question: str = Field(min_length=1)
    history: tuple[Message, ...]
    answerable: bool
    facts: tuple[Fact, ...]
    must_not: tuple[Annotated[str, Field(min_length=1)], ...]
    evidence: tuple[Evidence, ...]
    reviewed: bool
    split: Literal["dev", "test"]
    note: str = Field(default="", description="why the case is there, or what it is easily answered with; not scored")
    region: str = Field(default="", description="regions to filter reports by; those of the question where left out")
    line: int = Field(default=0, exclude=True)

    @model_validator(mode="after")
    def _check(self) -> "Case":
        if self.answerable and not any(fact.vital for fact in self.facts):
            raise ValueError("可回答的题目至少要有一个 vital 事实")
        if self.kind == "unanswerable" and self.answerable:
            raise ValueError("kind 为 unanswerable 的题目不能 answerable")
        if len({fact.id for fact in self.facts}) < len(self.facts):
            raise ValueError("同一题内事实编号重复")
        return self

    @property
    def asked(self) -> str:
        """The conversation up to and with the question, simplified: what an answer may deny without citing it."""
        return to_simplified("\n".join([*(message.content for message in self.history), self.question]))

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions that a report files the case under: `region`, parted by 、, else those of the question."""
        if self.region:
            return tuple(part for part in self.region.split("、") if part)
        asked = to_simplified(self.question)
        return tuple(dict.fromkeys(display(mention.code) for mention in find_regions(asked)))

    @property
    def either_flag(self) -> bool:
        """Whether abstaining and correcting the scope are both right: misattribution traps."""
        return not self.answerable and self.kind in {"misattribution", "false_premise"}


class AbsentCorpusError(InputError):
    """A suite's texts, which are not part of the project, are not on this machine."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Where a suite's parts are; `gate` and `distractors` are None where it has none.

    Distractors are texts that only lie beside the corpus in an index: near-duplicates of its texts for other regions
    and years. A source among them is named "distractors/NAME".
    """

    name: str
    corpus: Path
    gold: Path
    gate: Path | None
    distractors: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of texts that a run reads: the corpus, then the distractors."""
        return (self.corpus, self.distractors) if self.distractors else (self.corpus,)


def find_suite(name: str, corpus: Path | None = None) -> Suite:
    """Return the bundled suite of that name, or the suite of a .jsonl file.

    Its texts are in `corpus` if given, else in the folder `corpus` beside the gold file, else where the file
    corpus.toml beside it says; a folder `distractors` beside the gold file holds more of them. Raises InputError if
    there is no such suite or its texts are not here.
    """
    gold = Path(name) if name.endswith(".jsonl") else SUITES / name / "gold.jsonl"
    if not gold.is_file():
        bundled = "、".join(sorted(path.parent.name for path in SUITES.glob("*/gold.jsonl")))
        raise InputError(f"没有评测套件：{name}", f"自带套件：{bundled}；也可给出 gold.jsonl 的路径")
    gate = gold.parent / "gate.toml"
    suite_name = gold.parent.name if gold.name == "gold.jsonl" else gold.stem
    distractors = gold.parent / DISTRACTORS
    return Suite(
        suite_name, _find_corpus(gold, corpus), gold, gate if gate.is_file() else None,
        distractors if distractors.is_dir() else None,
    )  # fmt: skip


def _find_corpus(gold: Path, given: Path | None) -> Path:
    own, place, named = gold.parent / "corpus", gold.parent / "corpus.toml", ""
    if given is not None:
        folder, hint = given, "--corpus 后给出语料所在的目录"
    elif own.is_dir() or not place.is_file():
        folder, hint = own, "把语料放在 gold 文件旁的 corpus 目录里，或用 --corpus 指出"
    else:
        try:
            where = _Elsewhere.model_validate(tomllib.loads(place.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
            raise InputError(f"语料位置文件有误：{place}", "写明 environment 和 beside 两项") from error
        named = os.environ.get(where.environment, "").strip()
        folder = Path(named) if named else REPOSITORY.parent / where.beside
        hint = f"语料不随项目分发：用 --corpus 目录 或环境变量 {where.environment} 指出"
    if not folder.is_dir():
        # Only where nobody named a folder: a wrong name is a mistake, no reason to skip.
        kind = InputError if given is not None or own.is_dir() or not place.is_file() or named else AbsentCorpusError
        raise kind(f"评测套件没有语料目录：{folder}", hint)
    return folder


def load_suite(path: Path) -> tuple[Case, ...]:
    """Read a gold file. Raises InputError naming file and line of the first row that is not as it must be."""
    cases, problems, _ = read_rows(path)
    if problems:
        others = f"；另有 {len(problems) - 1} 处" if len(problems) > 1 else ""
        raise InputError(f"{path} {problems[0]}{others}", "policyqa eval validate 列出全部")
    if not cases:
        raise InputError(f"{path} 中没有题目", "每行一个 JSON 对象")
    return cases


def _text(path: Path) -> str:
    """Return a gold file's text, all its lines ended alike. Raises InputError, for bytes that are no UTF-8 with their line."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise InputError(f"读不了题目文件：{path}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} 第 {line} 行：不是 UTF-8", "把题目文件另存为 UTF-8") from error


def read_rows(path: Path) -> tuple[tuple[Case, ...], list[str], int]:
    """Return the good rows of a gold file, what is wrong with the others (a line each, by line number), and their number.

    Rows that are not blank = good ones + bad ones. Raises InputError for a file that cannot be read as text.
    """
    cases: dict[str, Case] = {}
    problems: list[str] = []
    bad = 0
    for number, line in enumerate(_text(path).split("\n"), 1):  # no other character ends a line: JSON may hold them
        if not line.strip():
            continue
        case, found = _case(number, line)
        if case and case.id in cases:
            found = [f"编号 {case.id} 重复，第 {cases[case.id].line} 行已用过"]
        elif case:
            cases[case.id] = case
        problems += [f"第 {number} 行：{problem}" for problem in found]
        bad += bool(found)
    return tuple(cases.values()), problems, bad


def _case(number: int, line: str) -> tuple[Case | None, list[str]]:
    try:
        row: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        return None, [f"不是 JSON：{error.msg if isinstance(error, json.JSONDecodeError) else '嵌套过深'}"]
    if isinstance(row, dict) and "line" in row:
        return None, ["line：未知字段"]
    try:
        return Case.model_validate(row).model_copy(update={"line": number}), []
    except ValidationError as error:
        return None, [_problem(".".join(map(str, item["loc"])), item["msg"]) for item in error.errors()]


def _problem(where: str, what: str) -> str:
    return f"{where}：{what}" if where else what


def gold_schema() -> dict[str, Any]:
    """Return the JSON schema of one row of a gold file; suites/gold.schema.json holds it for editors and other tools."""
    schema = Case.model_json_schema()
    schema["properties"].pop("line")
    schema.pop("required")
    required = [name for name, field in Case.model_fields.items() if field.is_required()]
    described = "One row of a gold file (JSON Lines). `policyqa eval validate` checks more: quotes, facts, groups."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "description": described, "required": required,
    }  # fmt: skip


def linked_evidence(fact: Fact, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence that a fact follows from: the quotes that hold one of its strings, or its value and unit."""
    return tuple(item for item in evidence if _follows(fact, item.quote))


def evidence_units(case: Case) -> tuple[tuple[int, ...], ...]:
    """What has to be found or cited for a case: for each fact the numbers of the quotes of which one is enough.

    A quote that no fact follows from is a unit of its own. () for a case without evidence.
    """
    linked = [
        tuple(n for n, item in enumerate(case.evidence) if _follows(fact, item.quote)) for fact in case.facts
    ]  # fmt: skip
    used = {n for unit in linked for n in unit}
    rest = [(n,) for n in range(len(case.evidence)) if n not in used]
    return tuple(dict.fromkeys([*(unit for unit in linked if unit), *rest]))


def _follows(fact: Fact, quote: str) -> bool:
    if isinstance(fact, TextFact):
        return any(contains(quote, text) for text in fact.any)
    return any(same_quantity(fact, found) for found in stated_quantities(quote))


def find_problems(
    cases: Sequence[Case], texts: Mapping[str, str], pages: Mapping[str, Sequence[PageSpan]] | None = None,
    with_groups: bool = True,
) -> list[str]:  # fmt: skip
    """Return what is wrong with the cases against the corpus (source -> text), one line each, with the file's line.

    Checked: sources exist; quotes stand verbatim in them, on the page that is named; every fact follows from a quote;
    no must_not string is in the corpus; unless the file has more rows than these (`with_groups`), the variants of a group
    agree on what they ask (kind, answerable, split) and one of them is canonical.
    """
    problems: list[str] = []
    groups: dict[str, list[Case]] = {}
    for case in cases:
        problems += [f"第 {case.line} 行 {case.id}：{problem}" for problem in _problems(case, texts, pages or {})]
        groups.setdefault(case.group_id, []).append(case)
    for name, group in groups.items() if with_groups else ():
        if len({(case.kind, case.answerable, case.split) for case in group}) > 1:
            problems.append(f"第 {group[0].line} 行 题组 {name}：各变体的 kind、answerable 或 split 不一致")
        if sum(case.variant == "canonical" for case in group) != 1:
            problems.append(f"第 {group[0].line} 行 题组 {name}：应有且只有一个 canonical")
    return problems


def _problems(case: Case, texts: Mapping[str, str], pages: Mapping[str, Sequence[PageSpan]]) -> list[str]:
    found = []
    for item in case.evidence:
        if item.source not in texts:
            found.append(f"语料中没有 {item.source}")
        elif item.quote not in texts[item.source]:
            found.append(f"{item.source} 中没有原文“{item.quote}”")
        elif item.page is not None and not _is_on_page(item, texts[item.source], pages.get(item.source, ())):
            found.append(f"{item.source} 第 {item.page} 页上没有原文“{item.quote}”")
    found += [f"事实 {fact.id} 不能由所列原文得出" for fact in case.facts if not linked_evidence(fact, case.evidence)]
    for text in case.must_not:
        found += [f"must_not “{text}” 本就是 {source} 的原文" for source, body in texts.items() if contains(body, text)]
    return found


def _is_on_page(item: Evidence, text: str, spans: Sequence[PageSpan]) -> bool:
    """Whether the quote begins on its page somewhere in the text."""
    starts = (match.start() for match in re.finditer(re.escape(item.quote), text))
    return any(page == item.page and start <= at < end for at in starts for page, start, end in spans)
