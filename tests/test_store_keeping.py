"""Backup, restore, verify, export, import and upgrade of a real store."""

import io
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing

import pytest
from chroma_server import ChromaServer
from small_embedder import SmallEmbedder

from app.access import sessions
from app.access.accounts import add
from app.access.ledger import Ledger
from app.build import open_engine
from app.cli import main
from app.settings import Settings
from ingest.backup import backup, restore, verify_backup
from ingest.checking import check_store
from ingest.errors import StoreError
from ingest.pipeline import ingest_paths
from ingest.portable import described, export, import_into
from ingest.store import FORMAT, open_store
from ingest.upgrade import format_of, upgrade

QUESTION = "贵州的数据中心规划了多少个机架"


def answer(store):
    with open_engine(Settings(store=store)) as engine:
        told = engine.ask(QUESTION).to_json()
    assert told.pop("timings_ms") and told["citations"]
    return told


def fingerprint(store):
    with open_store(store) as opened:
        return opened.catalog.fingerprint()


def content(store, cache=None):
    """Texts of the documents, and vectors and texts of the chunks, by their ids."""
    with open_store(store, cache=cache) as opened:
        texts = {entry.id: opened.catalog.document(entry.id).text for entry in opened.catalog.entries()}
        rows = opened.vectors(sorted(opened.catalog.chunk_ids()))
    return texts, {key: (vector.round(5).tolist(), text) for key, (vector, text) in rows.items()}


@pytest.fixture
def store(tmp_path, sample_store):
    shutil.copytree(sample_store, tmp_path / "here" / "store")
    return tmp_path / "here" / "store"


@pytest.fixture(scope="module")
def parcel(tmp_path_factory, sample_store):
    folder = tmp_path_factory.mktemp("backup")
    shutil.copytree(sample_store, folder / "store")
    (folder / "library" / ".incoming").mkdir(parents=True)
    (folder / "library" / ".incoming" / "half").write_text("half")
    (folder / "library" / "a.txt").write_text("甲")
    with closing(sqlite3.connect(folder / "history.sqlite3", isolation_level=None)) as book:
        book.execute("PRAGMA journal_mode = WAL")
        book.execute("CREATE TABLE said(what)")
        book.execute("INSERT INTO said VALUES ('never checkpointed')")
        others = {"library": folder / "library", "history": folder / "history.sqlite3", "accounts": folder / "none"}
        with open_store(folder / "store"):  # as a server has it
            made = backup(folder / "store", others, folder / "b.tar", "1")
    assert sorted(made.manifest["others"]) == ["history", "library"]
    assert (folder / "b.tar").stat().st_mode & 0o077 == 0
    return folder / "b.tar"


