"""Posting lists in memory rank as FTS5 does, within regions too, and see what is written after them."""

import random
import sqlite3

import numpy as np
import pytest

from ingest.postings import Postings

VOCABULARY = [f"词{n}" for n in range(30)]


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(
        """CREATE TABLE chunk_regions(region TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(region, number)) WITHOUT ROWID;
        CREATE VIRTUAL TABLE words USING fts5(body, tokenize="unicode61 remove_diacritics 0 tokenchars '.'");"""
    )
    dice = random.Random(4)
    for number in range(5, 305):  # numbers need not begin at 1, nor be without gaps
        if number % 7:
            weights = [1 / (1 + n) for n in range(30)]
            body = " ".join(dice.choices(VOCABULARY, weights, k=dice.randint(1, 200)))
            db.execute("INSERT INTO words(rowid, body) VALUES (?, ?)", (number, body))
            db.execute("INSERT INTO chunk_regions VALUES (?, ?)", (f"r{number % 3}", number))
    yield db
    db.close()


def by_fts5(db, words, k):
    query = " OR ".join(f'"{word}"' for word in words)
    rows = db.execute("SELECT rowid, -bm25(words) AS s FROM words WHERE words MATCH ? ORDER BY s DESC, rowid", (query,))
    return rows.fetchall()[:k]


@pytest.mark.parametrize("words", [["词3"], ["词0", "词29"], ["词5", "词17", "词23", "词5"], VOCABULARY])
def test_scores_are_those_of_fts5(db, words):
    found, expected = Postings(db).search(words, 20), by_fts5(db, dict.fromkeys(words), 20)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-4, abs=1e-5)
    assert len({number for number, _ in found} & {number for number, _ in expected}) >= 19  # ties may fall otherwise


def test_within_a_region_only_its_chunks_are_ranked(db):
    postings = Postings(db)
    own = postings.about(["r1"])
    found = postings.search(["词1", "词12"], 500, own)
    everyone = dict(postings.search(["词1", "词12"], 500))
    assert found and dict(found) == {n: score for n, score in everyone.items() if n % 3 == 1}
    assert list(postings.about(["r1", "r2", "r9"])) == sorted(n for n in range(5, 305) if n % 7 and n % 3)
    assert postings.about([]).size == postings.about(["r9"]).size == 0


def test_words_that_stand_nowhere_and_an_empty_index(db):
    assert Postings(db).search(["无此词", "' OR", ""], 5) == []
    assert Postings(db).frequencies(["词0", "无此词"]).keys() == {"词0"}
    db.execute("DELETE FROM words")
    assert Postings(db).search(["词0"], 5) == []


def test_what_is_written_later_is_found(db):
    postings = Postings(db)
    postings.search(["词1"], 3), postings.about(["r1"]), postings.region_counts()
    db.execute("INSERT INTO words(rowid, body) VALUES (9999, '新词 词1')")
    db.execute("INSERT INTO chunk_regions VALUES ('r1', 9999)")
    assert [number for number, _ in postings.search(["新词"], 3)] == [9999]
    assert 9999 in postings.about(["r1"]) and np.isin(9999, [n for n, _ in postings.search(["词1"], 999)])


def test_lists_beyond_the_bound_are_let_go(db, monkeypatch):
    monkeypatch.setattr("ingest.postings.KEPT", 400)
    postings = Postings(db)
    expected = postings.search(VOCABULARY, 10)
    assert sum(len(held.numbers) for held in postings._words.values()) <= 400 and len(postings._words) < 30
    assert postings.search(VOCABULARY, 10) == expected
