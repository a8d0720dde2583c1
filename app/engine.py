"""The engine: one store, one embedder, perhaps an LLM; questions in, verified answers out. Safe to share by threads."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.composition.compose import compose
from app.composition.draft import Draft
from app.documents import describe
from app.generation.generate import LLMError, generate_claims, select_evidence
from app.render import Numbering, checked, render, with_timings
from app.retrieval.evidence import rank_sentences
from app.retrieval.rerank import Reranker
from app.retrieval.retrieve import MAX_DOCUMENT_CHUNKS, retrieve
from app.types import Answer, AnswerSentence, Evidence, Hit, Language, Query, Turn
from app.understanding.understand import understand
from ingest.embed import Embedder
from ingest.facts.regions import display
from ingest.pipeline import ingest_paths
from ingest.prepare import Read, read_here
from ingest.store import Store
from ingest.summary import Summary
from ingest.types import Document

CHUNKS = 20  # chunks whose sentences are considered for an answer


@dataclass(frozen=True, slots=True)
class Stage:
    """A step that has begun, for showing progress."""

    name: Literal["understand", "retrieve", "answer", "verify"]


class Engine:
    """Answers questions from one store. Made by app.build.open_engine."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        llm: Callable[[], Any] | None,
        llm_name: str,
        timeout: float,
        reranker: Reranker | None = None,
    ) -> None:
        self.store = store
        self.embedder = embedder
        self.reranker = reranker
        self._make_llm = llm
        self._llm: Any = None
        self._llm_name = llm_name
        self._timeout = timeout
        # SQLite and Chroma are used by one thread at a time; answering takes milliseconds.
        self._lock = threading.Lock()

    def search(self, question: str, k: int = 10, history: Sequence[Turn] = ()) -> list[Hit]:
        """The k best chunks for a question, best first."""
        with self._lock:
            query = understand(question, history, self._known_regions())
            return list(retrieve(query, self.store, self.embedder, k, self.reranker).hits)

    def ask(self, question: str, history: Sequence[Turn] = (), language: Language | None = None) -> Answer:
        """Answer a question. Raises InputError for a question that cannot be read."""
        for event in self.stream(question, history, language):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, history: Sequence[Turn] = (), language: Language | None = None
    ) -> Iterator[Stage | AnswerSentence | Answer]:
        """Stages as they begin, checked sentences as they are ready, and the Answer last."""
        clock = _Clock()
        yield Stage("understand")
        with self._lock:
            query = understand(question, history, self._known_regions(), language, titles=self.store.catalog.titles())
            clock.lap("understand")
        yield Stage("retrieve")
        with self._lock:
            wanted = MAX_DOCUMENT_CHUNKS if query.article else CHUNKS
            found = retrieve(query, self.store, self.embedder, wanted, self.reranker)
            clock.lap("retrieve")
            ranked = rank_sentences(query, found)
            clock.lap("rerank")
            draft = compose(query, found, ranked, self._known_regions())
        yield Stage("answer")
        if self._make_llm is not None and not _is_silent(draft):
            answer = yield from self._generated(query, draft, ranked, clock)
        else:
            clock.lap("answer")
            yield Stage("verify")
            answer = render(query, draft)
            clock.lap("verify")
            yield from answer.sentences
            answer = with_timings(answer, clock.times(), "extractive")
        yield answer

    def _generated(
        self, query: Query, draft: Draft, ranked: Sequence[Evidence], clock: "_Clock"
    ) -> Generator[AnswerSentence | Stage, None, Answer]:
        """The LLM's checked sentences; what the rules know to be undisclosed is said first and by rule."""
        evidence = select_evidence(draft.claims, ranked)
        fixed = draft.claims[:1] if draft.abstained else []
        kept, numbering = list(fixed), Numbering(query.language)
        dropped, said = 0, set[str]()
        for claim in fixed:
            if (sentence := checked(query, claim, numbering)) is not None:
                yield sentence
        try:
            for claim in generate_claims(self._model(), query, evidence, self._timeout):
                if claim.text in said:
                    continue  # said twice is no failed check
                sentence = checked(query, claim, numbering)
                if sentence is None:
                    dropped += 1
                    continue
                said.add(claim.text)
                kept.append(claim)
                yield sentence
            note = self._llm_name + (f" (dropped {dropped})" if dropped else "")
        except LLMError as error:
            note, kept = f"extractive (LLM failed: {error.message})", []
        clock.lap("answer")
        yield Stage("verify")
        if len(kept) > len(fixed):
            if draft.abstained and len(kept) < len(fixed) + 2:  # one sentence of a model's is no reason to say less
                rest = draft.claims[len(fixed) :]
                kept += rest
                yield from (s for claim in rest if (s := checked(query, claim, numbering)) is not None)
            draft = replace(draft, claims=kept)
        else:
            note = (
                note if note.startswith("extractive") else f"extractive ({self._llm_name}: nothing passed the checks)"
            )
        answer = render(query, draft)
        clock.lap("verify")
        return with_timings(answer, clock.times(), note)

    def _model(self) -> Any:
        if self._llm is None and self._make_llm is not None:
            self._llm = self._make_llm()
        return self._llm

    def ingest(
        self,
        paths: Sequence[str],
        prune: bool = False,
        on_progress: Callable[[int, int, str], None] | None = None,
        read: Read = read_here,
        allow_private: bool = False,
    ) -> Summary:
        """Bring the store up to date with files and web pages; the engine must have been opened writable."""
        with self._lock:
            return ingest_paths(paths, self.store, self.embedder, prune, on_progress, read, allow_private)

    def document(self, doc_id: str) -> Document | None:
        """One document with its cleaned text."""
        with self._lock:
            return self.store.catalog.document(doc_id)

    def examples(self, language: Language = "zh") -> list[str]:
        """Questions that the indexed documents suggest: their regions with what each text measures or plans."""
        with self._lock:
            counts = self.store.catalog.region_counts()
        places = [code for code in sorted(counts, key=lambda c: -counts[c]) if code.isdigit()][:4]
        names = [display(code, language) for code in places]
        if language == "en":
            return [f"What is {name}'s strategy for AI?" for name in names[:3]] + (
                [f"Compare {names[0]} and {names[1]}"] if len(names) > 1 else []
            )
        return [f"{name}的人工智能布局有什么特点" for name in names[:3]] + (
            [f"比较{names[0]}和{names[1]}的路线"] if len(names) > 1 else []
        )

    def documents(self) -> list[dict[str, Any]]:
        """The records of all documents, as `docs list --json` gives them."""
        with self._lock:
            return describe(self.store.catalog.entries())

    def hashes(self) -> dict[str, str]:
        """sha256 of every indexed document's file, by document id."""
        with self._lock:
            return self.store.catalog.hashes()

    def describe(self) -> dict[str, Any]:
        """Model, LLM and size of the store."""
        with self._lock:
            documents, chunks = self.store.catalog.count()
        return {
            "model": self.embedder.name, "llm": self._llm_name or "none", "documents": documents, "chunks": chunks,
            "store": self.store.name,
        }  # fmt: skip

    def _known_regions(self) -> frozenset[str]:
        return frozenset(self.store.catalog.region_counts())


def _is_silent(draft: Draft) -> bool:
    """Whether there is nothing that a model could say: no document, or no evidence at all."""
    return draft.abstained and not draft.claims


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._times: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._times[name] = self._times.get(name, 0.0) + (now - self._last) * 1000
        self._last = now

    def times(self) -> dict[str, float]:
        stages = {name: self._times.get(name, 0.0) for name in ("understand", "retrieve", "rerank", "answer", "verify")}
        return {**stages, "total": (time.perf_counter() - self._began) * 1000}
