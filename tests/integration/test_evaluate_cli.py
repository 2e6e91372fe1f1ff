"""`halfpenny evaluate` and `cache train` as their users run them: real processes, the bundled embedder, small files."""

import asyncio
import gzip
import hashlib
import json
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from halfpenny.semantic_cache.decision.model import BUNDLED, load_model
from halfpenny.semantic_cache.training.generators import pairs, stream

pytestmark = pytest.mark.model

CONTRACT = {"requests", "hits", "false_hits", "hit_rate", "false_hit_rate", "labels_used", "p50_ms", "p99_ms"}
ROWS = 120


class Done:
    """A command that has ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err, err

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it must be."""
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class Halfpenny:
    """The installed command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __call__(self, *arguments: str | Path) -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "halfpenny",
            *map(str, arguments),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    def write(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
        content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        path = self.folder / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path


@pytest.fixture
def halfpenny(tmp_path: Path) -> Halfpenny:
    return Halfpenny(tmp_path)


def made_rows(count: int = ROWS, seed: int = 3) -> list[dict[str, Any]]:
    return [{"id": at, "text": one.text, "cls": one.cls} for at, one in enumerate(stream(seed, count, language="en"))]


def talk(*texts: str) -> list[dict[str, str]]:
    return [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(texts)]


# streams


async def test_a_stream_gives_the_keys_of_the_contract(halfpenny: Halfpenny) -> None:
    rows = made_rows()
    plain = (await halfpenny("evaluate", "semantic", halfpenny.write("s.jsonl", rows), "--json")).json
    assert plain.keys() >= CONTRACT
    assert plain["requests"] == ROWS
    assert plain["max_false_hit_rate"] == 0.01
    assert plain["hits"] / ROWS == pytest.approx(plain["hit_rate"])
    assert plain["false_hits"] <= plain["hits"]
    # the label of what is served is never looked at
    assert plain["labels_used"] <= ROWS - plain["hits"]
    assert 0 < plain["p50_ms"] <= plain["p99_ms"]
    packed = (await halfpenny("evaluate", "semantic", halfpenny.write("s.jsonl.gz", rows), "--json")).json
    assert {key: packed[key] for key in ("hits", "false_hits", "labels_used")} == {
        key: plain[key] for key in ("hits", "false_hits", "labels_used")
    }


async def test_seeds_shuffle_and_controls_in_one_run(halfpenny: Halfpenny) -> None:
    file = halfpenny.write("s.jsonl", made_rows())
    more = ("--seeds", "3", "--order", "shuffle", "--max-false-hit-rate", "0.05", "--controls", "--json")
    found = (await halfpenny("evaluate", "semantic", file, *more)).json
    assert (found["seeds"], found["order"], found["max_false_hit_rate"]) == (3, "shuffle", 0.05)
    assert found["worst_false_hit_rate"] >= found["false_hit_rate"]
    controls = found["controls"]
    assert set(controls) == {"static_in_hindsight", "static_0.8", "static_0.9", "static_0.95", "vcache"}
    assert controls["static_0.8"]["hits"] >= controls["static_0.95"]["hits"]
    assert controls["static_0.8"]["hits"] > 0
    assert controls["static_0.8"]["worst_false_hit_rate"] >= controls["static_0.8"]["false_hit_rate"]
    assert controls["static_in_hindsight"]["false_hit_rate_after_warmup"] <= 0.05
    # one seed in the file's order is another order than those
    file_order = (await halfpenny("evaluate", "semantic", file, "--controls", "--json")).json
    static = [run["controls"]["static_0.8"] for run in (found, file_order)]
    assert static[0]["hit_rate"] != static[1]["hit_rate"]


async def test_wrong_labels_change_what_is_learnt_not_how_it_is_scored(halfpenny: Halfpenny) -> None:
    # one class for all: no hit can be wrong, whatever the labels say
    file = halfpenny.write("s.jsonl", [{**row, "cls": "one"} for row in made_rows()])
    runs = [
        (
            await halfpenny("evaluate", "semantic", file, "--label-noise", p, "--max-false-hit-rate", "0.05", "--json")
        ).json
        for p in ("0", "0.5")
    ]
    assert [run["false_hits"] for run in runs] == [0, 0]
    assert runs[0]["hits"] > runs[1]["hits"]


async def test_a_warm_cache_serves_from_the_first_request_on(halfpenny: Halfpenny) -> None:
    rows = [
        {"id": at, "text": f"How do I {verb} a {noun}?", "cls": f"{verb} {noun}"}
        for at, (verb, noun) in enumerate((v, n) for v in ("sell", "wash", "paint") for n in ("car", "boat", "dog"))
    ]
    file, warm = halfpenny.write("s.jsonl", rows), halfpenny.write("w.jsonl", rows)
    more = ("--max-false-hit-rate", "0.5", "--json")
    cold = (await halfpenny("evaluate", "semantic", file, *more)).json
    warmed = (await halfpenny("evaluate", "semantic", file, "--warm", warm, *more)).json
    assert warmed["requests"] == cold["requests"] == len(rows)
    assert warmed["hits"] > cold["hits"]


async def test_a_zero_bound_serves_nothing(halfpenny: Halfpenny) -> None:
    row = {"id": 1, "text": "Which hotel takes dogs?", "cls": 1}
    file = halfpenny.write("s.jsonl", [row] * 60)
    found = (await halfpenny("evaluate", "semantic", file, "--max-false-hit-rate", "0", "--json")).json
    # the threshold is set for the first time after 25 requests; until then only what is all but certain is served
    assert found["hits"] <= 25
    assert found["max_false_hit_rate"] == 0


async def test_the_table_is_for_readers_and_progress_goes_to_stderr(halfpenny: Halfpenny) -> None:
    done = await halfpenny("evaluate", "semantic", halfpenny.write("s.jsonl", made_rows(40)), "--controls")
    lines = done.out.splitlines()
    assert lines[0].startswith(str(halfpenny.folder / "s.jsonl") + ": 40 requests, file order, 1 seed; bound 1 %")
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "halfpenny", "static in hindsight", "static 0.8", "static 0.9", "static 0.95", "vcache",
    ]  # fmt: skip
    assert "embedded 40 of 40" in done.err
    assert "static 0.9: run 1 of 1" in done.err


async def test_the_limit_takes_the_first_rows(halfpenny: Halfpenny) -> None:
    rows = [*made_rows(20), {"broken": True}]
    file = halfpenny.write("s.jsonl", rows)
    assert (await halfpenny("evaluate", "semantic", file, "--limit", "20", "--json")).json["requests"] == 20
    assert (await halfpenny("evaluate", "semantic", file, "--json")).code == 2


async def test_a_plot_is_drawn(halfpenny: Halfpenny) -> None:
    pytest.importorskip("matplotlib")
    file, picture = halfpenny.write("s.jsonl", made_rows(60)), halfpenny.folder / "p.png"
    done = await halfpenny("evaluate", "semantic", file, "--plot", picture, "--json")
    assert done.json.keys() >= CONTRACT
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (840, 600)


# pairs, conversations, the gate


async def test_pairs_are_counted_by_kind(halfpenny: Halfpenny) -> None:
    rows = [
        {"a": "How do I reset my password?", "b": "how do i reset my password", "y": 1, "kind": "repeat"},
        {"a": "Set a timer for 5 minutes", "b": "Set a timer for 50 minutes", "y": 0, "kind": "number"},
        {"a": "zzz", "b": "zzz", "y": 1, "kind": "identical"},
        {"a": "What is the capital of Peru?", "b": "How are shoes made?", "y": 1, "kind": "far"},
        {"a": "what time is it now", "b": "what time is it now", "y": 1, "kind": "volatile"},
        {"a": "explain ```x = 1```", "b": "Explain ```x = 1```", "y": 1, "kind": "code"},
    ]
    file = halfpenny.write("p.jsonl", rows)
    found = (await halfpenny("evaluate", "semantic", file, "--pairs", "--json")).json
    assert [found[key] for key in ("pairs", "true_hits", "false_hits", "missed")] == [6, 3, 0, 2]
    assert found["by_kind"]["repeat"]["true_hits"] == found["by_kind"]["identical"]["true_hits"] == 1
    assert found["apart"] == {"code": 1}
    assert found["volatile"] == 1
    gated = (await halfpenny("evaluate", "semantic", file, "--pairs", "--gate", "--json")).json
    assert [gated[key] for key in ("pairs", "true_hits", "false_hits", "missed")] == [6, 2, 0, 3]
    assert gated["apart"] == {"code": 1, "volatile: time": 1}
    text = await halfpenny("evaluate", "semantic", file, "--pairs")
    assert "would keep 1 pairs out" in text.out
    assert "number" in text.out


async def test_generated_traps_are_not_served_at_the_default(halfpenny: Halfpenny) -> None:
    rows = [{"a": one.a, "b": one.b, "y": one.y, "kind": one.kind} for one in pairs(17, 200, "en")]
    found = (await halfpenny("evaluate", "semantic", halfpenny.write("p.jsonl.gz", rows), "--pairs", "--json")).json
    same = sum(row["y"] for row in rows)
    assert found["true_hits"] + found["missed"] == same
    assert found["true_hits"] > 0
    assert found["false_hits"] <= 0.02 * (200 - same)


async def test_conversations_share_only_the_same_context(halfpenny: Halfpenny) -> None:
    ask, again = "How do I reset my password?", "how do i reset my password"
    bank = ("I bank with Kestrel.", "Noted.")
    parts = [{"role": "user", "content": [{"type": "text", "text": again}]}]
    tool = [{"role": "user", "content": ask}, {"role": "tool", "content": "42"}, {"role": "user", "content": again}]
    rows = [
        {"a": talk(ask), "b": talk(again), "y": 1, "kind": "alone"},
        {"a": talk(ask), "b": parts, "y": 1, "kind": "parts"},
        {"a": talk(*bank, ask), "b": talk(*bank, again), "y": 1, "kind": "same context"},
        {"a": talk(*bank, ask), "b": talk("I bank with Flick.", "Noted.", again), "y": 0, "kind": "other context"},
        {"a": talk(*bank, ask), "b": talk(again), "y": 0, "kind": "no context"},
        {"a": talk(*bank, "ok"), "b": talk(*bank, "ok"), "y": 1, "kind": "volatile"},
        {"a": tool, "b": tool, "y": 1, "kind": "identical"},
        {"a": tool, "b": [*tool[:2], {"role": "user", "content": ask}], "y": 0, "kind": "tools"},
        {"a": talk(ask, "Click there."), "b": talk(again, "Click there."), "y": 0, "kind": "ends with an answer"},
    ]
    found = (await halfpenny("evaluate", "conversations", halfpenny.write("c.jsonl", rows), "--json")).json
    served = {kind: one["true_hits"] + one["false_hits"] for kind, one in found["by_kind"].items()}
    assert served == {row["kind"]: 0 for row in rows} | {"alone": 1, "parts": 1, "same context": 1, "identical": 1}
    assert [found[key] for key in ("pairs", "true_hits", "false_hits", "missed")] == [9, 4, 0, 1]
    assert found["apart"]["another context"] == 2
    assert found["apart"]["tools"] == 1
    assert any(why.startswith("volatile") for why in found["apart"])


async def test_the_gate_is_scored(halfpenny: Halfpenny) -> None:
    rows = [
        {"text": "What time is it now?", "y": 1},
        {"text": "How many legs has a spider?", "y": 0},
        {"text": "Is a spider an insect?", "y": 1},
    ]
    file = halfpenny.write("v.jsonl", rows)
    found = (await halfpenny("evaluate", "volatile", file, "--json")).json
    assert (found["precision"], found["recall"]) == (1.0, 0.5)
    assert (found["true_positives"], found["false_positives"], found["false_negatives"]) == (1, 0, 1)
    text = await halfpenny("evaluate", "volatile", file)
    assert "precision 1.000, recall 0.500" in text.out
    assert "passed: 'Is a spider an insect?'" in text.out


# training


async def test_a_model_is_retrained_and_used(halfpenny: Halfpenny) -> None:
    # in this namespace the kind of task decides the answer, which the bundled prior does not expect
    rows = [{"id": at, "text": one.text, "cls": one.family} for at, one in enumerate(stream(8, 400, language="en"))]
    labels, out = halfpenny.write("s.jsonl", rows), halfpenny.folder / "own.safetensors"
    done = await halfpenny("cache", "train", "--labels", labels, "--out", out, "--json")
    found = done.json
    assert found["rows"] == "stream"
    assert found["log_loss_after"] < found["log_loss_before"]
    assert found["labels"] > found["held_out"] > 0
    own = load_model(out)
    assert own.name == load_model().name  # the verifier is the same, so what it kept of prompts still fits
    assert own.prior.mean == pytest.approx(found["mean_after"], abs=1e-5)
    assert found["mean_after"] != found["mean_before"]
    assert out.with_name(out.name + ".sha256").read_text().split()[0] == found["sha256"]
    used = await halfpenny("evaluate", "semantic", labels, "--limit", "60", "--model", out, "--json")
    assert used.json["requests"] == 60
    out.write_bytes(out.read_bytes()[:-4] + b"abcd")
    refused = await halfpenny("evaluate", "semantic", labels, "--model", out)
    assert refused.code == 2
    assert "is not the expected model" in refused.err


async def test_labels_that_contradict_themselves_write_nothing(halfpenny: Halfpenny) -> None:
    # all but the held-out fifth (by the digest of `a`) say the contrary
    rows = [
        {"a": one.a, "b": one.b, "y": one.y if hashlib.sha256(one.a.encode()).digest()[0] < 51 else 1 - one.y}
        for one in pairs(4, 200, "en")
    ]
    out = halfpenny.folder / "own.safetensors"
    done = await halfpenny("cache", "train", "--labels", halfpenny.write("p.jsonl", rows), "--out", out)
    assert done.code == 1
    assert "the held-out log-loss rose" in done.err
    assert not out.exists()


async def test_pairs_train_too_and_the_change_is_shown(halfpenny: Halfpenny) -> None:
    rows = [{"a": one.a, "b": one.b, "y": one.y} for one in pairs(4, 150, "en")]
    done = await halfpenny("cache", "train", "--labels", halfpenny.write("p.jsonl", rows))
    assert done.code in (0, 1), done.err
    if done.code == 0:
        assert "150 labels" in done.out
        assert "cosine_margin" in done.out
        assert (halfpenny.folder / "halfpenny-decision.safetensors.sha256").exists()
    else:
        assert "log-loss rose" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cache", "train"], "name the labels (--labels FILE)"),
        (["cache", "train", "--labels", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file"),
        (["cache", "train", "--labels", "few.jsonl"], "few.jsonl: too few labels"),
        (["cache", "train", "--labels", "few.jsonl", "--out", "no/where"], "--out: there is no folder no"),
        (["cache", "train", "--labels", "few.jsonl", "--out", str(BUNDLED)], "the bundled model is not overwritten"),
        (["cache", "train", "--labels", "s.jsonl", "--verifier"], "--verifier: learns from pairs"),
        (["evaluate"], "the following arguments are required: WHAT"),
        (["evaluate", "semantic", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file"),
        (["evaluate", "semantic", "bad.jsonl"], "bad.jsonl:2: field `text`: Expected `str`, got `int`"),
        (["evaluate", "semantic", "s.jsonl", "--pairs"], "s.jsonl:1: field `a`: is missing"),
        (["evaluate", "semantic", "cut.jsonl.gz"], "the gzip stream is damaged"),
        (["evaluate", "semantic", "s.jsonl", "--warm", "few.jsonl"], "few.jsonl:1: field `"),
        (["evaluate", "semantic", "s.jsonl", "--model", "s.jsonl"], "cannot read the digest s.jsonl.sha256"),
        (["evaluate", "semantic", "s.jsonl", "--model", "foreign"], "foreign is not a safetensors file"),
        (["evaluate", "semantic", "s.jsonl", "--seeds", "0"], "--seeds: expected 1 or more"),
        (["evaluate", "semantic", "s.jsonl", "--limit", "0"], "--limit: expected 1 or more"),
        (["evaluate", "semantic", "s.jsonl", "--label-noise", "1"], "--label-noise: expected 0 <= P < 1"),
        (["evaluate", "semantic", "s.jsonl", "--max-false-hit-rate", "nan"], "--max-false-hit-rate: expected"),
        (["evaluate", "semantic", "s.jsonl", "--order", "x"], "invalid choice: 'x'"),
        (["evaluate", "semantic", "s.jsonl", "--plot", "no/p.png"], "--plot: there is no folder no"),
        (["evaluate", "semantic", "few.jsonl", "--pairs", "--controls"], "--controls: not with --pairs"),
        (["evaluate", "semantic", "s.jsonl", "--gate"], "--gate: only with --pairs"),
        (["evaluate", "semantic", "s.jsonl", "--config", "hashing.toml"], "was trained on 'all-MiniLM-L6-v2'"),
        (["evaluate", "conversations", "few.jsonl"], "few.jsonl:1: field `a`: Expected `array`, got `str`"),
        (["evaluate", "volatile", "s.jsonl"], "s.jsonl:1: field `y`: is missing"),
    ],
)
async def test_bad_input_is_named(halfpenny: Halfpenny, arguments: list[str], words: str) -> None:
    halfpenny.write("s.jsonl", made_rows(3))
    halfpenny.write("few.jsonl", [{"a": "x", "b": "y", "y": 0}] * 5)
    halfpenny.write("bad.jsonl", [{"id": 1, "text": "x", "cls": 1}, {"id": 1, "text": 2, "cls": 1}])
    whole = halfpenny.write("cut.jsonl.gz", made_rows(30))
    whole.write_bytes(whole.read_bytes()[:-20])
    halfpenny.write("foreign", [{"a": 1}])
    digest = hashlib.sha256((halfpenny.folder / "foreign").read_bytes()).hexdigest()
    (halfpenny.folder / "foreign.sha256").write_text(digest)
    (halfpenny.folder / "hashing.toml").write_text('[cache.semantic]\nembedder = "hashing"\n')
    done = await halfpenny(*arguments)
    assert done.code == 2, (done.out, done.err)
    assert words in done.err
    assert done.out == ""
