import pytest

from app.understanding.quantities import english_figures
from eval.quantities import stated_quantities


@pytest.mark.parametrize(
    ("text", "comparator"),
    [("no more than 30%", "至多"), ("not less than 30%", "至少"), ("more than 30%", "超"), ("nearly 30%", "近")],
)
def test_a_negated_comparator_is_its_opposite(text, comparator):
    assert [f.comparator for f in english_figures(text)] == [comparator]
    assert [q.comparator for q in stated_quantities(text)] == [comparator]