class TestBackup:
    def test_a_restored_store_answers_alike(self, parcel, tmp_path, sample_store):
        place = tmp_path / "new" / "store"
        others = {"library": tmp_path / "new" / "library", "history": tmp_path / "new" / "history.sqlite3"}
        done = restore(parcel, place, others)
        assert done.placed == (place, *others.values()) and not done.kept and not done.left
        assert answer(place) == answer(sample_store)
        assert (others["library"] / "a.txt").read_text() == "甲" and not (others["library"] / ".incoming").exists()
        with closing(sqlite3.connect(others["history"])) as book:
            assert book.execute("SELECT what FROM said").fetchall() == [("never checkpointed",)]

    def test_what_was_there_is_kept_beside(self, parcel, store):
        with open_store(store) as opened:
            gone = opened.catalog.entries()[0].id
        model, size = _model(store)
        with open_store(store, model, size, writable=True) as opened:
            opened.remove(gone)
        library = store.parent / "library"
        library.mkdir()
        (library / "b.txt").write_text("乙")
        done = restore(parcel, store, {"library": library})
        assert done.left == (library,) and (library / "b.txt").exists()
        (aside,) = done.kept
        with open_store(aside) as old, open_store(store) as new:
            assert (old.catalog.count()[0], new.catalog.count()[0]) == (15, 16)
        again = restore(parcel, store, {"library": library}, replace=True)
        assert library in again.placed and not (library / "b.txt").exists() and len(again.kept) == 2

    def test_a_store_in_use_is_not_replaced(self, parcel, store):
        with open_store(store), pytest.raises(StoreError, match="正被另一进程使用"):
            restore(parcel, store, {})
        assert sorted(path.name for path in store.parent.iterdir()) == ["store"]

    @pytest.mark.parametrize("harm", ["cut", "byte", "missing", "outside", "link", "none", "other", "newer", "empty"])
    def test_a_damaged_backup_is_refused_and_nothing_changes(self, parcel, store, tmp_path, harm, capsys):
        before = fingerprint(store)
        bad = tmp_path / "bad.tar"
        _harm(parcel, bad, harm)
        assert main(["store", "restore", str(bad), "--store", str(store)]) == 2
        told = capsys.readouterr().err
        assert told.startswith("错误：") and told.count("\n") == 1 and "Traceback" not in told
        assert fingerprint(store) == before
        assert sorted(path.name for path in store.parent.iterdir()) == ["store"]
        assert not (tmp_path / "evil").exists()

    def test_a_database_under_any_name_is_copied_whole(self, store, tmp_path):
        accounts = tmp_path / "accounts"
        with closing(sqlite3.connect(accounts, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE accounts(name)")
            db.execute("INSERT INTO accounts VALUES ('never checkpointed')")
            backup(store, {"accounts": accounts}, tmp_path / "b.tar", "1")
        restore(tmp_path / "b.tar", tmp_path / "new" / "store", {"accounts": tmp_path / "new" / "accounts"})
        with closing(sqlite3.connect(tmp_path / "new" / "accounts")) as db:
            assert db.execute("SELECT name FROM accounts").fetchall() == [("never checkpointed",)]

    def test_what_lies_in_the_library_is_copied_as_it_is(self, store, tmp_path, capsys, monkeypatch):
        library = tmp_path / "library"
        library.mkdir()
        strange = {
            "坏.sqlite3": b"SQLite format 3\0 and no more", "catalog.sqlite3": b"SQLite format 3\0",
            "表.db-wal": b"x", "owner.json": b'[{"title": "x"}]', "lock": b"x",
        }  # fmt: skip
        for name, data in strange.items():
            (library / name).write_bytes(data)
        with closing(sqlite3.connect(library / "好.sqlite3", isolation_level=None)) as db:
            db.execute("CREATE TABLE a(b)")
        strange["好.sqlite3"] = (library / "好.sqlite3").read_bytes()
        monkeypatch.setenv("POLICYQA_LIBRARY", str(library))
        monkeypatch.setenv("POLICYQA_HISTORY", str(tmp_path / "history.sqlite3"))
        assert main(["store", "backup", str(tmp_path / "b.tar"), "--store", str(store)]) == 0
        assert main(["store", "restore", str(tmp_path / "b.tar"), "--store", str(store), "--all"]) == 0
        assert {path.name: path.read_bytes() for path in library.iterdir()} == strange
        for path in library.iterdir():
            if path.name != "owner.json":
                path.unlink()
        assert restore(tmp_path / "b.tar", store, {"library": library}).left == (library,)  # a document, not a lock

    def test_sessions_are_not_in_a_backup(self, store, tmp_path, monkeypatch):
        accounts = tmp_path / "accounts"
        for name, value in (("ACCOUNTS", str(accounts)), ("LIBRARY", "off"), ("HISTORY", "off")):
            monkeypatch.setenv(f"POLICYQA_{name}", value)
        with closing(Ledger(accounts)) as ledger:
            add(ledger, "chen", "a long password 1", "reader", None)
            token = sessions.begin(ledger, "chen", "")
            assert main(["store", "backup", str(tmp_path / "b"), "--store", str(store)]) == 0
            assert sessions.account_of(ledger, token)  # the one in use keeps them
        (digest,) = rows(accounts, "SELECT token FROM sessions")
        assert main(["store", "restore", str(tmp_path / "b"), "--all", "--store", str(store)]) == 0
        assert (
            rows(accounts, "SELECT name FROM accounts") == ["chen"] and rows(accounts, "SELECT * FROM sessions") == []
        )
        assert digest.encode() not in accounts.read_bytes()

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
    @pytest.mark.parametrize("form", ["b", "b.tar"])
    def test_only_the_owner_reads_a_backup_and_what_it_restores(self, store, tmp_path, form):
        names = {"accounts": "accounts.sqlite3", "history": "history"}
        _database(tmp_path / "accounts.sqlite3", "CREATE TABLE accounts(name)")
        (tmp_path / "history").write_text("no database")
        for file in names.values():
            (tmp_path / file).chmod(0o644)
        backup(store, {name: tmp_path / file for name, file in names.items()}, tmp_path / form, "1")
        made = [tmp_path / form, *(tmp_path / form).rglob("*.*")]
        restore(tmp_path / form, tmp_path / "new" / "store", {n: tmp_path / "new" / f for n, f in names.items()})
        made += [tmp_path / "new" / file for file in names.values()] + [*(tmp_path / "new" / "store").rglob("*.*")]
        assert len(made) > 5 and [path for path in made if path.is_file() and path.stat().st_mode & 0o077] == []
        assert (tmp_path / form).stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("where", ["{there}", "../../../there", ".."])
    def test_a_manifest_that_names_another_file_moves_none(self, parcel, tmp_path, where):
        (tmp_path / "there").write_text("mine")
        names = {"history": where.format(there=tmp_path / "there"), "library": "library"}
        _rewritten(parcel, tmp_path / "b.tar", others=names)
        place = tmp_path / "new" / "history.sqlite3"
        restore(tmp_path / "b.tar", tmp_path / "new" / "store", {"history": place})
        assert (tmp_path / "there").read_text() == "mine"
        assert not place.is_file() and (place / "history.sqlite3").is_file()  # what the backup has under that name

    @pytest.mark.parametrize(
        "facts",
        [{"others": None}, {"others": ["history"]}, {"others": {"history": 7}}, {"others": {"history": "..\\x"}},
         {"made": None}, {"made": 7}, {"files": ["a"]}, {"files": {"store/catalog.sqlite3": 7}}],
    )  # fmt: skip
    def test_a_manifest_of_another_shape_is_refused_in_one_line(self, parcel, tmp_path, facts, capsys):
        _rewritten(parcel, tmp_path / "b.tar", **facts)
        for action in ("restore", "verify"):
            assert main(["store", action, str(tmp_path / "b.tar"), "--store", str(tmp_path / "store")]) == 2
            told = capsys.readouterr().err
            assert "已损坏" in told and told.count("\n") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]

    def test_what_is_broken_is_not_backed_up(self, store, tmp_path):
        with closing(sqlite3.connect(store / "catalog.sqlite3")) as db, db:
            db.execute("DELETE FROM words WHERE rowid = (SELECT min(number) FROM chunks)")
        with pytest.raises(StoreError, match="不在词索引中"):
            backup(store, {}, tmp_path / "b.tar", "1")
        assert not list(tmp_path.glob("*.tar"))

    def test_a_full_disk_is_said_to_be_the_backups(self, store, tmp_path, monkeypatch):
        def full(*_):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        monkeypatch.setattr("ingest.backup._copy_database", full)
        with pytest.raises(StoreError, match="放不下备份") as said:
            backup(store, {}, tmp_path / "b.tar", "test")
        assert "store verify" not in said.value.hint and not (tmp_path / "b.tar").exists()

    def test_verify_looks_into_a_backup(self, parcel, tmp_path):
        looked = verify_backup(parcel, tmp_path / "x")
        assert looked.checked.whole and looked.checked.documents == 16 and not list(tmp_path.iterdir())


def _model(store):
    with open_store(store) as opened:
        return opened.catalog.get_meta("model"), int(opened.catalog.get_meta("dimension"))


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute(query)]


