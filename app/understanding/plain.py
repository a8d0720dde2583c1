"""The question as typed made plain: no half characters, no unseen marks, no markup, and no longer than can be asked.

A long text is not refused: what it asks is kept (its questions, then its first sentences), and the answer says so.
"""

import re

from ingest.lexical import fold

MAX_TYPED = 20_000  # characters read at all; more is a document, not a question
MAX_QUESTION = 2_000  # characters up to which a question is taken as it is
MAX_ASKED = 400  # characters kept of a longer one
MIN_ASKED = 8  # characters: what asks in less says little alone

# Half a character (from a shell in another encoding, or JSON's \\ud800) can be neither embedded nor stored. Marks that take
# no room (zero-width, joiners, direction overrides, variation selectors) would part words that a reader sees as one.
_UNSEEN = re.compile(
    "[\ud800-\udfff\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]|[^。！？!?；;\n]+$")
_ENDS_ASKING = re.compile(r"(?:[？?]|[吗呢][。.!！]?)\s*$")
_ASKS = re.compile(
    r"多少|什么|哪[些个家里年]|如何|怎么|怎样|为何|有没有|请(?:问|比较|列出|说明|分析|总结|介绍|给出|告诉)"
    r"|\b(?:what|which|who|how|why|when|where|compare|list|tell me)\b",
    re.I,
)


def readable(text: str) -> str:
    """`text` in one line without what no reader sees, however it was typed or pasted."""
    return _CONTROL.sub(" ", _UNSEEN.sub("", text)).replace("\u3000", " ").strip()


def in_one_line(text: str) -> str:
    """`text` with every run of white space as one space."""
    return " ".join(text.split())


def condense(text: str) -> tuple[str, bool]:
    """What a long question asks, and whether anything was left out.

    Of a text beyond MAX_QUESTION the sentences that ask are kept, the last of them first (a pasted text stands before its
    question); the first and the last sentence too where that is next to nothing (总结一下), and the beginning where nothing
    asks. No more than MAX_ASKED characters are kept.
    """
    if len(text) <= MAX_QUESTION:
        return text, False
    if len(text) > MAX_TYPED:
        text = f"{text[: MAX_TYPED // 2]}\n{text[-MAX_TYPED // 2 :]}"
    sentences = list(dict.fromkeys(match[0].strip() for match in _SENTENCE.finditer(text) if match[0].strip()))
    plainly = [s for s in sentences if _ENDS_ASKING.search(s) and any(char.isalnum() for char in s)]
    asking = plainly or [s for s in sentences if _ASKS.search(s)]
    order = [*reversed(asking)]
    if sum(map(len, asking)) < MIN_ASKED:
        order += [sentences[0], sentences[-1], *(sentences if not asking else ())]
    kept, room = set[str](), MAX_ASKED
    for sentence in order:
        if sentence not in kept and len(sentence) < room:
            kept.add(sentence)
            room -= len(sentence) + 1
    if not kept:  # one endless sentence: its end asks as often as its beginning
        return f"{text[: MAX_ASKED // 2]} {text[-MAX_ASKED // 2 :]}", True
    return " ".join(sentence for sentence in sentences if sentence in kept), True


def without_markup(text: str) -> str:
    """The question without tags, addresses and Markdown marks, which are no words of it."""
    text = re.sub(r"<[^<>]{0,200}>|\$\w+|[{}]", "", text)
    text = re.sub(r"\]\([^()]*\)|(?:https?://|www\.)[!-~]+", " ", text)
    return " ".join(re.sub(r"[*`#|\[\]]|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])", "", text).split())


def plain(text: str) -> str:
    """A message of the conversation as its rules read it: folded, without markup, within MAX_QUESTION."""
    return without_markup(fold(in_one_line(condense(readable(text))[0])))
