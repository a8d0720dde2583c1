"""Collections: who is not granted one gets the answers of a store that never held it."""

import contextlib
import json
import sqlite3
import zipfile

import pytest
from small_embedder import SmallEmbedder

from app.access.caller import LOCAL, Caller
from app.cli import main
from app.engine import Engine
from ingest.errors import InputError
from ingest.pipeline import ingest_paths
from ingest.store import open_store

EMBEDDER = SmallEmbedder()
OPEN = {
    "贵州.md": "# 贵州省算力发展办法\n\n贵州规划机架超30万个。2025年国内数据中心平均利用率约65%。\n\n第一条 算力券按合同额补助。\n",
    "甘肃.md": "# 甘肃省数据条例\n\n甘肃智能算力规模2024年达8000P。\n\n第一条 为了促进数据产业发展，制定本条例。\n",
}
SECRET = {
    "青海.md": "# 青海省玄鸟工程实施方案\n\n青海玄鸟工程投资77亿元，机架91万个，利用率约12%。\n\n本方案废止《甘肃省数据条例》。\n",
    "贵州二.md": "# 贵州省算力发展办法（内部解读）\n\n贵州利用率约23%，机架41万个。算力券另行安排。\n",
}
READER = Caller("读者", "reader", frozenset(("",)))
WORDS = ("玄鸟", "77亿", "91万", "青海", "内部解读", "23%", "41万", "630000", "已废止", "密")
QUESTIONS = [
    "青海玄鸟工程投资多少", "贵州的机架有多少", "贵州利用率是多少", "比较贵州和青海的利用率", "甘肃省数据条例还有效吗", "玄鸟是什么",
    "贵州省算力发展办法（内部解读）说了什么", "哪些省份有机架规模", "青海省玄鸟工程实施方案第一条", "What is Qinghai's utilisation rate?",
    "算力券怎么发", "2024年智能算力规模最大的是哪里",
]  # fmt: skip


