"""Make the pinyin-gloss corruption, byte for byte as the cloned pages show it."""

from collections.abc import Iterable


def corrupt(simplified: str, glossed: Iterable[tuple[str, str]], swallow: bool = True) -> str:
    """Map to traditional characters, gloss on GBK bytes without minding character bounds, decode as a page did.

    `glossed`: pairs of character and reading, replaced in this order. `swallow`: the decoder prints one "?" for an
    impossible pair (as seen), else U+FFFD for its first byte only (as browsers do).
    """
    import opencc

    convert = opencc.OpenCC("s2t").convert
    own = {"着": "著", "为": "為"}  # where the pages' mapping differs from OpenCC's
    traditional = "".join(own.get(char) or convert(char) for char in simplified)
    data = traditional.encode("gbk")
    for char, reading in glossed:
        data = data.replace(char.encode("gbk"), char.encode("gbk") + f"({reading})".encode("gbk"))
    return _decode(data, swallow)


def _decode(data: bytes, swallow: bool) -> str:
    shown = []
    at = 0
    while at < len(data):
        size = 1 if data[at] < 0x80 else 2
        try:
            shown.append(data[at : at + size].decode("gbk"))
        except UnicodeDecodeError:
            shown.append("?" if swallow else "\ufffd")
            size = 2 if swallow else 1
        at += size
    return "".join(shown)
