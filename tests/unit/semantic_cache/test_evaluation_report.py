"""The benchmark's report: which files, what is written, and what stays untouched. And how GPTCache is scored."""

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gptcache, semantic_report, streams
from benchmarks.semantic_report import BEGIN, CONTROLS, END, Settings, measure, section, write_between_markers
from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.controls import StaticThreshold
from halfpenny.semantic_cache.evaluation.streams import Stream, run_rule


class Letters:
    """A vector per text from its words, so that texts that share words are near. No model."""

    name = "letters"
    dimensions = 64

    def embed(self, texts: Sequence[str]) -> Vector:
        found = np.zeros((len(texts), 64), dtype=np.float32)
        for at, text in enumerate(texts):
            for word in text.split():
                found[at, zlib.crc32(word.encode()) % 64] += 1
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "load_embedder", lambda _name: Letters())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(3)
    lines = []
    for number in range(320):
        kind = int(rng.integers(0, 20))
        lines.append(json.dumps({"id": number, "text": f"ask w{kind} v{rng.integers(0, 3)}", "cls": kind}))
    (folder / "first_stream_dev.jsonl").write_text("\n".join(lines))
    (folder / "second_stream_held.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[:50]).encode()))
    (folder / "fow_pairs_dev.jsonl").write_text("not a stream")
    return folder


def test_streams_are_found_by_name(data: Path) -> None:
    assert list(streams.stream_files(data)) == ["first", "second"]
    (data / "first_stream_test.jsonl").write_text("")
    assert list(streams.stream_files(data)) == ["first_stream_dev.jsonl", "first_stream_test.jsonl", "second"]
    assert streams.load_streams(data / "nowhere", limit=None, cache=None) == {}


def test_the_report_measures_every_stream_and_rule(data: Path, tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text(f"# Title\n\nkept above\n\n{BEGIN}\nold figures\n{END}\n\nkept below\n")
    arguments = ["--data", str(data), "--seeds", "2", "--document", str(document), "--json", str(tmp_path / "o.json")]
    assert semantic_report.main([*arguments, "--cache", str(tmp_path / "vec")]) == 0
    text = document.read_text()
    assert text.startswith("# Title\n\nkept above\n\n<!--")
    assert text.endswith("-->\n\nkept below\n")
    assert "old figures" not in text
    assert "| first (320, 93.8 %) | 1 % |" in text
    assert "| second (50," in text
    assert f"--data {data}" in text
    found = json.loads((tmp_path / "o.json").read_text())
    hindsight = found["first"]["hindsight"]
    assert hindsight["0.05"]["false_hit_rate_after_warmup"] <= 0.05
    assert hindsight["0.05"]["hit_rate"] >= hindsight["0.01"]["hit_rate"]
    assert set(found["first"]["families"]) == {"vCache"}
    stated = f"{100 * hindsight['0.05']['hit_rate']:.1f} / {100 * hindsight['0.05']['false_hit_rate_after_warmup']:.2f}"
    assert stated in text
    assert len(list((tmp_path / "vec").iterdir())) == 2


def test_the_limit_takes_the_first_rows(data: Path) -> None:
    found = streams.load_streams(data, limit=10, cache=None, embedder=Letters())
    assert [len(one.texts) for one in found.values()] == [10, 10]


def test_more_rules_are_more_columns(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = semantic_report.Family("ours", lambda bound: StaticThreshold(1 - bound))
    assert semantic_report.main(["--data", str(data), "--seeds", "1", "--limit", "60"], families=(ours, *CONTROLS)) == 0
    assert "| bound | ours | vCache | static in hindsight |" in capsys.readouterr().out


def test_a_bad_file_ends_with_its_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "bad_stream_dev.jsonl").write_text('{"id": 1, "text": "a"}\n')
    assert semantic_report.main(["--data", str(data)]) == 1
    assert "bad_stream_dev.jsonl:1: field `cls`: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--label-noise", "1"], ["--seeds", "0"], ["--limit", "-1"], ["--order", "x"]])
def test_bad_options_are_usage_errors(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        semantic_report.main(arguments)
    assert caught.value.code == 2


def test_no_data_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert semantic_report.main(["--data", str(tmp_path)]) == 0
    assert "skipped" in capsys.readouterr().out


def test_a_document_without_markers_gets_the_section_at_its_end(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text("# Title\n")
    write_between_markers(document, "first")
    write_between_markers(document, "second")
    text = document.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert "second" in text
    assert "first" not in text


@pytest.mark.parametrize("content", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"])
def test_broken_markers_leave_the_document_alone(tmp_path: Path, content: str) -> None:
    document = tmp_path / "doc.md"
    document.write_text(content)
    with pytest.raises(ValueError, match="expected one"):
        write_between_markers(document, "new")
    assert document.read_text() == content


def test_hindsight_over_a_part_is_said() -> None:
    vectors = np.ones((4, 2), dtype=np.float32)
    found = measure(Stream(["t"] * 4, ["x"] * 4, vectors), CONTROLS, Settings(seeds=1))
    cut = type(found)(**{f: getattr(found, f) for f in found.__struct_fields__} | {"hindsight_requests": 2})
    assert "first arrivals only: long" in section({"long": cut}, Settings(seeds=1), command="c")
    assert "first arrivals only" not in section({"long": found}, Settings(seeds=1), command="c")


# GPTCache


def test_gptcache_is_scored_by_labels_that_stay_here() -> None:
    codes = np.array([0, 1, 0, 1, 2])
    # Row 1 had no usable vector: the driver saw rows 0, 2, 3, 4, and counted them 0..3.
    found = {"served": [-1, 0, 0, -1], "lookup_ms": [1.0, 2.0, 3.0, 4.0], "store_ms": [5.0, 7.0]}
    scored = gptcache.figures(found, codes, np.array([0, 2, 3, 4]))
    assert (scored["requests"], scored["hits"], scored["false_hits"], scored["unusable_vectors"]) == (5, 2, 1, 1)
    assert (scored["p50_ms"], scored["store_ms"]) == (2.0, 6.0)


def test_the_best_run_is_the_one_with_most_hits_that_keeps_the_bound() -> None:
    runs = [
        gptcache.Run(t, 0, {"hit_rate": hit, "false_hit_rate_after_warmup": wrong})
        for t, hit, wrong in ((0.8, 0.9, 0.3), (0.9, 0.5, 0.02), (0.95, 0.2, 0.01))
    ]
    assert gptcache.best(runs, 0.02) is runs[1]
    assert gptcache.best(runs, 0.015) is runs[2]
    assert gptcache.best(runs, 0.001) is None


@pytest.mark.skipif(not (gptcache.PLACE / "stamp").exists(), reason="GPTCache is not installed: benchmarks.gptcache")
def test_the_real_gptcache_serves_what_its_threshold_says() -> None:
    """similarity_threshold T asks for a cosine of 2T - 1, so it hits exactly where our static rule does."""
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(60, 4)).astype(np.float32)
    vectors[5] = np.nan
    stream = Stream([f"t{n}" for n in range(60)], rng.integers(0, 6, 60).tolist(), vectors)
    runs = gptcache.measure(stream, [(0.9, 0), (0.95, 0)], interpreter=gptcache.python(), timeout_s=120)
    for run, cosine in zip(runs, (0.8, 0.9), strict=True):
        ours = run_rule(StaticThreshold(cosine), stream)
        assert run.figures["hits"] == ours.hit.sum() > 0
        assert run.figures["false_hits"] == ours.wrong.sum()
        assert run.figures["unusable_vectors"] == 1
