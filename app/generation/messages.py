"""What the model is shown: numbered source sentences, neutralised, as many as its context has room for.

Sources are data. Whatever in them could be read as a message's frame, a marker or an order loses that form here, and a
sentence that speaks to a model is not shown at all. That is the first fence; the checks of what comes back are the second.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.composition.draft import Claim
from app.generation.errors import LLMError
from app.generation.parse import TEMPLATE_TOKEN
from app.generation.tokens import Count, shortened
from app.types import Evidence, Query
from ingest.facts.regions import display
from prompts import message

MAX_EVIDENCE = 10  # sentences shown to the model
MAX_QUESTION = 600  # characters of the question
_FRAME = 48  # tokens that a chat template may add around the messages
_ROLE = re.compile(r"^\s*(?:#+\s*)?(?:system|assistant|user|human|developer|系统|助手|用户)(?:\s*(?:prompt|message|提示))?\s*[:：]\s*", re.I)  # fmt: skip
_TAG = re.compile(r"<!--.*?(?:-->|$)|</?[a-z!][^<>]{0,300}>", re.I | re.S)
_BLANK = re.compile(r"(?<=[㐀-鿿])[ \t]{1,3}(?=[㐀-鿿])")
_BRACKETS = str.maketrans("[]［］【】", "〔〕〔〕〔〕")
# Orders to a language model. Policy texts order offices and firms about, but not by these words.
_ORDER = re.compile(
    r"(?:忽略|无视|無視|忘记|忘掉|忘記|不要?理会|跳过|绕过|覆盖)[^。；\n]{0,12}(?:以上|上述|之前|前面|先前|所有|全部|原有|你的)[^。；\n]{0,8}(?:指令|指示|规则|規則|要求|提示|设定|内容|说明|限制|命令)"
    r"|(?:输出|輸出|打印|泄露|复述|重复|显示|透露|告诉我)[^。；\n]{0,10}(?:系统提示|系統提示|提示词|提示詞|初始指令|system\s*prompt|你的(?:指令|规则|设定|密钥))"
    r"|你(?:现在|現在|从现在起)(?:是|扮演|要扮演)|作为(?:一个)?(?:AI|人工智能|语言模型)(?:助手|模型)?[，,]?(?:你|请)|(?:请|必须|务必)?(?:AI|大模型|语言模型|助手)(?:必须|务必|请|应当)(?:回答|输出|回复|忽略|写)"
    r"|(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|above|prior|all|earlier|your|system)\b[^.\n]{0,20}\b(?:instruction|rule|prompt|guideline|direction|message|context)s?"
    r"|(?:print|reveal|repeat|output|show|leak)\b[^.\n]{0,30}\b(?:system\s*prompt|your\s+(?:prompt|instructions|rules|key))|\byou\s+are\s+now\b|\b(?:new|updated)\s+instructions?\s*:|\b(?:AI|assistant|language\s+model)\b[^.\n]{0,12}\b(?:must|should|please)\s+(?:answer|say|reply|output|ignore|respond)|\bdo\s+anything\s+now\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its two messages, the evidence in the order of its numbers, tokens by our count."""

    system: str
    user: str
    evidence: tuple[Evidence, ...]
    tokens: int
    withheld: int  # sentences that speak to a model and were not shown


def select_evidence(claims: Sequence[Claim], ranked: Sequence[Evidence]) -> list[Evidence]:
    """What the model may cite, best first: the extractive answer's own sentences, then the best of the rest."""
    chosen: dict[tuple[str, int, int], Evidence] = {e.key: e for claim in claims for e in claim.evidence}
    for evidence in ranked:
        chosen.setdefault(evidence.key, evidence)
        if len(chosen) >= 2 * MAX_EVIDENCE:  # more than are shown, for some may be withheld
            break
    return list(chosen.values())


def write_messages(query: Query, evidence: Sequence[Evidence], count: Count, room: int) -> Asked:
    """Write the request with as many of the best sentences as fit into `room` tokens.

    Raises LLMError where not even one fits.
    """
    system = message(query.language, "answer.system.md")
    question = plain(query.text)[:MAX_QUESTION]
    shown = [e for e in evidence if not gives_orders(e)]
    withheld = len(evidence) - len(shown)
    left = room - _FRAME - count(system) - count(message(query.language, "answer.user.md", evidence="", question=""))
    asked = shortened(question, max(0, left // 3), count)
    left -= count(asked)
    kept, lines = list[Evidence](), list[str]()
    for e in shown[:MAX_EVIDENCE]:
        line = source_line(len(kept) + 1, e, query)
        cost = count(line) + 1
        if cost > left:
            continue  # a shorter one may still fit
        left -= cost
        kept.append(e)
        lines.append(line)
    if not kept:
        what = "资料句子都不宜交给大模型" if not shown else "大模型的上下文放不下一句资料"
        raise LLMError(what, "" if not shown else "调大 POLICYQA_LLM_CONTEXT")
    user = message(query.language, "answer.user.md", evidence="\n".join(lines), question=asked)
    return Asked(system, user, tuple(kept), count(system) + count(user) + _FRAME, withheld)


def source_line(number: int, evidence: Evidence, query: Query) -> str:
    """One numbered source: its regions, date and title before its text, all on one line."""
    regions = "、".join(plain(display(code, query.language)) for code in evidence.sentence.regions) or "-"
    source = evidence.hit.source
    return f"[{number}] ({regions}; {plain(source.issued) or '-'}; {plain(source.title)[:80]}) {plain(evidence.text)}"


def gives_orders(evidence: Evidence) -> bool:
    """Whether a sentence, or its document's title, tells a language model what to do."""
    return any(_ORDER.search(_as_read(text)) for text in (evidence.text, evidence.hit.source.title))


def _as_read(text: str) -> str:
    """Return text as a model reads it all the same: full-width letters as plain ones, 忽 略 without its blanks."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", unseen_out(text)))


def plain(text: str) -> str:
    """Return text on one line, without what could be read as a message's frame: tokens, tags, roles, markers, fences."""
    text = unseen_out(text)
    text = TEMPLATE_TOKEN.sub(" ", _TAG.sub(" ", text))
    text = _ROLE.sub("", text.translate(_BRACKETS)).replace("```", "")
    return " ".join(text.split())


def unseen_out(text: str) -> str:
    """Return text without characters that no reader sees: zero-width, bidirectional, tags, controls (line feeds stay)."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cf", "Cc", "Co", "Cs"})
