"""semantic_cache/decision/window.py: the newest rows as one array, whatever came before."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.window import Window


@pytest.mark.parametrize("most", [1, 3, 64, 100, 200])
def test_it_shows_the_newest_rows_in_order(most: int) -> None:
    window, wanted = Window(most, 3), []
    assert len(window) == 0
    assert window.rows.shape == (0, 3)
    for at in range(5 * most + 7):
        window.append(np.array([at, -at]), 0.5)
        wanted = [*wanted, [at, -at, 0.5]][-most:]
        assert window.rows.tolist() == wanted
        assert len(window) == len(wanted)


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError):
        Window(4, 2).append(np.zeros(3))