def write(folder, texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


def filled(tmp_path, name, *batches):
    """A store of (folder, collection) batches."""
    with open_store(tmp_path / name, EMBEDDER.name, EMBEDDER.dimension, writable=True) as store:
        for folder, collection in batches:
            ingest_paths([folder], store, EMBEDDER, collection=collection)
    return tmp_path / name


def reading(folder):
    return open_store(folder, EMBEDDER.name, EMBEDDER.dimension)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("collections")
    shown, hidden = write(tmp_path / "open", OPEN), write(tmp_path / "secret", SECRET)
    both = filled(tmp_path, "both", (shown, None), (hidden, "密"))
    return both, filled(tmp_path, "bare", (shown, None))


def plain(answer):
    told = answer.to_json()
    return json.dumps({k: v for k, v in told.items() if k not in {"timings_ms", "id"}}, ensure_ascii=False)


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_that_of_a_store_without_the_secret(stores, question):
    with reading(stores[0]) as both, reading(stores[1]) as bare:
        seen, without = Engine(both, EMBEDDER).seen_by(READER), Engine(bare, EMBEDDER)
        assert plain(seen.ask(question)) == plain(without.ask(question))
        hits, expected = seen.search(question, 20), without.search(question, 20)
        assert [(h.chunk.id, h.score, h.validity) for h in hits] == [
            (h.chunk.id, h.score, h.validity) for h in expected
        ]
        assert not any(
            word in plain(seen.ask(question)).replace(question, "") for word in WORDS if word not in question
        )


def test_nothing_else_that_the_engine_gives_tells_of_it(stores):
    with reading(stores[0]) as both, reading(stores[1]) as bare:
        whole, without = Engine(both, EMBEDDER), Engine(bare, EMBEDDER)
        seen = whole.seen_by(READER)
        secret = [e.id for e in whole.entries() if e.source.collection == "密"]
        assert len(secret) == 2
        for name in ("regions", "documents", "hashes", "files", "examples"):
            assert (
                json.dumps(getattr(seen, name)(), default=str) == json.dumps(getattr(without, name)(), default=str)
                or name == "documents"
            )
        told = json.dumps([seen.documents(), seen.examples("en"), seen.describe()], ensure_ascii=False)
        assert not any(word in told for word in WORDS)
        assert seen.describe()["documents"] == 2 and whole.describe()["documents"] == 4
        for doc_id in secret:
            assert whole.document(doc_id) and whole.origin(doc_id)
            assert (seen.document(doc_id), seen.origin(doc_id), seen.entry(doc_id)) == (None, None, None)
            assert seen.store.catalog.neighbours(doc_id) == []
        one = seen.compare(["630000", "520000"], ["利用率", "goal"])
        other = without.compare(["630000", "520000"], ["利用率", "goal"])
        assert (one.cells, one.notes, one.citations) == (other.cells, other.notes, other.citations)


def test_who_may_read_all_has_the_engine_itself_and_a_granted_one_sees_more(stores):
    with reading(stores[0]) as both:
        whole = Engine(both, EMBEDDER)
        assert whole.seen_by(LOCAL) is whole
        granted = whole.seen_by(Caller("甲", "reader", frozenset(("", "密"))))
        assert granted.describe()["documents"] == 4 and granted.seen_by(LOCAL) is whole
        assert granted is whole.seen_by(Caller("乙", "admin", frozenset(("密", ""))))
        assert "77亿元" in granted.ask("青海玄鸟工程投资多少").text
        assert whole.seen_by(Caller("丙", "reader", frozenset())).ask("贵州的机架有多少").citations == ()


def test_a_view_cannot_be_written_nor_told_to_forget(stores):
    with reading(stores[0]) as both:
        view = both.seen_by([""])
        for write_ in (lambda: view.remove(both.catalog.entries()[0].id), lambda: view.catalog.set_meta("x", "y")):
            with pytest.raises(sqlite3.OperationalError, match=r"is a view|readonly"):
                write_()
        with pytest.raises(RuntimeError):
            view.writing(None).__enter__()


def collections(folder):
    with open_store(folder) as store:
        return {e.source.title: e.source.collection for e in store.catalog.entries()}


def test_a_document_stays_in_its_collection_until_someone_says_otherwise(tmp_path):
    docs = write(tmp_path / "docs", SECRET)
    store = filled(tmp_path, "s", (docs, "密"))
    assert set(collections(store).values()) == {"密"}
    path = tmp_path / "docs" / "青海.md"
    path.write_text(
        "---\ncollection: 公共\n---\n" + SECRET["青海.md"] + "又有一句。\n", encoding="utf-8"
    )  # a new version
    filled(tmp_path, "s", (docs, None))
    assert set(collections(store).values()) == {"密"}
    path.rename(tmp_path / "docs" / "移动了.md")
    filled(tmp_path, "s", (docs, None))
    assert set(collections(store).values()) == {"密"}
    (tmp_path / "docs" / "移动了.md.yaml").write_text("集合: 公共\n", encoding="utf-8")
    filled(tmp_path, "s", (docs, None))
    assert sorted(collections(store).values()) == ["", "密"]


def test_who_puts_a_file_into_a_collection_takes_nothing_out_of_another(tmp_path):
    docs, store = tmp_path / "docs", tmp_path / "s"
    filled(tmp_path, "s", (write(docs, {"a.md": SECRET["青海.md"], "b.md": SECRET["贵州二.md"]}), "密"))
    own = write(tmp_path / "own", {"known.md": "# 某办法\n\n第一条 算力券按合同额补助。\n"})
    filled(tmp_path, "s", (own, "甲"))
    for name in ("a.md", "b.md"):
        (docs / name).rename(tmp_path / name)  # the source files are gone, their documents stay
    write(tmp_path / "own", {"new.md": SECRET["青海.md"], "known.md": SECRET["贵州二.md"]})

    def held():
        with open_store(store) as opened:
            return sorted(e.source.collection for e in opened.catalog.entries())

    with open_store(store, EMBEDDER.name, EMBEDDER.dimension, writable=True) as opened:
        ingest_paths([f"{own}/new.md"], opened, EMBEDDER, collection="甲", crossing=False)
        ingest_paths([f"{own}/known.md"], opened, EMBEDDER, crossing=False)
    assert held() == ["密", "密", "甲", "甲"]
    filled(
        tmp_path, "s", (write(tmp_path / "moved", {"c.md": SECRET["青海.md"]}), "乙")
    )  # the command line's user moves it
    assert held() == ["乙", "密", "甲", "甲"]


def test_moving_reads_nothing_again_and_what_shares_its_text_is_parted(tmp_path):
    text = "# 某省算力办法\n\n" + "".join(
        f"某省第{n}个园区规划机架{n * 7}万个，算力券按合同额补助。" for n in range(40)
    )
    docs = write(tmp_path / "docs", {"a.md": text, **OPEN})
    store = filled(tmp_path, "s", (docs, None))
    calls = EMBEDDER.calls
    filled(tmp_path, "s", (docs, "内"))
    assert EMBEDDER.calls == calls and set(collections(store).values()) == {"内"}
    copy = write(tmp_path / "copy", {"b.md": text + "\n\n"})
    filled(tmp_path, "s", (copy, ""), (copy, None))
    with open_store(store) as opened:  # the same text in another collection is a document of its own
        assert {e.same_as for e in opened.catalog.entries()} == {""}
        assert opened.seen_by([""]).catalog.count()[0] == 1
    again = write(tmp_path / "again", {"c.md": text + "\n\n\n"})
    filled(tmp_path, "s", (again, "内"))
    with open_store(store) as opened:
        assert [bool(e.same_as) for e in opened.catalog.entries()].count(True) == 1
    filled(tmp_path, "s", (str(tmp_path / "docs" / "a.md"), "外"), (again, None))
    with open_store(store) as opened:
        assert {e.same_as for e in opened.catalog.entries()} == {""}
        assert opened.seen_by(["外"]).catalog.count()[0] == 1 and opened.seen_by(["内"]).catalog.count()[0] == 3


def test_the_same_file_may_be_in_two_collections_and_not_twice_in_one(tmp_path):
    one, two = write(tmp_path / "one", OPEN), write(tmp_path / "two", OPEN)
    store = filled(tmp_path, "s", (one, None), (two, "密"), (write(tmp_path / "three", OPEN), "密"))
    with open_store(store) as opened:
        assert sorted(e.source.collection for e in opened.catalog.entries()) == ["", "", "密", "密"]


def test_a_store_of_the_last_format_is_read_as_it_is_and_upgraded_by_writing(tmp_path):
    docs = write(tmp_path / "docs", OPEN)
    folder = filled(tmp_path, "s", (docs, None))
    with sqlite3.connect(folder / "catalog.sqlite3") as db:
        db.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
        db.execute("UPDATE documents SET source = json_remove(source, '$.collection')")
    with open_store(folder) as store:
        assert store.seen_by([""]).catalog.count()[0] == 2 and store.seen_by(["x"]).catalog.count() == (0, 0)
    calls = EMBEDDER.calls
    filled(tmp_path, "s", (docs, None))
    with open_store(folder) as store:
        assert store.catalog.get_meta("format") == "3" and EMBEDDER.calls == calls


def test_a_store_of_the_last_format_is_upgraded_when_a_server_writes_to_it(tmp_path):
    folder = filled(tmp_path, "s", (write(tmp_path / "docs", OPEN), None))
    with sqlite3.connect(folder / "catalog.sqlite3") as db:
        db.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    with reading(folder) as store:
        engine = Engine(store, EMBEDDER)
        assert store.catalog.get_meta("format") == "2"
        engine.ingest([write(tmp_path / "more", SECRET)], collection="密")
        assert store.catalog.get_meta("format") == "3"


def test_the_command_line_names_a_collection(tmp_path, capsys):
    docs = write(tmp_path / "docs", {"a.md": OPEN["甘肃.md"]})
    assert main(["ingest", docs, "--collection", " 内部 ", "--store", str(tmp_path / "s"), "--json"]) == 0
    capsys.readouterr()
    assert main(["docs", "list", "--json", "--store", str(tmp_path / "s")]) == 0
    assert json.loads(capsys.readouterr().out)[0]["collection"] == "内部"
    assert main(["ingest", docs, "--collection", "甲，乙", "--store", str(tmp_path / "s")]) == 2


@pytest.mark.parametrize("name", ["甲,乙", "a\nb、", "x" * 61, "\u202eabc"])
def test_what_is_no_name_is_refused(name):
    from ingest.collections import as_collection

    with pytest.raises(InputError):
        as_collection(name)


def test_many_hidden_chunks_do_not_crowd_out_what_is_seen(tmp_path, monkeypatch):
    import ingest.seen

    monkeypatch.setattr(ingest.seen, "FEW", 0)
    many = {
        f"{n}.md": f"# 第{n}号内部文件\n\n"
        + "\n\n".join(f"第{i}条 机架{n * 50 + i}万个。" + "算力" * 200 for i in range(6))
        for n in range(30)
    }
    folder = filled(tmp_path, "s", (write(tmp_path / "many", many), "密"), (write(tmp_path / "open", OPEN), None))
    with reading(folder) as store:
        view = store.seen_by([""])
        near = view.nearest(EMBEDDER.embed_queries(["贵州规划机架"])[0], 10)
        assert {i for i, _ in near} == set(view.catalog.all_ids()) and len(near) < 10


def archive_of(place, *told, sidecars=()):
    """An archive of documents, each with the collection that it states; of some it stands in a sidecar beside them."""
    with zipfile.ZipFile(place, "w") as file:
        for number, collection in enumerate(told):
            body = f"# 第{number}号办法\n\n第{number}号办法规划机架{number + 3}万个。\n"
            if number in sidecars:
                file.writestr(f"{number}.md.yaml", f"集合: {collection}\n发文机关: 某省数据局\n")
            elif collection:
                body = f"---\ncollection: {collection}\n---\n{body}"
            file.writestr(f"{number}.md", body)
    return str(place)


def test_each_document_of_a_new_archive_goes_where_it_says(tmp_path):
    given = archive_of(tmp_path / "一.zip", "甲", "乙", "", "丙", sidecars=(3,))
    store = filled(tmp_path, "s", (given, None))
    said = {"第0号办法": "甲", "第1号办法": "乙", "第2号办法": "", "第3号办法": "丙"}
    assert collections(store) == said
    with reading(store) as opened:
        assert [e.source.issuer for e in opened.catalog.entries()][-1:] == ["某省数据局"]
    filled(tmp_path, "s", (archive_of(tmp_path / "一.zip", "甲", "公共", "密", "乙", "丙", "丁", sidecars=(1,)), None))
    after = collections(store)  # what was indexed stays; a new one goes where it says only where the file's others are
    assert {title: after[title] for title in said} == {**said, "第2号办法": "密", "第3号办法": "丙"}
    assert after["第4号办法"] == "丙" and after["第5号办法"] in {"甲", "乙", "丙"}


def test_an_archive_that_was_cut_off_goes_on_as_a_new_one(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.batch.BATCH_DOCUMENTS", 1)
    given = archive_of(tmp_path / "一.zip", "甲", "乙", "丙", "丁")

    def cut(done, total):
        if EMBEDDER.calls - before > 1:
            raise KeyboardInterrupt

    before = EMBEDDER.calls
    with (
        open_store(tmp_path / "s", EMBEDDER.name, EMBEDDER.dimension, writable=True) as store,
        contextlib.suppress(KeyboardInterrupt),
    ):
        ingest_paths([given], store, EMBEDDER, on_embedded=cut)
    assert 0 < len(collections(tmp_path / "s")) < 4
    filled(tmp_path, "s", (given, None))
    assert [where for _, where in sorted(collections(tmp_path / "s").items())] == ["甲", "乙", "丙", "丁"]
