"""ZIP files: names read right, limits kept, one bad member harms no other."""

import io
import random
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats import archive, dispatch
from ingest.formats.archive import members
from ingest.types import Part, Unread


def zipped(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out.getvalue()


def with_raw_names(*names, flags=0, extra=b""):
    """Members with names in the very bytes given, without Python's own encoding of them."""
    body, directory = b"", b""
    for name in names:
        common = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 33, zlib.crc32(b"text"), 4, 4, len(name), len(extra))
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name + extra
        )
        body += b"PK\3\4" + common + name + extra + b"text"
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def names_of(data):
    return [item.member if isinstance(item, Unread) else item[0] for item in members(data)]


def test_members_come_with_their_paths_and_litter_does_not():
    files = {
        "政策/": "", "政策/国发〔2025〕11号.txt": "正文", "__MACOSX/政策/._a.txt": "x", ".DS_Store": "x", "a/.git/config": "x",
        "a/~$通知.docx": "x", "a/Thumbs.db": "x", "a/通知.docx": b"PK",
    }  # fmt: skip
    assert list(members(zipped(files))) == [("政策/国发〔2025〕11号.txt", "正文".encode()), ("a/通知.docx", b"PK")]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("关于印发通知.doc".encode("gbk"), "关于印发通知.doc"),
        ("通知.txt".encode("gbk"), "通知.txt"),
        ("附件1\\数据基础设施.xls".encode("gbk"), "附件1/数据基础设施.xls"),
        (
            "龘靐.txt".encode("gb18030") + b"/" + "关于印发某省规划的通知.txt".encode("gb18030"),
            "龘靐.txt/关于印发某省规划的通知.txt",
        ),
        ("關於產業發展條例.pdf".encode("big5"), "關於產業發展條例.pdf"),
        ("规划纲要.md".encode(), "规划纲要.md"),  # macOS: UTF-8 without the flag
        ("résumé.txt".encode("cp437"), "résumé.txt"),
        ("résumé.txt".encode(), "résumé.txt"),
        (b"plan.txt", "plan.txt"),
    ],
)
def test_names_without_a_declared_encoding(raw, name):
    assert names_of(with_raw_names(raw)) == [name]


def test_declared_names():
    gbk = "通知.txt".encode("gbk")
    body = b"\1" + struct.pack("<I", zlib.crc32(gbk)) + "另一个.txt".encode()
    extra = struct.pack("<HH", 0x7075, len(body)) + body
    assert names_of(with_raw_names(gbk, extra=extra)) == ["另一个.txt"]
    assert names_of(with_raw_names(gbk, extra=extra.replace(b"\1", b"\2", 1))) == ["通知.txt"]
    assert names_of(with_raw_names("通知.txt".encode(), flags=0x800)) == ["通知.txt"]


def test_names_are_labels_that_lead_nowhere():
    bad = [
        b"../../etc/passwd",
        b"/etc/shadow",
        b"C:\\Windows\\win.ini",
        b"a/../b/./c.txt",
        b"..",
        b"x\x1b[31m.txt",
        b"c.txt",
    ]
    good = ["etc/passwd", "etc/shadow", "Windows/win.ini", "a/b/c.txt", "未命名", "x[31m.txt", "c.txt"]
    assert names_of(with_raw_names(*bad)) == good
    assert names_of(with_raw_names(b"a.txt", b"../a.txt", b"/a.txt")) == ["a.txt", "a（2）.txt", "a（3）.txt"]
    (long,) = names_of(with_raw_names(b"x" * 5_000 + b".txt"))
    assert len(long) == 300 and long.endswith(".txt")


def patched(data, name, offset_in_entry, value):
    """Change a field of a member's entry in the directory and, where it has it too, in its own header."""
    raw = bytearray(data)
    at = raw.rfind(name.encode()) - 46
    raw[at + offset_in_entry : at + offset_in_entry + len(value)] = value
    local = raw.find(name.encode()) - 30
    if offset_in_entry < 32:
        raw[local + offset_in_entry - 2 : local + offset_in_entry - 2 + len(value)] = value
    return bytes(raw)