def _database(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def _rewritten(parcel, bad, **facts):
    """A copy with other facts in its manifest; None takes one out."""
    with tarfile.open(parcel) as old, tarfile.open(bad, "w") as new:
        for member in old:
            content = old.extractfile(member).read()
            if member.name == "manifest.json":
                made = {**json.loads(content), **facts}
                content = json.dumps({name: fact for name, fact in made.items() if fact is not None}).encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))


def _harm(parcel, bad, harm):
    data = parcel.read_bytes()
    if harm in {"cut", "byte", "none", "empty"}:
        at = data.index(b"SQLite format 3") + 5000
        pieces = {"cut": data[: len(data) // 2], "byte": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
                  "none": b"no tar at all" * 100, "empty": b""}  # fmt: skip
        bad.write_bytes(pieces[harm])
        return
    with tarfile.open(parcel) as old, tarfile.open(bad, "w") as new:
        for member in old:
            content = old.extractfile(member).read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                if harm == "outside":
                    manifest["files"]["../evil"] = {"size": 1, "sha256": "x"}
                if harm == "other":
                    manifest["kind"] = "something"
                if harm == "newer":
                    manifest["format"] = "99"
                content = json.dumps(manifest).encode()
            elif harm == "missing" and member.name.endswith(".bin"):
                continue
            elif harm == "link" and member.name.endswith("chroma.sqlite3"):
                link = tarfile.TarInfo(member.name)
                link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
                new.addfile(link)
                continue
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))


