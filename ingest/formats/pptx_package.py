"""A presentation as a zip of XML parts: refused where it is dangerous or another kind of file, then read part by part."""

from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.archive import obstacle, open_zip, refuse_bomb
from ingest.formats.docx_package import MAX_UNPACKED, SAVE_AS_DOCX, Package, tag_of
from ingest.formats.sniff import sniff

SAVE_AS_PPTX = "请用 PowerPoint 或 WPS 打开，另存为 .pptx 后再导入"
_SPARE_BYTES, _MAX_ALL_TAGS = 20_000_000, 3_000_000


def open_deck(data: bytes) -> "Deck":
    """Open a presentation's bytes. Raises UnreadableFileError: another kind of file, damaged, encrypted, a bomb, a DTD."""
    _refuse_other_kinds(data)
    return Deck(data, _readable_size(data))


def of_a_deck(error: UnreadableFileError) -> UnreadableFileError:
    """Return an error of the package in terms of presentations: its own words are of Word files."""
    hint = error.hint.replace(SAVE_AS_DOCX, SAVE_AS_PPTX)
    return UnreadableFileError(error.message.replace("Word 文件", "演示文稿"), hint)


class Deck(Package):
    """The package of a presentation: Word's, but for the part it begins with, and with limits on all parts together."""

    def __init__(self, data: bytes, unpacked: int) -> None:
        # Each part is read about three times; a file that leads to one large part a thousand times is out to hurt.
        self._budget, self._tags = 4 * unpacked + _SPARE_BYTES, 0
        super().__init__(data)

    def read(self, name: str) -> bytes | None:
        """Return a part's bytes, None if there is no such part. Raises UnreadableFileError where too much is asked."""
        found = super().read(name)
        self._budget -= len(found or b"")
        if self._budget < 0:
            raise UnreadableFileError("演示文稿的结构异常", "同一部分被反复引用，可能是恶意文件，没有读取")
        return found

    def xml(self, name: str) -> Any:
        """Return the root of a part, None if there is none. Raises UnreadableFileError: malformed, too many tags."""
        self._tags += (self.read(name) or b"").count(b"<")
        if self._tags > _MAX_ALL_TAGS:
            raise UnreadableFileError("演示文稿的结构过于庞大", "标记过多，请拆分后再导入")
        return super().xml(name)

    def _main_part(self) -> str:
        names = [part for kind, part in self.relations("").values() if kind == "officeDocument"]
        for name in [*names, "ppt/presentation.xml"]:
            root = self.xml(name)
            if root is not None and tag_of(root) == "presentation":
                return name
        raise UnreadableFileError("这不是 PowerPoint 演示文稿", "请按实际类型修改文件的扩展名")


def _refuse_other_kinds(data: bytes) -> None:
    kind = sniff(data)
    if kind == ".encrypted":
        raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
    if kind == ".ppt":
        raise UnreadableFileError("这是旧版 PowerPoint（.ppt）文件，只是扩展名改成了 .pptx", SAVE_AS_PPTX)
    if not data.startswith(b"PK"):
        raise UnreadableFileError(f"这不是 .pptx 文件，而是 {kind} 文件" if kind else "这不是 .pptx 文件", SAVE_AS_PPTX)


def _readable_size(data: bytes) -> int:
    """Return the size that the package states to unpack to."""
    infos = open_zip(data).infolist()
    refuse_bomb(infos, len(data), MAX_UNPACKED)
    for info in infos:
        if reason := obstacle(info):
            raise UnreadableFileError("演示文稿打不开", f"其中的 {info.filename[:80]} {reason}")
    return sum(info.file_size for info in infos)
