"""Traditional characters and their readings, as the glosses of corrupted pages give them."""

from functools import cache
from pathlib import Path


@cache
def readings() -> dict[str, str]:
    """Map a syllable to the traditional characters read so (data file, compiled with pypinyin)."""
    path = Path(__file__).parent / "data" / "gloss_readings.tsv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("\t", 1) for line in lines)


@cache
def traditional_chars() -> frozenset[str]:
    """Characters of GBK that have another simplified form; not 著, which simplified text has too."""
    return frozenset("".join(readings().values())) - {"著"}


def standard(syllable: str) -> str:
    """Write a syllable with ordinary letters: GBK pages use the phonetic ɑ and ɡ."""
    return syllable.replace("ɑ", "a").replace("ɡ", "g")


def gbk(char: str) -> bytes:
    """Encode one character; b"" outside GBK."""
    return char.encode("gbk", errors="ignore")
