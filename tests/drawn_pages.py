"""Pages of Chinese text: drawn as pictures, as a scanner or a camera would give them, and as PDF files of either kind."""

import io
import os
import re
import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

FONTS = ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc")
SIMPLIFIED = 2  # the font for mainland China in the collection
FULL = "坚持以人民为中心的发展思想推动全民健身和全民健康深度融合"  # 28 characters, a full line at 16 points
# What a browser prints around a page.
PRINTED = re.compile(r"^\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2} .*_中国政府网$|^https://\S+ \d+/\d+$")


def need(present, reason):
    """Skip a test for want of an optional part; where all of them have to be there, fail."""
    if present:
        return
    if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
        pytest.fail(reason)
    pytest.skip(reason)


def need_ocr():
    try:
        import rapidocr  # noqa: F401
    except ImportError:
        need(False, "rapidocr is not installed (extra: ocr)")


def font(size):
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size, index=SIMPLIFIED)
        except OSError:
            continue
    need(False, "no Noto CJK font on this system")


def wrapped(text, chars):
    """Lines of a paragraph set in a width of so many Han characters: no line opens with a closing mark."""
    lines, line, used = [], "", 0.0
    for char in text:
        width = 1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5
        if used + width > chars and char not in "，。、；：）》”":
            lines.append(line)
            line, used = "", 0.0
        line, used = line + char, used + width
    return [*lines, line]


def draw_page(paragraphs, size=33, chars=28, shape=(1240, 1754), left=150, top=170):
    """A page of paragraphs, each with an indent of two characters; one that begins with # is a centred title."""
    page = Image.new("L", shape, 255)
    pen, y = ImageDraw.Draw(page), top
    for text in paragraphs:
        if text.startswith("#"):
            pen.text((shape[0] / 2, y), text[1:], font=font(int(size * 1.3)), fill=0, anchor="ma")
            y += int(size * 2.6)
            continue
        for line in wrapped("　　" + text, chars):
            pen.text((left, y), line, font=font(size), fill=0)
            y += int(size * 1.75)
    return page


def scanned(page, angle=0.8, noise=10.0):
    """The page as scanned: turned a little, greyish paper, noise in every pixel."""
    turned = page.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255)
    grey = np.asarray(turned, dtype=np.float32) * 0.9 + 15
    grey += np.random.default_rng(7).normal(0, noise, grey.shape)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def image_file(pictures, kind, **options):
    out = io.BytesIO()
    first, *others = pictures
    first.save(out, kind, **({"save_all": True, "append_images": others} if others else {}), **options)
    return out.getvalue()


def image_pdf(pictures):
    return image_file(pictures, "PDF", resolution=150, quality=80)


def bgr(picture):
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def make_pdf(pages, trailer="", title="", drawing=""):
    """A PDF of [(x, y, size, text), ...] per page, in a Chinese font that is not embedded, with a drawing on each."""
    count = len(pages)
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [4 0 R] >>",
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /CIDSystemInfo << /Registry (Adobe)"
        " /Ordering (GB1) /Supplement 4 >> /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 4"
        " /FontBBox [0 -120 1000 880] /Ascent 880 /Descent -120 /CapHeight 880 /ItalicAngle 0 /StemV 80 >> >>",
    ]
    for number, page in enumerate(pages):
        drawn = drawing + "\n".join(
            f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm <{text.encode('utf-16-be').hex()}> Tj ET" for x, y, size, text in page
        )
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    objects.append(f"<< /Title <feff{title.encode('utf-16-be').hex()}> >>")
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return out + (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R /Info {size - 1} 0 R"
        f" {trailer} >>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode("ascii")


def page(*texts, top=760, indents=()):
    return [(70 + 32 * (at in indents), top - 26 * at, 16, text) for at, text in enumerate(texts)]
