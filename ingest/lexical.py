"""Words for the lexical index: jieba in search mode over simplified, half-width, lower-case text.

The index itself is SQLite's FTS5 over these words (see ingest.catalog): BM25 ranking that is updated in the same
transaction as the chunks, so it can never disagree with them.
"""

import contextlib
import functools
import logging
import marshal
import re
import unicodedata
from pathlib import Path
from typing import Any

from ingest.cache import default_cache_dir
from ingest.text.repair import to_simplified

_WIDE = re.compile("[！-～⺀-⿟]")  # full-width forms, and Kangxi radicals as some PDF writers leave them
_REMEMBERED = 400  # characters: sentences, titles and headings are compared again and again, whole texts are not
_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|[㐀-鿿]+")
# Function words and question words carry no evidence, whichever text they stand in.
STOP_WORDS = frozenset(
    "的 了 和 与 及 或 在 是 有 为 对 将 把 被 从 到 向 于 由 以 之 其 这 那 哪 吗 呢 吧 啊 什么 怎么 怎样 如何 为何 为什么 多少 几 哪些 哪个 哪里 哪儿 "
    "是否 请 请问 一下 关于 介绍 说说 说明 谈谈 情况 怎么样 目前 现在 我 你 它 他 我们 你们 他们 都 也 还 就 而 并 等 个 中 上 下 里 会 能 可以 应该 "
    "a an the of in on at to for and or is are was were be by with from as that this it its what which who how why when where does do did "
    "has have had much many about tell me please can could should would there their than".split()
)


@functools.cache
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    folder = default_cache_dir()
    with contextlib.suppress(OSError):  # without a cache folder the dictionary is read anew each time
        folder.mkdir(parents=True, exist_ok=True)
        jieba.dt.tmp_dir = str(folder)  # kept out of the shared temporary folder
    _read_at_once(jieba.dt, folder / "jieba.cache")
    for word in "算力 智算 算力券 东数西算 智算中心 大模型 同质化 数据孤岛 卡脖子 十五五 十四五".split():
        jieba.add_word(word)
    return jieba


def _read_at_once(tokenizer: Any, kept: Path) -> None:
    """Give jieba the dictionary that it has kept, where it has: its own way, marshal over an open file, takes 0.7 s longer."""
    try:
        # What jieba wrote into our own cache folder, read as it reads it.
        frequencies, total = marshal.loads(kept.read_bytes())  # nosec B302
    except (OSError, EOFError, ValueError, TypeError):
        return  # it makes its dictionary anew with the first word
    if isinstance(frequencies, dict) and isinstance(total, int):
        tokenizer.FREQ, tokenizer.total, tokenizer.initialized = frequencies, total, True


@functools.lru_cache(maxsize=256)
def part_of_speech(word: str) -> str:
    """The tag that jieba's dictionary gives a word ("n", "nr" of a name, "v"), "" for one that it does not have.

    Its own tagger would load the dictionary a second time; here one line of the file is looked for, some 10 ms.
    """
    with _jieba().get_dict_file() as file:
        known: bytes = file.read()
    at = known.find(f"\n{word} ".encode())
    return known[at + 1 : known.index(b"\n", at + 1)].decode().split(" ")[-1] if at >= 0 else ""


def fold(text: str) -> str:
    """Half-width, simplified form of `text`; one character stays one character."""
    return to_simplified(fold_width(text))


def fold_width(text: str) -> str:
    """Half-width form of `text`, its script as it is; one character stays one character."""
    return _WIDE.sub(_half_width, text)


def normalise(text: str) -> str:
    """Folded and lower-case form of `text` for comparison; one character stays one character."""
    return _normalised_before(text) if len(text) <= _REMEMBERED else _normalised(text)


def _normalised(text: str) -> str:
    folded = fold(text)
    lower = folded.lower()
    if len(lower) == len(folded) and "Σ" not in folded:
        return lower
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in folded)


_normalised_before = functools.lru_cache(maxsize=8192)(_normalised)


def _half_width(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if code >= 0xFF01:
        return chr(code - 0xFEE0)
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


def words(text: str, keep_stop_words: bool = False) -> list[str]:
    """Search words of `text` in order, with repeats; Han runs by jieba's search mode, Latin and digits as they stand."""
    found: list[str] = []
    for run in _WORD.findall(normalise(text)):
        if run[0].isascii():
            found.append(run)
        else:
            found.extend(_jieba().cut_for_search(run))
    return found if keep_stop_words else [word for word in found if word not in STOP_WORDS]


def frequency(word: str) -> int:
    """How common a word is in jieba's dictionary; 0 where it is no word."""
    jieba = _jieba()
    jieba.initialize()
    return int(jieba.dt.FREQ.get(word, 0))


def cut(text: str) -> list[str]:
    """The tokens of `text` in order, nothing left out: joined they give it back."""
    return list(_jieba().cut(text))
