"""Chinese or English: other languages are refused, and told so in both."""

import re

from app.types import Language
from ingest.errors import InputError

HAN = re.compile(r"[㐀-鿿]")
_OTHER_SCRIPT = re.compile(r"[぀-ヿㇰ-ㇿ가-힯ᄀ-ᇿЀ-ӿ֐-ۿऀ-ॿ฀-๿Ͱ-Ͽ]")
_KANA_HANGUL = re.compile(r"[぀-ヿㇰ-ㇿ가-힯ᄀ-ᇿ]")
_ENGLISH_WORDS = frozenset(
    "the a an of in is are was were what which who how why when where does do did has have much many to for and or on at by with from "
    "that this it its be can could will would should about between compare rate list tell me give show than more most not no any".split()
)
_FOREIGN_WORDS = frozenset(
    "le la les des du est sont quel quelle quels quelles comment pourquoi dans avec pour une sur et taux "  # French
    "der die das und ist sind wie warum welche welcher für von dem den ein eine mit auf nicht hoch "  # German
    "el los las cuál cual cuáles qué que cómo como por para una del con es son tasa cuanto "  # Spanish
    "il lo gli della dello di che quale quali perché è sono tasso nel nella "  # Italian
    "o os da do dos das qual quais são uma em não taxa "  # Portuguese
    "yang dan di apa berapa bagaimana untuk dengan adalah của là và những như thế nào".split()
)


def detect_language(text: str) -> Language:
    """Language of a question: zh or en. Raises InputError for any other."""
    if _OTHER_SCRIPT.search(text) and not (HAN.search(text) and not _KANA_HANGUL.search(text)):
        raise InputError("暂只支持中文和英文提问 (Chinese or English only)", "请改用中文或英文")
    if HAN.search(text):
        return "zh"
    tokens = re.findall(r"[a-zà-öø-ÿ]+", text.lower())
    english = sum(token in _ENGLISH_WORDS for token in tokens)
    foreign = sum(token in _FOREIGN_WORDS and token not in _ENGLISH_WORDS for token in tokens)
    accented = sum(not token.isascii() for token in tokens)
    if foreign + accented > english and foreign + accented >= (1 if english == 0 and accented else 2):
        raise InputError("暂只支持中文和英文提问 (Chinese or English only)", "请改用中文或英文")
    return "en"
