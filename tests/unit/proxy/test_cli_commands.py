"""proxy/cli.py and the commands behind it, in this process: exit codes, what is printed where, what is left behind."""

import json
from pathlib import Path
from typing import Any

import pytest

from halfpenny.proxy.cli import run

CONFIG = """
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[store]
url = "sqlite+aiosqlite:///{folder}/halfpenny.db"
[cache.semantic]
embedder = "hashing"
index = "brute_force"
[[backends]]
name = "up"
kind = "openai"
base_url = "http://127.0.0.1:9"
"""


class Command:
    """`halfpenny ... --config FILE` with what it printed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.file = folder / "config.toml"
        self.file.write_text(CONFIG.format(folder=folder))
        self.out = self.err = ""
        self._capsys = capsys

    def __call__(self, *arguments: str) -> int:
        try:
            code = run([*arguments, "--config", str(self.file)])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else -1
        self.out, self.err = self._capsys.readouterr()
        assert "Traceback" not in self.err
        return code

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, "one JSON object, on one line"
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))


@pytest.fixture
def halfpenny(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonesuch"], "invalid choice: 'nonesuch'"),
        (["serve", "--wrokers", "2"], "unrecognized arguments: --wrokers"),
        (["serve", "--workers", "two"], "invalid int value: 'two'"),
        (["serve", "--workers", "0"], "--workers: expected 1 or more"),
        (["serve", "--workers", "2", "--listen", "127.0.0.1:0"], "--workers: several processes share one port"),
        (["serve", "--listen", "nowhere"], "--listen: expected host:port such as 127.0.0.1:8080, got 'nowhere'"),
        (["serve", "--admin", "0.0.0.0:0"], "--admin: an admin listener outside loopback needs"),
        (["report", "--by", "colour"], "invalid choice: 'colour'"),
        (["report", "--since", "yesterday"], '--since: expected a duration such as "250ms"'),
        (["report", "--since", "99999999999d"], "--since: 99999999999d is longer ago than the calendar goes"),
        (["explain"], "the following arguments are required: REQUEST_ID"),
        (["cache", "purge"], "cache purge: name what to purge"),
        (["cache", "purge", "--older-than", "long"], "--older-than: expected a duration"),
        (["cache", "list", "--limit", "0"], "--limit: expected 1 or more"),
        (["db", "backup"], "db backup: name the file"),
        (["db", "restore"], "db restore: name the file"),
        (["db", "shrink"], "invalid choice: 'shrink'"),
        (["route"], "the following arguments are required: --explain"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage_errors_exit_with_2_and_say_what_is_expected(
    halfpenny: Command, arguments: list[str], words: str
) -> None:
    assert halfpenny(*arguments) == 2
    assert halfpenny.out == ""
    assert words in halfpenny.err
    assert not (halfpenny.folder / "halfpenny.db").exists()


def test_without_a_command_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    shown = capsys.readouterr().out
    for command in ("serve", "check", "doctor", "report", "explain", "route", "cache", "db"):
        assert f"\n    {command} " in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run(["--version"])
    assert capsys.readouterr().out.startswith("halfpenny 0.")


def test_a_configuration_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--config", str(tmp_path / "nonesuch.toml"), "--json"]) == 2
    shown = capsys.readouterr()
    assert "nonesuch.toml: cannot be read" in json.loads(shown.out)["error"]
    assert shown.err.startswith("halfpenny: ")


# check


def test_check(halfpenny: Command) -> None:
    assert halfpenny("check") == 0
    assert halfpenny.out.startswith(f"{halfpenny.file}: valid\n")
    assert "backend up (openai, *): on\n" in halfpenny.out
    assert halfpenny("check", "--json") == 0
    assert halfpenny.json["valid"] is True
    assert halfpenny.json["backends"] == [{"name": "up", "kind": "openai", "on": True, "reason": ""}]
    assert halfpenny.json["config"]["cache"]["ttl"] == "86400s"
    assert not (halfpenny.folder / "halfpenny.db").exists()


def test_check_names_file_line_key_and_suggestion(halfpenny: Command) -> None:
    halfpenny.change("base_url", "bsae_url")
    assert halfpenny("check", "--json") == 2
    expected = f"{halfpenny.file}:13: unknown key 'backends[0].bsae_url'; did you mean 'backends[0].base_url'?"
    assert halfpenny.json == {"error": expected}
    assert halfpenny.err == f"halfpenny: {expected}\n"


def test_check_says_which_key_is_missing(halfpenny: Command) -> None:
    halfpenny.change('kind = "openai"', 'kind = "openai"\napi_key_env = "HALFPENNY_TEST_NOT_SET"')
    assert halfpenny("check") == 0
    assert "backend up (openai, *): off: the environment variable HALFPENNY_TEST_NOT_SET is not set" in halfpenny.out
    assert "no backend is on" in halfpenny.out


def test_check_shows_no_secret(halfpenny: Command) -> None:
    key = halfpenny.folder / "key"
    key.write_text("sk-canary-31f")
    halfpenny.change('kind = "openai"', f'kind = "openai"\napi_key_file = "{key}"')
    halfpenny.change(f"sqlite+aiosqlite:///{halfpenny.folder}/halfpenny.db", "postgresql+asyncpg://me:sk-canary-31f@db/x")
    for arguments in (["check"], ["check", "--json"]):
        assert halfpenny(*arguments) == 0
        assert "sk-canary-31f" not in halfpenny.out + halfpenny.err
    assert halfpenny.json["config"]["store"]["url"] == "postgresql+asyncpg://me:***@db/x"


def test_check_wants_the_admin_token(halfpenny: Command) -> None:
    halfpenny.change("[server]", '[server]\nadmin_token_env = "HALFPENNY_TEST_NOT_SET"')
    for command in ("check", "serve"):
        assert halfpenny(command) == 2
        assert "server.admin_token_env: HALFPENNY_TEST_NOT_SET must be set" in halfpenny.err


def test_check_of_a_route_that_names_no_backend(halfpenny: Command) -> None:
    halfpenny.file.write_text(halfpenny.file.read_text() + '[[routes]]\nname = "r"\nbackends = ["upp"]\n')
    assert halfpenny("check") == 2
    assert "upp" in halfpenny.err


# the store


@pytest.mark.parametrize(
    "arguments",
    [["report"], ["explain", "hp-1"], ["cache", "stats"], ["cache", "list"], ["db", "verify"], ["db", "backup", "x"]],
    ids=" ".join,
)
def test_without_a_database_they_say_so_and_make_none(halfpenny: Command, arguments: list[str]) -> None:
    assert halfpenny(*arguments, "--json") == 2
    assert "halfpenny.db yet: start the proxy once" in halfpenny.json["error"]
    assert [path.name for path in halfpenny.folder.iterdir()] == ["config.toml"]


def test_an_empty_database(halfpenny: Command) -> None:
    assert halfpenny("db", "upgrade", "--json") == 0
    assert set(halfpenny.json) == {"schema"}
    assert halfpenny("db", "verify", "--json") == 0
    assert (halfpenny.json["ok"], halfpenny.json["entries"], halfpenny.json["ledger_rows"]) == (True, 0, 0)
    assert halfpenny("explain", "hp-nonesuch", "--json") == 1
    assert halfpenny.json == {"error": "no request hp-nonesuch in the ledger"}
    assert halfpenny("report") == 0
    assert "requests    0" in halfpenny.out
    assert halfpenny("report", "--json") == 0
    assert set(halfpenny.json) == {
        *("since", "until", "requests", "outcomes", "spend_usd", "saved_usd", "saved_low_usd", "saved_high_usd"),
        *("own_cost_usd", "saved_by", "false_hit_rate", "false_hit_rate_upper", "estimated_rows"),
    }
    assert set(halfpenny.json["outcomes"]) == {"exact", "semantic", "coalesced", "miss", "bypass", "error"}
    assert halfpenny("cache", "stats") == 0
    assert halfpenny.out == "0 live entries, 0 bytes\n"
    assert halfpenny("cache", "purge", "--all", "--json") == 0
    assert halfpenny.json == {"purged": 0}


def test_backup_does_not_overwrite(halfpenny: Command) -> None:
    copy = str(halfpenny.folder / "copy.db")
    assert halfpenny("db", "upgrade") == 0
    assert halfpenny("db", "backup", copy, "--json") == 0
    assert halfpenny.json == {"backup": copy}
    assert halfpenny("db", "backup", copy, "--json") == 1
    assert "exists already" in halfpenny.json["error"]
    assert halfpenny("db", "restore", copy, "--json") == 0
    assert halfpenny.json["restored"] == copy
    assert halfpenny("db", "restore", str(halfpenny.file)) == 1
    assert "damaged" in halfpenny.err


@pytest.mark.parametrize(
    "arguments", [["db", "verify"], ["db", "backup", "x"], ["report"], ["cache", "stats"], ["cache", "purge", "--all"]]
)
def test_a_damaged_database_is_said_in_one_line(halfpenny: Command, arguments: list[str]) -> None:
    (halfpenny.folder / "halfpenny.db").write_bytes(b"this is not a database" * 500)
    assert halfpenny(*arguments, "--json") == 1
    assert "file is not a database" in halfpenny.json["error"]
    assert len(halfpenny.err.splitlines()) == 1


# doctor and route


def finding(shown: Any, part: str) -> Any:
    (found,) = [finding for finding in shown["findings"] if finding["part"] == part]
    return found


def test_doctor_says_what_is_wrong_and_how_to_mend_it(halfpenny: Command) -> None:
    (halfpenny.folder / "halfpenny.db").write_bytes(b"this is not a database" * 500)
    halfpenny.change("[server]", '[server]\nadmin_token_env = "HALFPENNY_TEST_NOT_SET"')
    assert halfpenny("doctor", "--json") == 1
    shown = halfpenny.json
    assert shown["ok"] is False
    for part, words in (
        ("backend up", "check base_url and the network"),
        ("store", "see `halfpenny db verify`"),
        ("admin token", "HALFPENNY_TEST_NOT_SET must be set"),
    ):
        assert finding(shown, part)["ok"] is False
        assert words in finding(shown, part)["text"]
    for part in ("sqlite", "http parser", "embedder", "disk", "server.listen", "server.admin"):
        assert finding(shown, part)["ok"] is True
    assert halfpenny("doctor") == 1
    assert "FAIL backend up: " in halfpenny.out
    assert "ok   embedder: " in halfpenny.out


def test_doctor_says_that_nothing_would_answer(halfpenny: Command) -> None:
    halfpenny.change('kind = "openai"', 'kind = "openai"\napi_key_env = "HALFPENNY_TEST_NOT_SET"')
    assert halfpenny("doctor", "--json") == 1
    assert finding(halfpenny.json, "backend up")["ok"] is True
    assert finding(halfpenny.json, "backends")["text"].startswith("none is on: set a key")
    assert not (halfpenny.folder / "halfpenny.db").exists()


def test_route_explain(halfpenny: Command) -> None:
    ask = halfpenny.folder / "ask.json"
    ask.write_text('{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}')
    assert halfpenny("route", "--explain", str(ask), "--json") == 0
    assert halfpenny.json["route"] == "default"
    assert [(step["backend"], step["model"]) for step in halfpenny.json["steps"]] == [("up", "gpt-4o")]
    assert halfpenny("route", "--explain", str(ask)) == 0
    assert halfpenny.out.splitlines()[0] == "route default"
    assert ": up/gpt-4o" in halfpenny.out.splitlines()[1]


@pytest.mark.parametrize(
    ("body", "words"), [('{"model": "gpt-4o"}', "messages"), ("{", "JSON"), (None, "No such file")]
)
def test_route_explain_of_a_bad_file(halfpenny: Command, body: str | None, words: str) -> None:
    ask = halfpenny.folder / "ask.json"
    if body is not None:
        ask.write_text(body)
    assert halfpenny("route", "--explain", str(ask), "--json") == 2
    assert words in halfpenny.json["error"]


def test_route_explain_without_a_candidate(halfpenny: Command) -> None:
    halfpenny.change('kind = "openai"', 'kind = "openai"\nmodels = ["gpt-*"]')
    ask = halfpenny.folder / "ask.json"
    ask.write_text('{"model": "claude", "messages": [{"role": "user", "content": "Hi"}]}')
    assert halfpenny("route", "--explain", str(ask), "--json") == 1
    assert "claude" in halfpenny.json["message"]
    assert halfpenny("route", "--explain", str(ask)) == 1
    assert halfpenny.out.startswith("no plan: ")
