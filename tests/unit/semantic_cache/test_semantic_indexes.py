"""The indexes against the brute-force one, the change of form, and the roster behind them."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Index, Vector
from halfpenny.semantic_cache.indexes import load_index
from halfpenny.semantic_cache.indexes.brute_force import BruteForceIndex
from halfpenny.semantic_cache.indexes.faiss import FaissIndex
from halfpenny.semantic_cache.indexes.kmeans import centroids, nearest_of, probes_needed
from halfpenny.semantic_cache.indexes.rows import Rows, pack, unpack
from halfpenny.semantic_cache.indexes.upkeep import StoppedError, Table, Upkept
from halfpenny.semantic_cache.roster import Roster

DIMENSIONS = 32


def unit(count: int, seed: int = 0, dimensions: int = DIMENSIONS) -> Vector:
    """Unit vectors in 40 loose groups, as prompts lie."""
    numbers = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, dimensions))
    vectors = centres[numbers.integers(0, 40, count)] + numbers.normal(size=(count, dimensions))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def never() -> bool:
    return False


def tend(index: Index) -> int:
    """All upkeep that is due; how many chores."""
    assert isinstance(index, Upkept)
    count = 0
    while (chore := index.chore()) is not None:
        chore.work(never)
        chore.finish(None)
        count += 1
    return count


MAKERS: dict[str, Callable[[int], Index]] = {
    "brute_force": lambda d: load_index("brute_force", d),
    "faiss, flat": lambda d: load_index("faiss", d),
    "faiss, lists": lambda d: FaissIndex(d, flat_most=200),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_every_index_agrees_with_comparing_all(maker: str) -> None:
    """A random life of additions, replacements and removals, upkeep in between, checked at every step."""
    index, reference = MAKERS[maker](DIMENSIONS), BruteForceIndex(DIMENSIONS)
    vectors, chance, held = unit(4000), random.Random(1), 0
    alive: list[int] = []
    found_first = asked = 0
    for step in range(120):
        if step % 3 == 2 and alive:
            gone = chance.sample(alive, len(alive) // 8 + 1)
            alive = [one for one in alive if one not in set(gone)]
            for one in (index, reference):
                one.remove(np.array(gone, dtype=np.int64))
        elif step % 10 == 1 and alive:
            again = np.array(chance.sample(alive, 3), dtype=np.int64)
            for one in (index, reference):
                one.add(again, vectors[again + 1])
        else:
            ids = np.arange(held, held + 20)
            held += 20
            alive.extend(ids.tolist())
            for one in (index, reference):
                one.add(ids, vectors[ids])
        if isinstance(index, Upkept) and step % 4 == 0:
            chore = index.chore()
            if chore is not None:
                chore.work(never)
                chore.finish(None)
        assert len(index) == len(reference) == len(alive)
        query = vectors[2000 + step]
        found, expected = index.search(query, 5), reference.search(query, 5)
        assert len(found) == len(expected)
        assert {i for i, _ in found} <= set(alive)
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
        cosines = dict(reference.search(query, len(reference)))
        for i, cosine in found:
            assert cosine == pytest.approx(cosines[i], abs=0.02)
        asked += 1
        found_first += found[0][1] >= expected[0][1] - 0.02
    assert found_first / asked >= 0.97


def test_empty_and_odd_questions() -> None:
    index = load_index("faiss", DIMENSIONS)
    assert index.search(unit(1)[0], 3) == []
    index.add(np.empty(0, dtype=np.int64), np.empty((0, DIMENSIONS), dtype=np.float32))
    index.remove(np.array([5]))
    assert len(index) == 0
    index.add(np.array([7]), unit(1))
    assert index.search(unit(1)[0], 0) == []
    assert [i for i, _ in index.search(unit(1)[0], 10)] == [7]
    assert index.search(unit(1)[0], 1)[0][1] <= 1.0
    with pytest.raises(ValueError, match="shape"):
        index.add(np.array([8]), unit(1)[:, :5])
    with pytest.raises(ValueError, match="unknown index"):
        load_index("nothing", DIMENSIONS)


def test_it_changes_form_when_it_has_grown_and_again_later() -> None:
    index = FaissIndex(DIMENSIONS, flat_most=300)
    vectors = unit(6000)
    index.add(np.arange(299), vectors[:299])
    assert tend(index) == 0
    assert repr(index) == "flat 299"
    index.add(np.arange(299, 400), vectors[299:400])
    assert tend(index) == 3  # train, enter, give memory back
    first = repr(index)
    assert first.startswith("lists 400/")
    index.add(np.arange(400, 1199), vectors[400:1199])
    assert tend(index) == 0, "grown less than three times"
    index.add(np.arange(1199, 6000), vectors[1199:])
    assert tend(index) > 3
    assert repr(index).startswith("lists 6000/")
    assert int(repr(index).split("/")[1].split("x")[0]) > int(first.split("/")[1].split("x")[0])
    reference = BruteForceIndex(DIMENSIONS)
    reference.add(np.arange(6000), vectors)
    queries = unit(300, seed=5)
    near = [index.search(q, 1)[0][1] >= reference.search(q, 1)[0][1] - 0.02 for q in queries]
    assert np.mean(near) >= 0.98


def test_nothing_is_missed_or_revived_while_rows_are_entered_anew() -> None:
    index = FaissIndex(DIMENSIONS, flat_most=100)
    vectors = unit(16_000)
    index.add(np.arange(5000), vectors[:5000])
    train = index.chore()
    assert train is not None
    assert index.chore() is None, "one at a time"
    train.work(never)
    index.remove(np.array([7]))
    train.finish(None)
    enter = index.chore()
    assert enter is not None
    enter.work(never)
    # between the copies and their arrival: one of the copies goes, one is replaced, others arrive
    index.remove(np.array([3999]))
    index.add(np.array([3998]), vectors[8000:8001])
    index.add(np.arange(5000, 5100), vectors[5000:5100])
    enter.finish(None)
    assert repr(index) == "flat 5098, 4096 entered anew"

    def check() -> None:
        assert len(index) == 5098
        assert {7, 3999}.isdisjoint(i for n in (7, 3999) for i, _ in index.search(vectors[n], 9))
        assert [i for i, _ in index.search(vectors[8000], 3)].count(3998) == 1
        assert 3998 not in [i for i, _ in index.search(vectors[3998], 3)]
        for number in (0, 2500, 4990, 5050):
            found = [i for i, _ in index.search(vectors[number], 9)]
            assert found[0] == number
            assert len(found) == len(set(found))

    check()
    tend(index)
    assert repr(index).startswith("lists 5098/")
    check()
    # the same again, from lists to lists, with rows that were freed and used anew in between
    index.add(np.arange(5100, 5103), vectors[5100:5103])
    index.remove(np.arange(5100, 5103))
    check()
    index.add(np.arange(5100, 16_000), vectors[5100:])
    train = index.chore()
    assert train is not None
    train.work(never)
    train.finish(None)
    assert repr(index).endswith("0 entered anew")
    index.remove(np.arange(5100, 16_000))
    check()
    tend(index)
    check()


def test_freed_rows_are_used_again() -> None:
    rows, vectors = Rows(DIMENSIONS), unit(30)
    assert rows.add(np.arange(20), pack(vectors[:20])).tolist() == list(range(20))
    assert sorted(rows.free(np.array([3, 5, 99]))) == [3, 5]
    assert len(rows) == 18
    assert rows.add(np.array([20]), pack(vectors[20:21]), reuse=False).tolist() == [20]
    assert sorted(rows.add(np.array([21, 22, 23]), pack(vectors[21:24])).tolist()) == [3, 5, 21]
    assert (len(rows), rows.end) == (22, 22)
    for number in (0, 19, 20, 21, 22, 23):
        assert rows.search(vectors[number], 1)[0].tolist() == [number]
    assert {3, 5}.isdisjoint(rows.search(vectors[3], 30)[0].tolist())
    assert rows.search_among(np.array([0, 1, 3]), vectors[0], 2)[0][0] == 0


@pytest.mark.parametrize("looked_at", [False, True])
def test_a_table_keeps_what_it_held_when_it_grows(looked_at: bool) -> None:
    table, views = Table(100, np.uint8), []
    for rows in (1, 7, 600, 700, 5000):
        held = len(table.array)
        table.grow(rows)
        table.array[held:] = np.arange(held, rows)[:, None] % 251
        assert table.array.shape == (rows, 100)
        assert (table.array == np.arange(rows)[:, None] % 251).all()
        if looked_at:
            views.append(table.array[:2])  # as a traceback would
    assert all((view == np.arange(len(view))[:, None]).all() for view in views)


def test_eight_bits_keep_a_cosine_and_a_vector() -> None:
    vectors = unit(200, dimensions=384)
    rows = Rows(384)
    rows.add(np.arange(200), pack(vectors))
    ids, cosines = rows.search(vectors[7], 200)
    assert cosines[0] == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(cosines, vectors[ids] @ vectors[7], atol=2e-3)
    assert ((unpack(pack(vectors)) * vectors).sum(axis=1) > 0.9998).all()


def test_removed_neighbours_do_not_crowd_out_the_living() -> None:
    index = FaissIndex(DIMENSIONS)
    near = unit(1) + np.random.default_rng(0).normal(0, 0.001, (60, DIMENSIONS)).astype(np.float32)
    index.add(np.arange(60), near)
    index.add(np.arange(60, 63), unit(3, seed=8))
    index.remove(np.arange(60))
    assert sorted(i for i, _ in index.search(near[0], 3)) == [60, 61, 62]


def test_upkeep_that_was_stopped_or_failed_is_tried_again_later() -> None:
    index = FaissIndex(DIMENSIONS, flat_most=100)
    index.add(np.arange(200), unit(200))
    chore = index.chore()
    assert chore is not None
    with pytest.raises(StoppedError):
        chore.work(lambda: True)
    chore.finish(StoppedError())
    assert index.chore() is None
    assert index.search(unit(200)[3], 1)[0][0] == 3
    index.add(np.arange(200, 260), unit(60, seed=2))
    assert tend(index) > 0
    assert repr(index).startswith("lists 260/")


def test_clusters_gather_what_belongs_together() -> None:
    vectors = unit(2000)
    centres = centroids(vectors, 40, rounds=8, stopped=never)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1.0, atol=1e-4)
    inside = (vectors * centres[nearest_of(vectors, centres)]).sum(axis=1).mean()
    drawn = vectors[:40]
    assert inside > (vectors * drawn[nearest_of(vectors, drawn)]).sum(axis=1).mean() + 0.03
    assert probes_needed(unit(200, seed=4), vectors, centres, share=0.99, stopped=never) < 40
    assert probes_needed(unit(200, seed=4), vectors, centres, share=0.5, stopped=never) <= 3
    # the same vector many times: clusters that attract nobody start anew and do not become NaN
    same = np.repeat(vectors[:1], 100, axis=0)
    assert np.isfinite(centroids(same, 10, rounds=3, stopped=never)).all()


def _ours(number: int) -> str:
    return f"e-{number:014x}{(number * 0x9E3779B97F4A7C15) & ((1 << 64) - 1):016x}"


def test_a_roster_keeps_what_a_dictionary_would() -> None:
    """Ids of both kinds, put, dropped and found in random order; the table is kept nearly full, so that probes meet."""
    roster, reference, chance = Roster(90), {}, random.Random(3)
    names = [_ours(n) for n in range(150)] + [f"odd-{n}" for n in range(150)] + ["", "e-" + "0" * 30, "e-" + "F" * 30]
    numbers: set[int] = set()
    for step in range(20_000):
        name = chance.choice(names)
        if name in reference:
            number, partition = reference[name]
            assert roster.find(name) == (number, partition)
            assert roster.entry_id(number) == name
            if chance.random() < 0.6:
                assert roster.drop(name) == reference.pop(name)
                assert roster.entry_id(number) is None, "a number is never given twice"
        else:
            assert roster.find(name) is None
            assert roster.drop(name) is None
            if len(reference) < 90:
                number = roster.put(name, step % 7, 1.0, float(step))
                assert number not in numbers
                numbers.add(number)
                reference[name] = (number, step % 7)
        assert len(roster) == len(reference)
    assert {name: roster.find(name) for name in names if name in reference} == reference


def test_a_full_roster_says_so() -> None:
    roster = Roster(1)
    roster.put("one", 0, 1.0, 0.0)
    with pytest.raises(ValueError, match="full"):
        roster.put("two", 0, 1.0, 0.0)
    with pytest.raises(ValueError, match="1 to"):
        Roster(0)


def test_the_least_valuable_of_many_are_found_in_a_sample() -> None:
    roster = Roster(40_000)
    for number in range(40_000):
        roster.put(_ours(number), 0, 2.0 ** (number % 20), 0.0)
    weights = [int(roster.entry_id(number)[2:16], 16) % 20 for number in roster.least(100)]  # type: ignore[index]
    assert len(weights) == 100
    assert max(weights) <= 3, "of a random sample 16 times as large the lowest sixteenth: the bottom fifth at the most"


def test_use_counts_half_after_the_half_life() -> None:
    roster = Roster(10, half_life_s=10.0)
    for name, weight, uses in (("a", 1.0, [0.0]), ("b", 1.0, [0.0, 10.0]), ("c", 2.9, [0.0]), ("d", 1.0, [20.0])):
        roster.put(name, 0, weight, uses[0])
        for at_s in uses[1:]:
            roster.touch(name, at_s)
    # at 20 s: a = 1/4, c = 2.9/4, b = 1/4 + 1/2, d = 1
    assert [roster.entry_id(number) for number in roster.least(9)] == ["a", "c", "b", "d"]


def test_looking_for_upkeep_does_not_carry_out_removals() -> None:
    """It is asked after every addition: removals are carried out many together."""
    index = FaissIndex(8)
    vectors = np.eye(8, dtype=np.float32)[np.arange(40) % 8]
    index.add(np.arange(40, dtype=np.int64), vectors)
    index.remove(np.array([3, 4], dtype=np.int64))
    assert repr(index) == "flat 40"
    index.chore()
    assert repr(index) == "flat 40"
    assert len(index) == 38
    assert repr(index) == "flat 38"
