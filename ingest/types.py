"""The nouns of ingestion: frozen records that every later step reads.

Offsets are character positions in `Document.text` (the cleaned text), half-open [start, end). They are fixed here,
once; citations select them and nothing is ever matched back.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Tier = Literal["政策原文", "官方解读", "统计", "智库", "媒体", "自媒体", "未知"]
TIERS: tuple[Tier, ...] = ("政策原文", "官方解读", "统计", "智库", "媒体", "自媒体", "未知")
BlockKind = Literal["title", "heading", "paragraph", "article", "item", "row"]
# Notes in Source.repairs that say that characters of the text were repaired, and those of what was set right around it;
# the others say what is wrong with the file.
REPAIRS = frozenset(("pinyin-gloss", "traditional-to-simplified", "pinyin-gloss-lossy"))
SET_RIGHT = frozenset((
    "altchunk", "line-ends-restored", "mixed-line-ends", "print-frame", "self-media-disclaimer",
    "web-frame", "wrong-extension",
))  # fmt: skip
FigureKind = Literal["目标值", "实际值", "预测"]
# 达40%; 缩短40%; 比中西部高30%; 3% in 由3%降至0.1%; the 1万元 of 交易金额不足1万元的，处……罚款
FigureRole = Literal["水平", "变化", "差值", "原值", "条件"]


@dataclass(frozen=True, slots=True)
class Part:
    """One document as a reader found it in a file: text before repair and cleaning, and what the file states of it.

    `text` has one paragraph a line; `# ` opens a heading, `| a | b |` is a table row, and a paged text has
    pdf_lines.PAGE_MARK where a page begins. `meta` keys: title, date, issuer, publisher, source, url, doc_number,
    effective, author, region (strings), and whatever else the file holds.
    """

    text: str
    meta: dict[str, Any] = field(default_factory=dict)
    member: str = (
        ""  # its place in a file of many: a record's number from 1, a path in an archive; "" is the file itself
    )
    encoding: str = ""
    notes: tuple[str, ...] = ()  # what reading found wrong: "outline-only", "garbled" ...
    paged: bool = False
    layer: str = ""  # the running text that the file holds, where the reader rearranged it: its numbers must survive
    ocr: tuple[tuple[int, float], ...] = ()  # (page, mean confidence 0..1) of the pages that were read by OCR
    place: str = "文件属性"  # where `meta` stood, one of ingest.facts.fields.PLACES
    stated: dict[str, Any] = field(default_factory=dict)  # by a sidecar beside it in its archive: it overrides `meta`


@dataclass(frozen=True, slots=True)
class Unread:
    """A member of a file of many documents that could not be read, and why (one line)."""

    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from and what is known of it before reading its sentences."""

    path: str  # the path or URL as the user gave it
    sha256: str  # of the bytes as read
    title: str
    issuer: str = ""
    doc_number: str = ""  # 文号, e.g. 国发〔2025〕11号
    regions: tuple[str, ...] = ()  # region codes the document is about, see ingest.facts.regions
    issued: str = ""  # ISO date, or YYYY-MM or YYYY where no more is known
    effective: str = ""
    repealed: str = ""  # last day of its force, as stated
    tier: Tier = "未知"
    repairs: tuple[str, ...] = ()  # what cleaning changed and reading found: "pinyin-gloss", "outline-only" ...
    url: str = ""  # where the text was published, as stated
    level: str = ""  # of the body that issued it: 国家, 省级, 市级, 县级; lists of values: see ingest.facts.fields
    doc_type: str = ""  # 法律, 规章, 规划, 通知, 解读 ...
    validity: str = (
        ""  # as stated at ingest (现行有效, 征求意见稿 ...); for today's state see ingest.facts.relations.status
    )
    replaces: tuple[str, ...] = ()  # 题名, 题名（文号） or 文号 of the texts that it repeals
    amends: tuple[str, ...] = ()  # and of those that it changes
    found: tuple[
        tuple[str, str], ...
    ] = ()  # (field, where): 前置信息, 标题, 落款, 条文 ... of every field that is known
    collection: str = ""  # to whose readers it belongs; "" is the common one


@dataclass(frozen=True, slots=True)
class Block:
    """A structural unit of the cleaned text: one heading, paragraph, article (条), list item or table row."""

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...] = ()  # heading path above this block, outermost first
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How whole a document is. Made by ingest.health; nothing in it is a guess about the content's truth."""

    pages: tuple[tuple[int, int], ...] = ()  # (page, characters of cleaned text) of a paged file, empty pages too
    garbled: float = 0.0  # share of characters that are no text: U+FFFD, private use, control
    ocr: tuple[tuple[int, float], ...] = ()  # (page, mean confidence 0..1) of the pages read by OCR
    numbers: int = 0  # numbers in what was read of the file
    lost_numbers: tuple[str, ...] = ()  # those of them that no chunk holds
    flags: tuple[str, ...] = ()  # names of defects, worst first: see ingest.health.FLAGS


@dataclass(frozen=True, slots=True)
class Document:
    """A source with its cleaned text and structure."""

    id: str
    source: Source
    text: str
    blocks: tuple[Block, ...]
    health: Health = Health()


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity in a sentence, with whose it is."""

    value: float
    unit: str  # canonical: "%", "百分点", "元", "个", "家", "人", "P", "EFLOPS", "倍", ...; 万/亿 are folded into value
    text: str  # as written, e.g. "约65%"
    start: int  # document offsets of `text`
    end: int
    comparator: str = ""  # "约", "超", "不足", "以上", "以下", "至少", "达" is not one; "" means exactly as stated
    value_high: float | None = None  # upper end of a range such as 30%至50%
    indicator: str = ""  # noun phrase measured, as written: 数据中心平均利用率
    scopes: tuple[str, ...] = ()  # region codes ("CN" = national) or named entities such as 某北方省份, 某家电企业
    scope_text: str = ""  # how the scope reads in the source: 国内, 贵州, 某北方省份
    period: str = ""  # 2025, 2025Q1, 2025-2027, 十四五; "" where the source gives none
    kind: FigureKind = "实际值"
    role: FigureRole = "水平"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: its id is `{doc_id}:{start}-{end}`."""

    start: int
    end: int
    regions: tuple[str, ...] = ()  # codes or unnamed entities it speaks about, own mentions first, else inherited
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit of retrieval: whole sentences of one document under one heading path."""

    id: str
    doc_id: str
    text: str  # Document.text[start:end]
    start: int
    end: int
    sentences: tuple[Sentence, ...]
    headings: tuple[str, ...] = ()
    page: int | None = None
    regions: tuple[str, ...] = field(default=())

    def embed_text(self, title: str) -> str:
        """Text given to the embedding model: title and heading path, each part once, in front of the chunk's own text."""
        path = " > ".join(part for part in (title[:80], *self.headings) if part)
        return f"{path}\n{self.text}" if path else self.text