class TestVerify:
    def test_what_is_missing_is_found(self, store):
        model, size = _model(store)
        with open_store(store, model, size, writable=True) as opened:
            ids = sorted(opened.catalog.chunk_ids())
            opened._forget(ids[:1])
            with closing(sqlite3.connect(opened.catalog_file)) as db, db:
                db.execute("UPDATE chunks SET text = '别的' WHERE id = ?", (ids[1],))
                db.execute("UPDATE documents SET chunks = chunks + 1 WHERE id = (SELECT min(id) FROM documents)")
            found = check_store(opened)
        told = " ".join(found.problems)
        assert f"段 {ids[0]} 没有向量" in told and f"段 {ids[1]} 与文档原文不符" in told and "段数不对" in told
        assert found.originals == {"same": 16}

    def test_the_command_says_so(self, store, capsys):
        assert main(["store", "verify", "--store", str(store), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["whole"] is True
        with closing(sqlite3.connect(store / "catalog.sqlite3")) as db, db:
            db.execute("DELETE FROM words WHERE rowid = (SELECT min(number) FROM chunks)")
        assert main(["store", "verify", "--store", str(store)]) == 2
        assert "有 1 处问题" in capsys.readouterr().out


class TestExport:
    def test_an_import_moves_no_known_document_to_another_collection(self, tmp_path):
        embedder, docs = SmallEmbedder(), tmp_path / "docs"
        docs.mkdir()

        def ingested(rate, collection):
            for name in ("甲", "乙"):
                text = f"# {name}省算力券办法\n\n第一条 {name}省补贴比例为合同金额的{rate}。\n"
                (docs / f"{name}.md").write_text(text, encoding="utf-8")
            with open_store(tmp_path / "s", embedder.name, embedder.dimension, writable=True) as store:
                ingest_paths([str(docs)], store, embedder, collection=collection)
                export(store, tmp_path / f"{rate}.tar.gz", originals=False)
                if collection:
                    store.remove(next(e.id for e in store.catalog.entries() if e.source.title.startswith("乙")))

        ingested("20%", None)
        ingested("37%", "密")
        with open_store(tmp_path / "s", embedder.name, embedder.dimension, writable=True) as store:
            assert import_into(store, tmp_path / "20%.tar.gz", tmp_path / "x") == (2, 0)
            held = {
                e.source.title[0]: (e.source.collection, store.catalog.document(e.id)) for e in store.catalog.entries()
            }
        assert held["甲"][0] == held["甲"][1].source.collection == "密" and "20%" in held["甲"][1].text
        assert held["乙"][0] == ""

    def test_into_a_folder_and_a_chroma_server(self, sample_store, tmp_path):
        with open_store(sample_store) as opened:
            export(opened, tmp_path / "e.tar.gz")
            export(opened, tmp_path / "e", originals=False)
        chunks = [json.loads(line) for line in (tmp_path / "e" / "chunks.jsonl").read_text("utf-8").splitlines()]
        documents = [json.loads(line) for line in (tmp_path / "e" / "documents.jsonl").read_text("utf-8").splitlines()]
        texts = {row["id"]: row["text"] for row in documents}
        sentence = chunks[0]["sentences"][0]
        assert sentence["text"] == texts[chunks[0]["doc_id"]][sentence["start"] : sentence["end"]]
        server = ChromaServer(tmp_path / "chroma").start()
        try:
            made = described(tmp_path / "e.tar.gz")
            for place in (tmp_path / "again", server.url):
                cache = tmp_path / "cache"
                opened = open_store(place, made["model"], int(made["dimension"]), writable=True, cache=cache)
                with opened as store:
                    assert import_into(store, tmp_path / "e.tar.gz", tmp_path / "x", tmp_path / "files") == (16, 0)
                    assert import_into(store, tmp_path / "e", tmp_path / "x") == (0, 16)
                    found = check_store(store, originals=False)
                    assert (found.whole, found.documents, found.vectors) == (True, 16, len(chunks))
                assert content(place, cache) == content(sample_store)
            with open_store(
                server.url, cache=tmp_path / "another"
            ) as store:  # and out of the server, by who did not write it
                made = export(store, tmp_path / "back.tar.gz")
                assert (made["format"], made["dimension"], made["chunks"]) == (FORMAT, "384", len(chunks))
                assert (check_store(store).format, described(tmp_path / "back.tar.gz")["documents"]) == (FORMAT, 16)
            assert fingerprint(tmp_path / "again") == fingerprint(sample_store)
            assert answer(tmp_path / "again") == answer(sample_store)
        finally:
            server.stop()
        assert len([path for path in (tmp_path / "files").rglob("*") if path.suffix == ".md"]) == 16


def _as_format_1(store):
    """The catalogue as the first release laid it out."""
    with closing(sqlite3.connect(store / "catalog.sqlite3", isolation_level=None)) as db:
        db.executescript("""
            CREATE TABLE old(id TEXT PRIMARY KEY, key TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL,
                pipeline INTEGER NOT NULL, source TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL,
                chunks INTEGER NOT NULL, added TEXT NOT NULL);
            INSERT INTO old SELECT id, key, json_extract(source, '$.sha256'), 1, source, blocks, text, chunks, added
                FROM documents;
            DROP TABLE documents; ALTER TABLE old RENAME TO documents;
            CREATE INDEX documents_sha256 ON documents(sha256);
            DROP TABLE files; DROP TABLE tokens; DELETE FROM meta WHERE key IN ('relations', 'chunk_size');
            UPDATE meta SET value = '1' WHERE key = 'format';
        """)


class TestUpgrade:
    def test_the_first_releases_store_answers_again(self, store, capsys):
        _as_format_1(store)
        assert main(["ask", QUESTION, "--store", str(store)]) == 2
        assert "policyqa store upgrade" in capsys.readouterr().err
        assert main(["store", "upgrade", "--store", str(store), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["passed"][-1] == FORMAT == format_of(store)
        assert answer(store)["abstained"] is False
        assert main(["store", "verify", "--store", str(store)]) == 0
        (kept,) = store.parent.glob("*.tar")
        restore(kept, store.parent / "old", {})
        assert format_of(store.parent / "old") == "1"
        assert upgrade(store, before=lambda: pytest.fail("nothing to do")) == []

    def test_a_newer_store_is_refused(self, store, capsys):
        with closing(sqlite3.connect(store / "catalog.sqlite3")) as db, db:
            db.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
        for command in (["store", "upgrade"], ["ask", QUESTION], ["store", "verify"]):
            assert main([*command, "--store", str(store)]) == 2
            told = capsys.readouterr().err
            assert "格式版本是 99" in told and "升级 policyqa" in told and told.count("\n") == 1

    def test_a_failed_upgrade_leaves_the_store_as_it_was(self, store, monkeypatch):
        _as_format_1(store)

        def fails(db):
            db.execute("DROP TABLE documents")
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr("ingest.upgrade.STEPS", {"1": fails})
        with pytest.raises(StoreError, match="原索引没有改动"):
            upgrade(store, before=lambda: None)
        assert format_of(store) == "1" and not list(store.glob("*.new"))
