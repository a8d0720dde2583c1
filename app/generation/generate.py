"""Answers by a configured LLM, sentence by sentence, through the same checks as every other sentence.

What the model says is untrusted: a sentence that fails is left out and reported, and nothing here can say what the rules
have found undisclosed. If the model fails or nothing is left, the caller keeps the extractive answer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.composition.draft import Claim
from app.generation.backend import Backend
from app.generation.errors import LLMError
from app.generation.messages import Asked, write_messages
from app.generation.novelty import adds_claims
from app.generation.parse import claim_of, complete_sentences, sentences_of, without_thoughts
from app.generation.screen import echoes, flaw, hides_period
from app.generation.stream import Tally, stream_text
from app.types import Dropped, DropReason, Evidence, Query, Usage
from app.verification.stated import denies_question
from app.verification.verify import check_sentence

MAX_OUTPUT = 4000  # characters read from the model; more is cut
MAX_THOUGHT = 60_000  # characters that it may think aloud in the text of its answer
MAX_KEPT = 10  # sentences of an answer; the prompt asks for six
MAX_DROPPED = 20  # sentences reported as dropped; the rest is only counted
_REPORTED = 300  # characters of each

Supports = Callable[[str, Sequence[Evidence]], bool]


@dataclass(slots=True)
class Report:
    """What became of a request while it runs: for the answer's `dropped` and `usage`."""

    tally: Tally = field(default_factory=Tally)
    dropped: list[Dropped] = field(default_factory=list)
    dropped_count: int = 0
    kept: int = 0
    asked: Asked | None = None
    said: str = ""

    def drop(self, text: str, reason: DropReason) -> None:
        """Note a sentence that is left out; one that gives the instructions away is noted without its words."""
        self.dropped_count += 1
        if len(self.dropped) < MAX_DROPPED:
            self.dropped.append(Dropped("" if reason == "prompt" else text[:_REPORTED], reason))


def generate_claims(
    backend: Backend,
    query: Query,
    evidence: Sequence[Evidence],
    report: Report,
    supports: Supports,
    answered: bool = False,
) -> Iterator[Claim]:
    """Yield the model's sentences that pass all checks, as soon as each is complete; the others go into `report`.

    `supports` says whether a sentence in another language than its sources means what they say; `answered` that the
    rules have an answer, so that no sentence may say that the sources have none. Raises LLMError.
    """
    limits = backend.limits
    count = backend.open().count
    try:
        report.asked = write_messages(query, evidence, count, limits.context - limits.answer)
    except (OSError, ValueError, KeyError) as error:  # the tokenizer of an embedded model is asked over a socket
        raise LLMError("大模型的分词接口没有回应", "用 policyqa doctor 检查大模型的设置") from error
    seen = set[str]()
    for text in _sentences(backend, report):
        claim = claim_of(text, report.asked.evidence)
        if claim is None or echoes(claim.text, query.text) or claim.text in seen:
            continue  # no statement, or one made before: no failed check
        seen.add(claim.text)
        reason = _judge(claim, query, report.asked, supports)
        if reason is None and answered and denies_question(claim.text, query):
            reason = "support"
        if reason is not None:
            report.drop(claim.text, reason)
            continue
        report.kept += 1
        yield claim
        if report.kept >= MAX_KEPT:
            return


def _sentences(backend: Backend, report: Report) -> Iterator[str]:
    """The model's sentences as they are completed. Raises LLMError, also where it said nothing."""
    assert report.asked is not None
    buffer = ""
    for delta in stream_text(backend, report.asked.system, report.asked.user, report.tally):
        buffer += delta
        report.said += delta
        complete, buffer = complete_sentences(buffer)
        yield from complete
        if len(report.said) > MAX_OUTPUT and (
            len(report.said) > MAX_THOUGHT or len(without_thoughts(report.said)) > MAX_OUTPUT
        ):
            break
    if not without_thoughts(report.said).strip():
        thought = report.tally.thought or report.said.strip()
        raise LLMError("大模型只给出了思考过程" if thought else "大模型没有给出回答", "换用模型，或关闭其思考模式")
    yield from sentences_of(buffer)


def _judge(claim: Claim, query: Query, asked: Asked, supports: Supports) -> DropReason | None:
    """Why a sentence cannot be shown; None if it passes."""
    if (reason := flaw(claim, query, (asked.system,))) is not None:
        return reason
    check = check_sentence(claim.text, claim.evidence, query, claim.framed, asked.evidence)
    if check.support == "unsupported":
        return "numbers" if not check.numbers_ok else "scope" if not check.scope_ok else "support"
    if hides_period(claim, query):
        return "scope"
    if adds_claims(claim.text, claim.evidence, query) or not supports(claim.text, claim.evidence):
        return "support"
    return None


def usage_of(backend: Backend, report: Report) -> Usage | None:
    """Tokens and cost of a request as the server counts them, else as we do; None where nothing was asked."""
    if report.asked is None or not report.tally.attempts:
        return None
    tally, opened = report.tally, backend.open()
    told = tally.prompt_tokens > 0
    prompt = tally.prompt_tokens if told else report.asked.tokens
    try:
        completion = tally.completion_tokens if told else opened.count(report.said) if report.said else 0
    except (OSError, ValueError, KeyError):
        completion = len(report.said)
    cost = None
    if backend.price is not None:
        cost = round((prompt * backend.price[0] + completion * backend.price[1]) / 1e6, 6)
    first = None if tally.first_token is None else round(tally.first_token * 1000, 1)
    counted: Literal["server", "tokenizer", "estimate"]
    counted = "server" if told else "tokenizer" if opened.exact else "estimate"
    evidence = len(report.asked.evidence)
    return Usage(prompt, completion, counted, cost, tally.attempts, first, evidence, report.asked.withheld, report.kept)
