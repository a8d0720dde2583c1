"""A model's words as sentences, and each sentence as a claim on the evidence that it cites. What a model says is untrusted.

Markers that were never given are dropped; thoughts, template tokens and list marks are taken off.
"""

import re
from collections.abc import Sequence

from app.composition.draft import Claim
from app.types import Evidence
from ingest.text.split import split_sentences

# Blanks are bounded: a model that writes thousands of them must not be waited for.
_NUMBERS = r"(\d{1,3}(?:\s{0,3}[,，、\-–~]\s{0,3}\d{1,3})*)"
_MARKER = re.compile(
    rf"[\[［【]{{1,2}}\^?\s{{0,3}}(?:来源|资料|source|S)?\s{{0,3}}[:：]?\s{{0,3}}{_NUMBERS}\s{{0,3}}(?:†[^\]］】]{{0,30}})?[\]］】]{{1,2}}"
    rf"|[(（](?:来源|资料|source)?\s{{0,3}}{_NUMBERS}\s{{0,3}}[)）]",
    re.I,
)
_HEAD_MARKERS = re.compile(rf"\s*(?:(?:{_MARKER.pattern})[ \t]*)+(?=\S)", re.I)
_TRAILING_MARKERS = re.compile(rf"([。！？!?；;.])[ \t]*((?:(?:{_MARKER.pattern})[ \t]*)+)", re.I)
# The evidence line's own head, repeated.
_SOURCE_ECHO = re.compile(r"^\s*[（(][^（();]{1,40};[^（）()]{1,120}[）)]\s*")
TEMPLATE_TOKEN = re.compile(
    r"<[|｜][^|｜<>]{1,40}[|｜]>|</?(?:think(?:ing)?|s|start_of_turn|end_of_turn|eos|bos|sys|im_start|im_end)[^<>]{0,20}>"
    r"|\[/?INST\]|<<\s*/?\s*SYS\s*>>|◁/?think▷",
    re.I,
)
_LIST_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.、)）](?!\d))\s*")
_OPEN, _CLOSE = r"(?:<think(?:ing)?>|◁think▷)", r"(?:</think(?:ing)?>|◁/think▷)"
_THINKING = re.compile(rf"{_OPEN}.*?(?:{_CLOSE}|$)", re.S | re.I)
_UNOPENED = re.compile(rf"^(?:(?!{_OPEN}).)*?{_CLOSE}", re.S | re.I)  # some templates open the thought themselves


def without_thoughts(text: str) -> str:
    """Return text without what a model thought aloud, ended or not."""
    return _THINKING.sub(" ", _UNOPENED.sub(" ", text))


def complete_sentences(buffer: str) -> tuple[list[str], str]:
    """Part finished sentences from the running text; a sentence is finished once the next one has begun."""
    spoken = without_thoughts(buffer)
    if len(spoken) < len(buffer) and not spoken.strip():
        return [], buffer
    sentences = sentences_of(buffer)
    if len(sentences) < 2:
        return [], buffer
    last = buffer.rfind(sentences[-1][:12])
    return sentences[:-1], buffer[last:] if last >= 0 else sentences[-1]


def sentences_of(text: str) -> list[str]:
    """Sentences, each with its markers inside: those behind its full stop (。[1]) and those at the head of its line."""
    text = TEMPLATE_TOKEN.sub(" ", without_thoughts(text))
    found: list[str] = []
    for line in text.split("\n"):
        head = _HEAD_MARKERS.match(line)
        body = _SOURCE_ECHO.sub("", line[head.end() :] if head else line)
        body = _TRAILING_MARKERS.sub(lambda m: m[2].strip() + m[1], body)
        for start, end in split_sentences(body):
            sentence = body[start:end]
            found.append(f"{head[0].strip()}{sentence}" if head and not _MARKER.search(sentence) else sentence)
    return found


def claim_of(text: str, evidence: Sequence[Evidence]) -> Claim | None:
    """Return a sentence as a claim on what it cites; None for one without words. Invented numbers cite nothing."""
    cited = tuple(evidence[n - 1] for n in dict.fromkeys(_cited(text)) if 1 <= n <= len(evidence))
    bare = _LIST_MARK.sub("", _MARKER.sub("", text)).strip()
    bare = re.sub(r"\s+([。！？；.])", r"\1", bare).replace("**", "")
    return Claim(bare, cited, framed=False) if re.search(r"[一-龥A-Za-z]{2}", bare) else None


def _cited(text: str) -> list[int]:
    """The numbers of a sentence's markers in order; 1-3 stands for three."""
    numbers: list[int] = []
    for match in _MARKER.finditer(text):
        for part in re.split(r"\s*[,，、]\s*", match[1] or match[2]):
            first, *rest = (int(n) for n in re.findall(r"\d+", part))
            numbers += range(first, min(rest[-1], first + 20) + 1) if rest else [first]
    return numbers
