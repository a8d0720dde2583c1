"""Text recognition in pictures of pages. The home of rapidocr, whose package carries its models: nothing is fetched."""

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.errors import MissingPartError
from ingest.formats.pdf_lines import Line
from ingest.formats.scan_image import Box, Image, ink_share, rows_in, rules_of, strips_of, without_seals
from ingest.formats.scan_lines import Piece, confidence_of, place, size_of, skew_of, to_lines

MAX_OCR_PAGES = 300  # of one file; 2 to 3 seconds each on two cores
INSTALL = '安装文字识别组件后再导入：pip install "policyqa[ocr]"'
_THREADS = 2
_WEAK, _DOUBTFUL = 0.6, 0.75  # mean confidence of a page; below the second it may lie upside down
_UNSURE = 0.85  # confidence of a piece
_MAX_SIDE = 100_000
_MUCH_INK = 0.02  # share of dark pixels of a page of text
_FEW_CHARS = 10
_LOCK = threading.Lock()  # one recognition at a time: the engine keeps state, and one already uses both cores


@dataclass(frozen=True, slots=True)
class Scan:
    """A recognised page. `lines` are in reading order, tables as rows; `raw` holds the pieces as recognised."""

    lines: list[Line]
    raw: list[Line]
    confidence: float  # mean of the characters, 0..1
    weak: bool  # little of it can be trusted, or hardly anything was found in much ink
    turned: bool  # the page lay on its side or upside down; `lines` are as if it did not

    @property
    def chars(self) -> int:
        """Number of characters in the lines."""
        return sum(len(line.text) for line in self.lines)


def read_scan(image: Image, left: float = 0.0, top: float = 0.0, scale: float = 0.0) -> Scan:
    """Recognise a page, whichever way up it lies, and put its text into reading order.

    The lines' places are in points: `left` and `top` are those of the image's upper left corner, `scale` the points
    of a pixel; with a scale of 0 the text counts as 12 points high. Raises MissingPartError without rapidocr.
    """
    pieces, turn = _upright(image)
    if turn:
        image = np.rot90(image, turn)
    size = size_of(pieces)
    scale = scale or (12.0 / size if size else 1.0)
    height, width = image.shape[:2]
    skew, centre = skew_of(pieces), (width / 2, height / 2)
    placed = place(pieces, skew, centre, left, top, scale)
    rules = [
        (left + x0 * scale, top - y1 * scale, left + x1 * scale, top - y0 * scale)
        for x0, y0, x1, y1 in (rules_of(image, skew, size) if len(placed) > 3 else [])
    ]
    lines = to_lines(placed, rules)
    raw = [Line(p.text, p.left, p.right, p.bottom, p.top, size * scale) for p in placed]
    confidence = confidence_of(pieces)
    kept, chars = (sum(len(piece.text) for piece in group) for group in (placed, pieces))
    few = kept < _FEW_CHARS and ink_share(image) > _MUCH_INK
    weak = few or kept < 0.9 * chars or (chars > 0 and confidence < _WEAK)
    return Scan(lines, raw, confidence, weak, bool(turn))


def recognise(image: Image) -> tuple[Piece, ...]:
    """Return the pieces of text in an image with their corners and confidence, tall images strip by strip.

    A red seal is taken off first, so that the issuer and the date under it can be read; its own words are not.
    Raises MissingPartError if rapidocr is not installed, cannot be loaded, or came without its models.
    """
    with _LOCK:
        engine = _engine()
        image = without_seals(image)
        pieces = [piece for start, end in strips_of(image) for piece in _found(engine, image[start:end], start)]
        return tuple(_second_look(engine, image, pieces))


