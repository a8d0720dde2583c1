"""Collections: to which group of readers a document belongs. A document is in exactly one; "" is the common one."""

import re
import unicodedata
from typing import Any

from ingest.errors import InputError

COMMON = ""
COMMON_NAME = "公共"
COMMON_NAMES = frozenset((COMMON_NAME, "common"))  # how the common one is called where "" would say nothing
MAX_NAME = 60  # characters
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff,，、;；]")


def as_collection(name: str) -> str:
    """Return a collection's name as it is kept. Raises InputError for one that cannot be a name."""
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    if _UNFIT.search(unicodedata.normalize("NFKC", name.strip())) or len(plain) > MAX_NAME:
        raise InputError(f"集合名无效：{_UNFIT.sub('', name)[:40]}", f"不超过 {MAX_NAME} 个字，不含逗号、顿号和分号")
    return COMMON if plain.lower() in COMMON_NAMES else plain


def stated_collection(value: Any) -> str:
    """Return the collection that a document states of itself; of one that is no name, what is left of it: nobody's."""
    plain = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFKC", str(value))).split())[:MAX_NAME]
    return COMMON if plain.lower() in COMMON_NAMES else plain