def test_what_cannot_be_had_is_told_and_the_rest_is_read():
    plain = zipped({"good.txt": "好", "bad.txt": "坏" * 50, "last.txt": "末"})
    noise = random.Random(3).randbytes(400_000)  # keeps the ratio in order
    cases = {
        "加密": patched(plain, "bad.txt", 8, b"\1\0"),
        "压缩方式（Deflate64）": patched(plain, "bad.txt", 10, b"\x09\0"),
        "校验": patched(plain, "bad.txt", 16, b"\1\2\3\4"),
        "符号链接": patched(patched(plain, "bad.txt", 5, b"\3"), "bad.txt", 38, struct.pack("<I", 0o120777 << 16)),
        "文件过大": zipped({"good.txt": "好", "bad.txt": b"\0" * 60_000_000, "last.txt": "末", ".noise": noise}),
    }
    for reason, data in cases.items():
        found = list(members(data))
        unread = [item for item in found if isinstance(item, Unread)]
        assert [item.member for item in unread] == ["bad.txt"] and reason in unread[0].reason, reason
        assert ("good.txt", "好".encode()) in found and ("last.txt", "末".encode()) in found


def test_bombs_are_refused_before_anything_is_unpacked(monkeypatch):
    bomb = zipped({"a.txt": b"\0" * 30_000_000})
    huge = patched(zipped({"a.txt": "x", "b.txt": "y"}), "a.txt", 24, struct.pack("<I", 600_000_000))
    crowd = zipped({f"{at}.txt": "" for at in range(2_001)})
    directory = with_raw_names(b"a").replace(b"PK\1\2", b"PK\1\2" * 100_001)
    monkeypatch.setattr(archive.zipfile.ZipFile, "open", None)
    for data, reason in ((bomb, "倍"), (huge, "500 MB"), (crowd, "2001 个"), (directory, "过多")):
        with pytest.raises(UnreadableFileError, match=reason):
            members(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_lies_about_its_size_unpacks_no_more_than_it_states(method):
    data = patched(zipped({"a.txt": b"\0" * 20_000_000}, method), "a.txt", 24, struct.pack("<I", 1_000))
    tracemalloc.start()
    (found,) = members(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Unread) and peak < 5_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Rar!\x1a\x07\x00" + b"\0" * 50, "RAR"), (b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "7z"), (b"text", "不是 ZIP"),
        (zipped({}), "没有文件"), (zipped({".hidden": "x", "d/": ""}), "没有文件"), (zipped({"a": "x"})[:-5], "不完整"), (b"", "不是"),
    ],
)  # fmt: skip
def test_what_is_no_readable_archive_is_refused(data, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        members(data)


VALID = zipped({"政策/通知.txt": "正文" * 30, "b.csv": "1,2\n" * 40, "c/d.bin": bytes(range(256))})


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damage_never_raises_anything_else(data):
    raw = bytearray(data.draw(st.sampled_from([VALID, with_raw_names("通知.txt".encode("gbk"), b"x"), b"PK\3\4"])))
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=6)):
        raw[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(raw)))
    raw = bytes(raw[: cut if data.draw(st.booleans()) else None]) + data.draw(st.binary(max_size=20))
    try:
        for item in members(raw):
            assert isinstance(item, Unread) or isinstance(item[1], bytes)
    except UnreadableFileError:
        pass


def test_archives_of_archives_share_one_limit(monkeypatch):
    """Forty small archives in each of forty: every one of them within its own limits, all together not."""
    inner = zipped({f"{at}.txt": f"第{at}份办法" for at in range(40)})
    outer = zipped({f"{at}.zip": inner for at in range(40)}, zipfile.ZIP_STORED)
    assert sum(1 for _ in dispatch.parts("a.zip", outer)) == 1_600
    monkeypatch.setattr(dispatch, "_MAX_INSIDE", 500)
    with pytest.raises(UnreadableFileError, match="各层合计"):
        list(dispatch.parts("a.zip", outer))
    monkeypatch.setattr(dispatch, "_MAX_INSIDE", 5_000)
    monkeypatch.setattr(dispatch, "_MAX_UNPACKED", 2 * len(inner))
    with pytest.raises(UnreadableFileError, match="各层合计"):
        list(dispatch.parts("a.zip", outer))


def test_an_archive_that_goes_on_for_ever_ends():
    data = zipped({"办法.txt": "正文"})
    for _ in range(8):
        data = zipped({"更深.zip": data, "办法.txt": "正文"})
    found = list(dispatch.parts("a.zip", data))
    assert [item.reason for item in found if isinstance(item, Unread)] == [
        "压缩包层数过多（最多 3 层，请解压后再导入）"
    ]
    assert sum(isinstance(item, Part) for item in found) == 3
