"""Pictures of pages: photographs, scans, long screenshots, fax files of several pages. The home of Pillow."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ingest.errors import MissingPartError, UnreadableFileError
from ingest.formats.ocr import MAX_OCR_PAGES, Scan, read_scan
from ingest.formats.pdf_lines import layer_text, without_running_lines
from ingest.formats.pdf_paragraphs import join_pages
from ingest.formats.scan_image import Image, is_blank
from ingest.types import Part

MAX_PIXELS = 80_000_000  # of one page: A4 at 600 dpi has 35 million, A3 70
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_SHORT_SIDE, _MAX_WIDTH = 1_400, 10_000  # A4 at 170 dpi
_MIN_CHARS = 2
# What Pillow's decoders raise on damaged files.
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, AttributeError,
            RuntimeError, struct.error, zlib.error)  # fmt: skip
_QUARTERS = {3: (0, 2), 6: (0, 3), 8: (0, 1), 2: (1, 0), 4: (1, 2), 5: (1, 1), 7: (1, 3)}  # EXIF: (mirror, turns left)
_ORIENTATION, _ON_SIDE = 0x0112, (5, 6, 7, 8)


def read_image(data: bytes) -> Part:
    """Recognise the text of a PNG, JPEG, WebP, BMP or TIFF file; a TIFF file's pages count as pages.

    Turned as its EXIF data say, or as its text lies. `notes`: "ocr-weak", and "ocr-limit" with "pages-without-text"
    where pages over MAX_OCR_PAGES were left out. `layer` is the text as recognised, without running heads and page
    numbers; `ocr` holds (page, mean confidence) of the pages that are not blank.

    Raises UnreadableFileError: no such image, damaged or truncated, over 80 million pixels, no text found, or rapidocr
    is not installed.
    """
    scans: list[Scan | None] = []
    notes: list[str] = []
    for picture in _pictures(data):
        if len(scans) >= MAX_OCR_PAGES:
            notes += ["pages-without-text", "ocr-limit"]
            break
        try:
            scans.append(None if is_blank(picture) else read_scan(picture))
        except MissingPartError as error:
            raise UnreadableFileError(f"图片需要文字识别：{error.message}", error.hint) from error
    kept, removed = without_running_lines([scan.lines if scan else [] for scan in scans])
    if sum(len(line.text) for lines in kept for line in lines) < _MIN_CHARS:
        raise UnreadableFileError("图片里没有读出文字", "如果图中有文字，请换更清晰、更端正的图片")
    if any(scan.weak for scan in scans if scan):
        notes.append("ocr-weak")
    return Part(
        join_pages(kept), encoding="image", notes=tuple(notes), paged=True,
        layer=layer_text([scan.raw if scan else [] for scan in scans], removed),
        ocr=tuple((number, round(scan.confidence, 3)) for number, scan in enumerate(scans, 1) if scan),
    )  # fmt: skip


def _pictures(data: bytes) -> Iterator[Image]:
    """Yield the pages of an image file, upright, blue-green-red, of a size fit for recognition."""
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata; too many pixels are refused below
        try:
            file = Pillow.open(io.BytesIO(data), formats=_FORMATS)
        except Pillow.DecompressionBombError as error:
            raise _too_large() from error
        except _DAMAGED as error:
            raise UnreadableFileError("图片无法打开", "文件已损坏，或者不是扩展名所说的格式") from error
        yield _picture(file, 0)
        number = 1
        while file.format == "TIFF" and _has_page(file, number):  # other formats' frames are an animation's
            yield _picture(file, number)
            number += 1


def _has_page(file: Any, number: int) -> bool:
    try:
        file.seek(number)
    except EOFError:
        return False
    except _DAMAGED as error:
        raise UnreadableFileError(f"图片第 {number + 1} 页已损坏或不完整", "请重新获取该文件") from error
    return True


def _picture(file: Any, number: int) -> Image:
    from PIL import Image as Pillow

    try:
        if file.width * file.height > MAX_PIXELS:
            raise _too_large()
        turn = file.getexif().get(_ORIENTATION, 1)
        if file.format == "TIFF":  # is turned as it is loaded
            file.load()
            turn = 1
        width = file.height if turn in _ON_SIDE else file.width
        shrink = max(1.0, min(file.size) / _SHORT_SIDE, width / _MAX_WIDTH)
        size = (max(1, round(file.width / shrink)), max(1, round(file.height / shrink)))
        file.draft(None, size)  # a JPEG decoder can shrink by itself
        small = _plain(file, int(shrink)).resize(size, Pillow.Resampling.LANCZOS, reducing_gap=2.0)
        pixels = np.asarray(_opaque(small))
    except (Pillow.DecompressionBombError, MemoryError) as error:
        raise _too_large() from error
    except _DAMAGED as error:
        raise UnreadableFileError(f"图片第 {number + 1} 页已损坏或不完整", "请重新获取该文件") from error
    mirror, quarters = _QUARTERS.get(turn, (0, 0))
    pixels = pixels[:, ::-1] if mirror else pixels
    return np.ascontiguousarray(np.rot90(pixels, quarters)[:, :, ::-1])


def _plain(file: Any, step: int) -> Any:
    """Return the picture in a mode that can be shrunk well: no palette, not one bit, no deep greys."""
    from PIL import Image as Pillow

    if file.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(file)[::step, ::step].astype(np.float32))
        low, high = float(values.min()), float(values.max())
        return Pillow.fromarray(((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8))
    if file.mode == "1":
        return file.convert("L")
    return file.convert("RGBA" if "transparency" in file.info else "RGB") if file.mode in ("P", "PA") else file


def _opaque(picture: Any) -> Any:
    """Return the picture in RGB: what is transparent is paper."""
    from PIL import Image as Pillow

    if picture.mode in ("RGBA", "LA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("RGB")


def _too_large() -> UnreadableFileError:
    return UnreadableFileError(
        "图片过大，或者是解压炸弹", f"每页上限为 {MAX_PIXELS // 10_000} 万像素，请缩小或拆分后再导入"
    )
