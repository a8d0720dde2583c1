"""Files of many documents, texts that come twice, sidecars and web pages: what the store holds after each change."""

import http.server
import io
import threading
import zipfile

import pytest
from test_pipeline import GUANGDONG, GUIZHOU, Shelf

from ingest.store import open_store

SECTORS = "算力 数据 人才 场景 制造 农业 医疗 教育 交通 金融 文旅 能源".split()
LAW = "".join(
    f"第{number}条 支持{sector}领域应用人工智能，到2027年建成{number * 3}个示范项目，由市{sector}主管部门负责，具体办法另行制定。\n\n"
    for number, sector in enumerate(SECTORS, 1)
)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def table(*rows):
    cells = "".join(f'{title},https://example.cn/{title},"{body}"\n' for title, body in rows)
    return "标题,网址,正文\n" + cells


def long(text):
    return text * (300 // len(text) + 1)


def entries(shelf):
    with open_store(shelf.store) as store:
        return {entry.source.path.rpartition("/")[2]: entry for entry in store.catalog.entries()}


def test_a_table_of_documents_is_kept_row_by_row(shelf):
    a, b, c = (long(f"{name}市建成机架{n}万个。") for name, n in (("甲", 11), ("乙", 22), ("丙", 33)))
    shelf.write("t.csv", table(("甲", a), ("乙", b), ("空", "")))
    assert shelf.ingest() == (2, 0, 0, 0)
    assert list(shelf.skipped) == ["t.csv#3"]
    assert shelf.ingest() == (0, 0, 2, 0) and list(shelf.skipped) == ["t.csv#3"]  # told again, though nothing is read
    assert {name: e.source.url for name, e in entries(shelf).items()} == {
        "t.csv#1": "https://example.cn/甲", "t.csv#2": "https://example.cn/乙",
    }  # fmt: skip
    shelf.embedder.texts.clear()
    shelf.write("t.csv", table(("甲", a), ("乙", b.replace("22", "23")), ("丙", c)))
    assert shelf.ingest() == (1, 1, 1, 0)
    assert not any("甲市" in text for text in shelf.embedder.texts)
    shelf.write("t.csv", table(("甲", a)))
    assert shelf.ingest() == (0, 0, 1, 2) and set(entries(shelf)) == {"t.csv#1"}


def test_a_document_taken_out_of_a_table_comes_back_with_the_next_run(shelf):
    shelf.write("t.csv", table(("甲", long("甲市机架1万个。")), ("乙", long("乙市机架2万个。"))))
    shelf.ingest()
    first = entries(shelf)["t.csv#1"].id
    with open_store(shelf.store, shelf.embedder.name, 8, writable=True) as store:
        store.remove(first)
    assert shelf.ingest() == (1, 0, 1, 0)


def test_an_archive_with_a_broken_member_gives_the_others(shelf):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("甲/a.md", GUIZHOU)
        archive.writestr("坏.docx", b"PK\x03\x04broken")
        archive.writestr("b.txt", GUANGDONG)
    shelf.write("p.zip", packed.getvalue())
    assert shelf.ingest() == (2, 0, 0, 0)
    assert list(shelf.skipped) == ["p.zip#坏.docx"] and set(entries(shelf)) == {"a.md", "p.zip#b.txt"}
    shelf.write("p.zip", b"PK\x03\x04")
    assert shelf.ingest() == (0, 0, 0, 0) and "索引中仍是上次导入的内容" in shelf.skipped["p.zip"]


def test_a_repost_is_linked_and_stands_alone_when_its_original_goes(shelf):
    shelf.write("a.md", f"# 某市人工智能办法\n\n{LAW}")
    shelf.write("b.txt", f"转载自某报\n\n某市人工智能办法\n\n{LAW}责任编辑：某某\n")
    assert shelf.ingest() == (2, 0, 0, 0)
    found = entries(shelf)
    assert found["b.txt"].same_as == found["a.md"].id and found["b.txt"].chunks == 0 and found["a.md"].chunks
    assert shelf.ingest() == (0, 0, 2, 0)
    with open_store(shelf.store, shelf.embedder.name, 8, writable=True) as store:
        store.remove(found["a.md"].id)
    (shelf.files / "a.md").unlink()
    assert shelf.ingest() == (0, 1, 0, 0)
    assert entries(shelf)["b.txt"].chunks and not entries(shelf)["b.txt"].same_as


def test_a_better_source_takes_the_text_over(shelf):
    shelf.write(
        "a.txt",
        f"某报消息\n\n{LAW}更多精彩内容，请关注。\n\n声明：本文由自媒体作者上传并发布，平台仅提供信息存储服务。\n",
    )
    assert shelf.ingest() == (1, 0, 0, 0)
    first = entries(shelf)["a.txt"]
    shelf.write("b.md", f"---\ntier: 政策原文\ntitle: 某市人工智能办法\n---\n{LAW}")
    assert shelf.ingest() == (1, 0, 1, 0)
    found = entries(shelf)
    assert first.source.tier != "政策原文" and found["a.txt"].same_as == found["b.md"].id
    assert found["a.txt"].chunks == 0 and found["b.md"].chunks


def test_a_revision_is_a_document_of_its_own(shelf):
    shelf.write("a.md", f"# 某市人工智能办法\n\n{LAW}")
    shelf.write("b.md", f"# 某市人工智能办法\n\n{LAW.replace('建成18个', '建成19个')}")
    assert shelf.ingest() == (2, 0, 0, 0)
    assert all(entry.chunks and not entry.same_as for entry in entries(shelf).values())


def test_a_sidecar_overrides_and_its_change_is_noticed(shelf):
    shelf.write("a.md", GUIZHOU)
    shelf.write("a.md.yaml", "标题: 贵州算力简报\n文号: 黔数发〔2025〕7号\n")
    assert shelf.ingest() == (1, 0, 0, 0)
    source = entries(shelf)["a.md"].source
    assert (source.title, source.doc_number) == ("贵州算力简报", "黔数发〔2025〕7号")
    assert dict(source.found)["title"] == "旁置文件"
    shelf.write("a.md.yaml", "标题: 改过的标题\n")
    assert shelf.ingest() == (0, 1, 0, 0) and entries(shelf)["a.md"].source.title == "改过的标题"
    shelf.write("a.md.yaml", "标题: [\n")
    assert shelf.ingest() == (0, 0, 0, 0) and "a.md.yaml" in shelf.skipped["a.md"]
    (shelf.files / "a.md.yaml").unlink()
    assert shelf.ingest() == (0, 1, 0, 0) and entries(shelf)["a.md"].source.title == "贵州简报"


@pytest.fixture
def site():
    """A web server on loopback; `pages` maps paths to (content type, bytes)."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, body = pages.get(self.path, ("text/html", None))
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages["base"] = f"http://127.0.0.1:{server.server_port}"
    yield pages
    server.shutdown()
    server.server_close()


def test_a_web_page_is_read_by_address_and_refreshed(shelf, site):
    page = "<html><head><meta charset=gb2312><title>贵州算力简报</title></head><body><p>%s</p></body></html>"
    address = site["base"] + "/简报.htm"
    site["/%E7%AE%80%E6%8A%A5.htm"] = ("text/html; charset=gbk", (page % GUIZHOU).encode("gbk"))
    assert shelf.ingest(address) == (0, 0, 0, 0) and "127.0.0.1" in shelf.skipped["简报.htm"]  # private: not by default
    assert shelf.ingest(address, allow_private=True) == (1, 0, 0, 0)
    entry = entries(shelf)["简报.htm"]
    assert entry.key == address == entry.source.path and "30万个" in shelf.texts()["简报.htm"]
    assert shelf.ingest(address, allow_private=True) == (0, 0, 1, 0)
    site["/%E7%AE%80%E6%8A%A5.htm"] = ("text/html", (page % GUIZHOU.replace("30", "40")).encode("utf-8"))
    assert shelf.ingest(address, allow_private=True) == (0, 1, 0, 0) and "40万个" in shelf.texts()["简报.htm"]
    del site["/%E7%AE%80%E6%8A%A5.htm"]
    assert shelf.ingest(address, allow_private=True) == (0, 0, 0, 0) and "索引中仍是" in shelf.skipped["简报.htm"]
    assert shelf.ingest(shelf.files, prune=True) == (0, 0, 0, 0) and "简报.htm" in entries(shelf)
