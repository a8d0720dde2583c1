"""The nouns of answering: a question understood, the evidence for it, and the verified answer."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ingest.types import Chunk, Figure, Sentence, Source, Tier

Language = Literal["zh", "en"]
QuestionKind = Literal["number", "compare", "reason", "list", "claim", "date", "definition", "timeline", "lookup"]
Support = Literal["supported", "partial", "unsupported"]
AbstainReason = Literal[
    "", "no_document", "no_evidence", "wrong_scope", "wrong_period", "not_disclosed", "superseded", "conflicting"
]  # fmt: skip
# Why a model's sentence was left out: no valid citation, wrong numbers or scope, wording that the source does not bear out,
# wrong language, too long, a link, or the prompt given away.
DropReason = Literal["citation", "numbers", "scope", "support", "language", "length", "link", "prompt"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Demands:
    """What sources a question admits; empty fields admit any."""

    tiers: tuple[Tier, ...] = ()
    regions: tuple[str, ...] = ()  # codes of which a passage or its document must speak
    issued: tuple[int, int] | None = None  # first and last year of issue

    def __bool__(self) -> bool:
        """Whether anything is demanded."""
        return bool(self.tiers or self.regions or self.issued)


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood by rule; `text` stands on its own (history has been worked in)."""

    original: str
    text: str  # simplified, half-width, history-free
    as_typed: str  # the same in the script it was typed in, where that differs (a traditional question); else ""
    language: Language
    kind: QuestionKind
    translated: str = ""  # Chinese words for an English question, space-joined; "" for a Chinese one
    regions: tuple[str, ...] = ()  # codes or unnamed entities asked about
    bases: tuple[str, ...] = ()  # regions only compared with: 比浙江高多少, 不足广东的1/8
    members: tuple[str, ...] = ()  # what the groups among `regions` are made of: 长三角 is 上海, 江苏, 浙江, 安徽
    periods: tuple[str, ...] = ()  # "2025", "2025Q1", "H1", "2024-2026" (近三年), "十四五", "3025"
    heads: tuple[str, ...] = ()  # the measured noun asked for: 利用率, 占比, 规模 ...
    terms: tuple[str, ...] = ()  # content words without regions and periods
    qualifiers: tuple[str, ...] = ()  # those that narrow the measure down: the words of its clause
    figures: tuple[Figure, ...] = ()  # quantities that the question itself states
    corrections: tuple[tuple[str, str], ...] = ()  # (as typed, as read)
    documents: tuple[str, ...] = ()  # ids of the documents that the question names
    article: str = ""  # 第六十九条, where one is asked for
    unknown_document: str = ""  # a name with an article that no document bears
    demands: Demands = Demands()  # what sources it admits
    shortened: bool = False  # whether only a part of a long question was read: `text`


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A retrieved chunk with its fused score and the two scores behind it."""

    chunk: Chunk
    sentence_vectors: np.ndarray  # float16 [number of sentences, d]
    source: Source
    score: float
    dense: float  # cosine to the question
    lexical: float  # BM25
    validity: str = ""  # 现行有效, 已废止（被《某办法》取代） ...; "" where nothing tells


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One sentence of a hit with its score for the question; higher is better."""

    hit: Hit
    sentence: Sentence
    score: float
    coverage: float  # share of the question's content words found in it, weighted by rarity, 0..1
    cosine: float

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.chunk.text[
            self.sentence.start - self.hit.chunk.start : self.sentence.end - self.hit.chunk.start
        ]

    @property
    def key(self) -> tuple[str, int, int]:
        """What a citation points to."""
        return (self.hit.chunk.doc_id, self.sentence.start, self.sentence.end)


@dataclass(frozen=True, slots=True)
class Citation:
    """A selected span of a document; `quote` is its text, verbatim."""

    id: int
    doc_id: str
    source: str
    title: str
    issuer: str
    doc_number: str
    region: str
    date: str
    tier: str
    page: int | None
    start: int
    end: int
    quote: str
    validity: str = ""  # as of today; "" where nothing tells


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of the answer, the citations that it rests on, and what checking it found."""

    text: str
    citations: tuple[int, ...]
    support: Support = "supported"
    numbers_ok: bool = True
    scope_ok: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the sentence as in DESIGN 3."""
        return {
            "text": self.text,
            "citations": list(self.citations),
            "support": self.support,
            "checks": {"numbers": self.numbers_ok, "scope": self.scope_ok},
        }


@dataclass(frozen=True, slots=True)
class CitedFigure:
    """A figure used in the answer and the citation it comes from."""

    figure: Figure
    scope: str  # as displayed: 全国, 贵州, 某北方省份
    citation: int

    def to_json(self) -> dict[str, Any]:
        """Return the figure as in DESIGN 3."""
        f = self.figure
        value: float | list[float] = f.value if f.value_high is None else [f.value, f.value_high]
        return {
            "indicator": f.indicator, "value": value, "unit": f.unit, "comparator": f.comparator, "scope": self.scope,
            "period": f.period, "kind": f.kind, "citation": self.citation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence of a model's that was not shown, and why. `text` is untrusted; it is "" where it gave the prompt away."""

    text: str
    reason: DropReason


@dataclass(frozen=True, slots=True)
class Usage:
    """What asking a model took."""

    prompt_tokens: int
    completion_tokens: int
    counted: Literal["server", "tokenizer", "estimate"]
    cost: float | None  # in the currency of POLICYQA_LLM_PRICE
    attempts: int
    first_token_ms: float | None
    evidence: int  # sentences that the model was shown
    withheld: int  # sentences that speak to a model, and were not shown
    kept: int  # its sentences that passed the checks


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer: Markdown with [n] markers, its sentences, citations and figures."""

    question: str
    text: str
    sentences: tuple[AnswerSentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    figures: tuple[CitedFigure, ...] = ()
    abstained: bool = False
    abstain_reason: AbstainReason = ""
    model: str = "extractive"
    dropped: tuple[Dropped, ...] = ()
    usage: Usage | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as in DESIGN 3."""
        return {
            "id": self.id, "question": self.question, "answer": self.text, "abstained": self.abstained,
            "abstain_reason": self.abstain_reason, "sentences": [s.to_json() for s in self.sentences],
            "citations": [asdict(c) for c in self.citations], "figures": [f.to_json() for f in self.figures],
            "model": self.model, "dropped": [asdict(d) for d in self.dropped],
            "usage": asdict(self.usage) if self.usage else None, "timings_ms": self.timings_ms,
        }  # fmt: skip

    def named(self, identifier: str) -> "Answer":
        """Return the same answer under the id that the caller gave."""
        return replace(self, id=identifier)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the sources disclose of one aspect of one region; no sentences where they disclose nothing."""

    sentences: tuple[AnswerSentence, ...] = ()
    figures: tuple[CitedFigure, ...] = ()  # those that its sentences state, whosever they are


@dataclass(frozen=True, slots=True)
class Comparison:
    """Regions beside each other by aspect, every sentence checked; `cells` is [aspect][region]."""

    regions: tuple[str, ...]  # as displayed, like the aspects
    aspects: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    notes: tuple[tuple[str, Cell], ...]  # (aspect, what is said of several regions at once, or of the nation)
    citations: tuple[Citation, ...]
    measured: frozenset[str] = frozenset()  # the aspects that ask for a figure
