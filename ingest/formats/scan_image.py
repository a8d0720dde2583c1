"""Pictures of pages before recognition: ink, strips, rows, seals and ruling lines found in the pixels.

Images are arrays of shape (height, width, 3), uint8, blue-green-red, which is what PDFium renders and OpenCV expects.
"""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, y growing downwards
_MAX_TILE_PIXELS = 3_000_000  # an A4 page at 175 dpi; memory grows with it: 0.9 GB for 2.8 million, 1.5 GB for 6
_MIN_INK = 0.0002  # share of dark pixels of an empty page
_REDDISH, _SEAL = 40, (0.12, 0.35)  # red over the other colours; sides in shares of the page's (A4: 25 to 74 mm)


def ink_share(image: Image) -> float:
    """Return the share of pixels that are much darker than the paper, 0..1."""
    grey = image[::2, ::2, 1]
    return float(np.mean(grey < np.median(grey) - 60.0)) if grey.size else 0.0


def is_blank(image: Image) -> bool:
    """Tell an empty page: no more ink than a few specks."""
    return ink_share(image) < _MIN_INK


def without_seals(image: Image) -> Image:
    """Turn red pixels grey, as light as their red, where they form one shape of a seal's size and proportions."""
    import cv2

    red = image[:, :, 2].astype(np.int16) - image[:, :, :2].max(axis=2) > _REDDISH
    if np.mean(red) < _MIN_INK:
        return image
    shapes = cv2.connectedComponentsWithStats(cv2.dilate(red.astype(np.uint8), np.ones((5, 5), np.uint8)))[2][1:]
    least, most = (share * min(image.shape[:2]) for share in _SEAL)
    clean = image.copy()
    for x, y, wide, tall, _ in shapes:
        if least < wide < most and least < tall < most:
            part = clean[y : y + tall, x : x + wide]
            inked = cv2.dilate(red[y : y + tall, x : x + wide].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            part[inked] = part[inked][:, 2:]
    return clean


def strips_of(image: Image) -> list[tuple[int, int]]:
    """Rows at which a tall image is cut, in the palest row near each end, into strips of bounded size."""
    height, width = image.shape[:2]
    most = max(200, _MAX_TILE_PIXELS // max(1, width))
    strips, start = [], 0
    while height - start > most:
        window = image[start + most * 3 // 4 : start + most, :, 1].astype(np.int16)
        busy = np.abs(np.diff(window, axis=1)).sum(axis=1) if width > 1 else np.zeros(len(window))
        smooth = np.convolve(busy, np.ones(9), "same")
        end = start + most * 3 // 4 + int(np.argmin(smooth[4:-4])) + 4
        strips.append((start, end))
        start = end
    return [*strips, (start, height)]


def rows_in(image: Image, frame: Box, size: float) -> list[Box]:
    """Return the boxes of the rows of ink in a frame, for characters of about `size`; upright lines are no ink."""
    x0, y0, x1, y1 = frame
    grey = image[y0:y1, x0:x1, 1]
    dark = grey < np.median(grey) - 60.0
    inked = dark[:, dark.mean(axis=0) < 0.9].any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False])).astype(np.int8)))
    rows: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if rows and end - rows[-1][0] < 1.1 * size:  # the parts of one character, such as 二
            rows[-1] = (rows[-1][0], end)
        else:
            rows.append((start, end))
    pad = max(2, int(0.1 * size))
    return [(x0, max(0, y0 + start - pad), x1, y0 + end + pad) for start, end in rows if end - start > 0.4 * size]


def rules_of(image: Image, skew: float, size: float) -> list[tuple[float, float, float, float]]:
    """Straight lines drawn across and down the page once it is straightened: (x0, y0, x1, y1) in pixels."""
    import cv2

    grey = np.ascontiguousarray(image[:, :, 1])
    height, width = grey.shape
    if abs(skew) > 0.0005:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), np.degrees(skew), 1.0)
        grey = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    rules: list[tuple[float, float, float, float]] = []
    for shape, length in (((1, 0), max(60, int(2.5 * size))), ((0, 1), max(40, int(1.6 * size)))):
        bridge, line = ((shape[0] * n or 1, shape[1] * n or 1) for n in (7, length))
        whole = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones(bridge[::-1], np.uint8))
        drawn = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones(line[::-1], np.uint8))
        for contour in cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[-2]:
            x, y, wide, tall = cv2.boundingRect(contour)
            if min(wide, tall) <= max(12.0, 0.4 * size):  # thicker ones are bars and pictures
                middle = (x + wide / 2, y + tall / 2)
                rules.append((x, middle[1], x + wide, middle[1]) if shape[0] else (middle[0], y, middle[0], y + tall))
    return rules
