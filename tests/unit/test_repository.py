"""The house rules that a linter cannot see: packaging, imports, forbidden constructs, documents that match the code."""

import ast
import re
import subprocess
import sys
import tomllib
import typing
import zipfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from halfpenny.backends import BACKENDS
from halfpenny.proxy.config import Config
from halfpenny.proxy.surfaces import SURFACES
from halfpenny.proxy.telemetry import Metrics
from halfpenny.proxy.units import Bytes, Seconds, Usd
from halfpenny.router import Match
from halfpenny.router.policies import POLICIES
from halfpenny.semantic_cache.embedders import EMBEDDERS
from halfpenny.semantic_cache.indexes import INDEXES
from halfpenny.semantic_cache.stores import STORES

ROOT = Path(__file__).parents[2]
TOPS = ("backends", "ledger", "proxy", "router", "semantic_cache", "storage")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def product_files() -> list[Path]:
    """Every Python file of ours that is shipped, by its path below the top folders (not through the links)."""
    return sorted([*(ROOT / "halfpenny").glob("*.py"), *(path for top in TOPS for path in (ROOT / top).rglob("*.py"))])


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "halfpenny" else ("halfpenny", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# packaging


def test_every_folder_with_python_files_is_packaged() -> None:
    folders = {module_of(path.parent / "__init__.py") for path in product_files()}
    assert folders == set(PYPROJECT["tool"]["setuptools"]["packages"])


def test_the_links_point_to_the_top_folders() -> None:
    links = {path.name: path for path in (ROOT / "halfpenny").iterdir() if path.is_symlink()}
    assert set(links) == set(TOPS)
    for name, link in links.items():
        assert str(link.readlink()) == f"../{name}"
    mapped = {f"halfpenny.{name}": name for name in TOPS}
    assert PYPROJECT["tool"]["setuptools"]["package-dir"] == mapped


def test_every_module_can_be_imported() -> None:
    for path in product_files():
        name = module_of(path)
        if "migrations" in name or name == "halfpenny.semantic_cache.embedders.sentence_transformers":
            continue  # run by Alembic; needs the extra `models`
        assert import_module(name).__name__ == name


def test_there_are_few_runtime_dependencies() -> None:
    assert 0 < len(PYPROJECT["project"]["dependencies"]) <= 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel built from a copy of what git would know, so that no build folder is left."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*TOPS, "halfpenny", "pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            subprocess.run(["cp", "-a", str(ROOT / name), str(source)], check=True)
    if not (source / "README.md").exists():
        (source / "README.md").write_text("A checkout without its README.\n")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", str(target), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    (file,) = target.glob("halfpenny-*.whl")
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_module(wheel: list[str]) -> None:
    expected = {
        str(Path("halfpenny") / relative) if relative.parts[0] != "halfpenny" else str(relative)
        for relative in (path.relative_to(ROOT) for path in product_files())
    }
    assert expected - set(wheel) == set()
    assert {name for name in wheel if name.endswith(".py")} == expected


def test_the_wheel_holds_the_data_and_no_surprises(wheel: list[str]) -> None:
    assert "halfpenny/py.typed" in wheel
    data = {path.name for path in (ROOT / "semantic_cache/embedders/data").iterdir() if path.is_file()}
    assert data
    assert {f"halfpenny/semantic_cache/embedders/data/{name}" for name in data} <= set(wheel)
    assert any(name.startswith("halfpenny/storage/migrations/versions/") for name in wheel)
    assert "halfpenny/storage/migrations/env.py" in wheel
    assert {name.partition("/")[0] for name in wheel if not name.partition("/")[0].endswith(".dist-info")} == {
        "halfpenny"
    }
    assert [name for name in wheel if name.endswith((".pth", ".pyc")) or "/tests/" in name] == []
    assert any(name.endswith("dist-info/entry_points.txt") for name in wheel)


# imports and forbidden constructs


def test_the_front_starts_without_the_heavy_libraries() -> None:
    heavy = ["torch", "faiss", "onnxruntime", "xllamacpp", "sentence_transformers", "alembic"]
    code = f"import sys, halfpenny.proxy.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "unittest"}


def forbidden(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: global"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {node.func.id}()"
        elif isinstance(node, ast.Import):
            yield from (f"import {a.name}" for a in node.names if a.name.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in FORBIDDEN_MODULES:
            yield f"line {node.lineno}: from {node.module}"
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and not is_false(node.value):
            yield f"line {node.lineno}: allow_pickle"


def is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_the_search_for_forbidden_constructs_finds_them() -> None:
    code = "import pickle\nfrom marshal import loads\ndef f():\n  global x\n  eval('1')\n  exec('')\n"
    assert len(list(forbidden(ast.parse(code + "load(allow_pickle=True)\nload(allow_pickle=False)")))) == 6


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_forbidden_construct(path: Path) -> None:
    assert list(forbidden(ast.parse(path.read_text()))) == []


# the tables of plug-ins

TABLES: dict[str, Mapping[str, str]] = {
    "surfaces": SURFACES,
    "backends": BACKENDS,
    "policies": POLICIES,
    "stores": STORES,
    "embedders": EMBEDDERS,
    "indexes": INDEXES,
}


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, names in TABLES.items() for name in names])
def test_every_plug_in_resolves(table: str, name: str) -> None:
    module, _, attribute = TABLES[table][name].partition(":")
    assert module.startswith("halfpenny.")
    if attribute == "SentenceTransformerEmbedder":
        # its library is an extra, so the file is read and not imported
        path = ROOT / Path(*module.split(".")[1:]).with_suffix(".py")
        found = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        assert attribute in found
    else:
        assert isinstance(getattr(import_module(module), attribute), type)


# documents


@pytest.mark.parametrize("name", ["life-of-a-request.md", "operating.md", "configuration.md", "metrics.md"])
def test_documents_name_files_that_exist(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    mentioned = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.\w+)`", text))
    mentioned |= set(re.findall(r"\(((?:docs/)?[\w-]+\.md)\)", text))
    for mention in mentioned:
        assert (ROOT / mention).exists() or (ROOT / "docs" / mention).exists(), mention
    if name == "life-of-a-request.md":
        assert len([mention for mention in mentioned if mention.endswith(".py")]) > 5


class Key(msgspec.Struct, frozen=True):
    """One key of config.toml as the document must give it."""

    type: str
    default: str


def documented_keys(text: str) -> dict[str, Key]:
    """The rows `| key | type | default | meaning |` below each heading; a row without a meaning does not count."""
    found: dict[str, Key] = {}
    for line in text.splitlines():
        row = re.fullmatch(r"\| `([a-z_.\[\]]+)` \| (.+?) \| (.+?) \| (\S.*\S) \|", line)
        if row is not None:
            assert row[1] not in found, f"{row[1]} is there twice"
            found[row[1]] = Key(row[2].replace("\\|", "|"), row[3])
    return found


def keys_of(section: Any, prefix: str = "") -> Iterator[tuple[str, Key]]:
    hints = get_type_hints(section)
    for field in msgspec.structs.fields(section):
        hint = hints[field.name]
        name = f"{prefix}{field.encode_name}"
        inner = struct_in(hint)
        if inner is Match and name != "routes[].match":
            yield name, Key("table, as `routes[].match`", "none")
            continue
        if inner is not None:
            several = get_origin(hint) is tuple
            yield from keys_of(inner, f"{name}[]." if several else f"{name}.")
            continue
        yield name, Key(type_name(hint), default_text(field))


def struct_in(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((arg for arg in get_args(hint) if isinstance(arg, type) and issubclass(arg, msgspec.Struct)), None)


NAMES: dict[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "whole number",
    float: "number",
    Seconds: "duration",
    Bytes: "size",
    Usd: "money",
}


def type_name(hint: Any) -> str:
    if hint in NAMES:
        return NAMES[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " | ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {type_name(arguments[0])}s"
    if origin is dict:
        return f"table of {type_name(arguments[1])}"
    if origin in (UnionType, typing.Union):
        return " or ".join(type_name(argument) for argument in arguments if argument is not type(None))
    raise AssertionError(f"no name for {hint}: add it here")


def default_text(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return "required"
    if value is None or value in ((), {}, ""):
        return "none"
    if isinstance(value, Seconds):
        return f"`{duration(value)}`"
    if isinstance(value, Bytes):
        return f"`{size(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def duration(value: float) -> str:
    for unit, seconds in (("h", 3600), ("m", 60)):
        if value >= seconds and value % seconds == 0:
            return f"{value / seconds:g}{unit}"
    return f"{value:g}s"


def size(value: int) -> str:
    for unit, count in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if value >= count and value % count == 0:
            return f"{value // count}{unit}"
    return f"{value}B"


def test_every_key_is_documented_with_its_type_and_default() -> None:
    documented = documented_keys((ROOT / "docs/configuration.md").read_text())
    expected = dict(keys_of(Config))
    assert {name: expected[name] for name in expected if documented.get(name) != expected[name]} == {}
    assert set(documented) - set(expected) == set(), "documented, but there is no such key"


def test_the_check_of_the_document_sees_all_levels() -> None:
    expected = dict(keys_of(Config))
    assert expected["cache.ttl"] == Key("duration", "`24h`")
    assert expected["routes[].match.model"] == Key("string or list of strings", "none")
    assert expected["backends[].name"] == Key("string", "required")
    assert {f"routes[].match.{field}" for field in Match.__struct_fields__} <= set(expected)
    assert "routes[].rules[].match" in expected
    text = "| `a.b` | string | none | What it means. |\n| `a.c` | string | none |  |\n"
    assert documented_keys(text) == {"a.b": Key("string", "none")}


def test_the_defaults_in_the_document_are_written_as_the_file_wants_them() -> None:
    for name, key in documented_keys((ROOT / "docs/configuration.md").read_text()).items():
        value = key.default.strip("`")
        if key.default.startswith("`") and key.type == "duration":
            assert Seconds.parse(value) >= 0, name
        elif key.default.startswith("`") and key.type == "size":
            assert Bytes.parse(value) >= 0, name


CONTRACT_METRICS = {
    "halfpenny_requests_total": ("outcome", "route", "surface"),
    "halfpenny_overhead_seconds": (),
    "halfpenny_time_to_first_token_seconds": (),
    "halfpenny_upstream_attempts_total": ("backend", "status"),
    "halfpenny_spend_usd_total": (),
    "halfpenny_saved_usd_total": ("by",),
    "halfpenny_false_hit_rate_upper": ("namespace",),
    "halfpenny_event_loop_lag_seconds": (),
    "halfpenny_ledger_queue": (),
    "halfpenny_config_info": ("sha",),
}


class Metric(msgspec.Struct, frozen=True):
    kind: str
    labels: tuple[str, ...]
    definition: str


def registered() -> dict[str, Metric]:
    found = {}
    for collector in list(Metrics().registry._collector_to_names):
        (family,) = collector.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = tuple(getattr(collector, "_labelnames", ()))
        found[name] = Metric(family.type, labels, family.documentation)
    return found


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(halfpenny_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    documented = {
        name: Metric(kind, tuple(re.findall(r"`(\w+)`", labels)), definition) for name, kind, labels, definition in rows
    }
    assert len(rows) == len(documented)
    assert documented == registered()


def test_the_promised_metrics_exist() -> None:
    found = registered()
    assert {name: found[name].labels for name in CONTRACT_METRICS} == CONTRACT_METRICS
