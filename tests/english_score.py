"""English questions on Chinese texts: how often the right document and sentence are among the first five hits.

Run: python -m tests.english_score STORE [-v], STORE a store of the official texts. A row of data/english.tsv is a question, a part
of the right document's title (| between those of the same text) and words that the right passage holds.
"""

import sys
from pathlib import Path

from app.build import open_engine
from app.settings import Settings


def main() -> None:
    lines = (Path(__file__).parent / "data" / "english.tsv").read_text(encoding="utf-8").splitlines()
    first = document = sentence = 0
    with open_engine(Settings(store=Path(sys.argv[1]))) as engine:
        for question, title, words in (line.split("\t") for line in lines):
            hits = engine.search(question, 5)
            right = [any(part in hit.source.title for part in title.split("|")) for hit in hits]
            held = any(ok and words in hit.chunk.text for ok, hit in zip(right, hits, strict=True))
            first, document, sentence = first + right[0], document + any(right), sentence + held
            if "-v" in sys.argv and not held:
                print(question, [hit.source.title[:24] for hit in hits])
    n = len(lines)
    print(f"n={n} document@1 {first / n:.3f} document@5 {document / n:.3f} sentence@5 {sentence / n:.3f}")


if __name__ == "__main__":
    main()