@functools.cache
def _engine() -> Any:
    try:
        import cv2
        import omegaconf
        import rapidocr
    except ModuleNotFoundError as error:
        raise MissingPartError("没有安装文字识别（OCR）组件", INSTALL) from error
    except ImportError as error:  # a system library that OpenCV wants
        raise MissingPartError(
            f"文字识别（OCR）组件无法加载：{error}", "请检查 opencv-python-headless 的安装"
        ) from error
    models = Path(rapidocr.__file__).parent / "models"
    found = [sorted(models.glob(f"*_{kind}_*.onnx")) for kind in ("det", "rec")]
    if not all(found):  # the engine would try to fetch them
        raise MissingPartError(
            "文字识别（OCR）组件缺少模型文件", '请重新安装：pip install --force-reinstall "rapidocr>=3.10,<4"'
        )
    cv2.setNumThreads(_THREADS)
    engine = rapidocr.RapidOCR(
        params={
            "Det.model_path": str(found[0][-1]), "Rec.model_path": str(found[1][-1]),
            "Rec.rec_batch_num": 1,  # faster on a CPU than batches padded to the longest
            "Det.limit_type": "max", "Det.limit_side_len": _MAX_SIDE,  # nothing is enlarged: that costs, and gains nothing
            "Global.text_score": 0.0, "Global.max_side_len": _MAX_SIDE, "Global.log_level": "error",
        }
    )  # fmt: skip
    with omegaconf.flag_override(engine.cfg, "allow_objects", True):  # the models are loaded at their first use
        engine.cfg.Det.session, engine.cfg.Rec.session = (_session(paths[-1]) for paths in found)
    return engine


def _session(model: Path) -> Any:
    """Open a model on few threads that sleep while they wait: spinning ones take half again as much of a shared CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = _THREADS, 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _found(engine: Any, image: Image, top: float) -> list[Piece]:
    found = engine(np.ascontiguousarray(image), use_det=True, use_cls=False)
    if found.boxes is None or found.txts is None:
        return []
    return [
        Piece(text, float(score), tuple((float(x), float(y) + top) for x, y in box))
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def _second_look(engine: Any, image: Image, pieces: list[Piece]) -> list[Piece]:
    """Read again, row by row, what was framed too high: short lines of a cell taken for one, a lone digit laid down."""
    size = size_of([piece for piece in pieces if piece.width > piece.height])
    tall = [piece.height > 1.5 * piece.width for piece in pieces]
    if sum(tall) > len(pieces) // 2:  # a page on its side
        return pieces
    doubtful = [
        piece
        for piece, is_tall in zip(pieces, tall, strict=True)
        if is_tall or (piece.height > 1.6 * size and piece.confidence < _UNSURE)
    ]
    read = [piece for piece in pieces if piece not in doubtful]
    sure = list(read)
    for piece in doubtful:
        rows = [box for box in rows_in(image, _frame(piece), size) if not any(_holds(other, box) for other in sure)]
        again = [one for box in rows if (one := _upright_piece(engine, image, box))]
        read += again if _worth(again) > _worth([piece]) else [piece]
    return read


def _frame(piece: Piece) -> Box:
    xs, ys = ([max(0, int(corner[axis])) for corner in piece.corners] for axis in (0, 1))
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


def _holds(piece: Piece, box: Box) -> bool:
    x0, y0, x1, y1 = _frame(piece)
    return x0 <= (box[0] + box[2]) / 2 <= x1 and y0 <= (box[1] + box[3]) / 2 <= y1


def _upright_piece(engine: Any, image: Image, box: Box) -> Piece | None:
    x0, y0, x1, y1 = box
    found = engine(np.ascontiguousarray(image[y0:y1, x0:x1]), use_det=False, use_cls=False)
    if not found.txts or not found.txts[0].strip():
        return None
    return Piece(found.txts[0], float(found.scores[0]), ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def _upright(image: Image) -> tuple[tuple[Piece, ...], int]:
    """Return (pieces, quarter turns to the left that set the page upright)."""
    pieces = recognise(image)
    area = sum(piece.height * piece.width for piece in pieces)
    tall = sum(piece.height * piece.width for piece in pieces if piece.height > 1.5 * piece.width)
    if tall > 0.5 * area:
        turns = [1, 3]
    elif pieces and confidence_of(pieces) < _DOUBTFUL:
        turns = [2]
    else:
        return pieces, 0
    tried = [(pieces, 0), *((recognise(np.rot90(image, turn)), turn) for turn in turns)]
    return max(tried, key=lambda pair: _worth([piece for piece in pair[0] if piece.width > piece.height]))


def _worth(pieces: Sequence[Piece]) -> float:
    return sum(len(piece.text) * (piece.confidence - 0.4) for piece in pieces)
