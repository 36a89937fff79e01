"""The cache of compiled functions, in copies of a small package whose files change."""

import ast
import fcntl
import gc
import importlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from numba import config, njit
from numba.core.caching import FunctionCache

from landscape.errors import LandscapeError, LandscapeWarning
from landscape.numerics import compilation
from landscape.numerics.compilation import _Index, compile_seconds, compiling_if

# Four files: the first imports the second, which imports the third; they define a function, a callback and a constant.
SOURCES = {
    "top": """
from numba import float64
from small import middle
from small.numerics.compilation import callback, entry, exact, is_compiled

@entry
@exact
def threefold(x):
    return 3.0 * middle.shifted(x)

def plain(x):
    return 3.0 * middle.shifted(x)

def called_back():
    return callback(float64(float64), plain)
""",
    "middle": """
from small.bottom import SHIFT
from small.numerics.compilation import inlined

@inlined
def shifted(x):
    return x + SHIFT
""",
    "bottom": "SHIFT = 1.0",
    "aside": "SHIFT = 1.0",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "small"
    (root / "numerics").mkdir(parents=True)
    shutil.copy(compilation.__file__, root / "numerics")
    for name, text in SOURCES.items():
        (root / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(config, "CACHE_DIR", "")
    return root


def fresh() -> Any:  # noqa: ANN401 - a module
    """The first file, as another process would import it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "small"]:
        del sys.modules[name]
    return importlib.import_module("small.top")


def run(top: Any) -> tuple[float, float, int, int]:  # noqa: ANN401 - a module
    """Results of the function and the callback, and the cache hits of each."""
    called_back = top.called_back()
    result = top.threefold(1.0), called_back.ctypes(1.0)
    return *result, sum(top.threefold.stats.cache_hits.values()), called_back.cache_hits


@pytest.mark.usefixtures("package")
def test_no_garbage_is_collected_while_a_function_is_compiled() -> None:
    found: list[bool] = []
    with compilation.compiling_if(lambda: found.append(gc.isenabled())):
        run(fresh())
    assert set(found) == {False}
    assert gc.isenabled()


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("called", ["threefold", "called_back"])
def test_what_an_entry_calls_is_optimised_in_full_as_a_part_of_it_only(called: str) -> None:
    level, top = config.OPT, fresh()
    own = sys.modules["small.numerics.compilation"]
    compile_one: Callable[[], object] = top.called_back if called == "called_back" else lambda: top.threefold(1.0)
    first, *_, last = levels(own, compile_one)
    assert (first, last, config.OPT) == (level, 1, level)


def test_what_functions_of_others_call_is_optimised_in_full() -> None:
    inner = njit(lambda x: 2.0 * x)
    outer = njit(lambda x: inner(x) + 1.0)
    assert levels(compilation, lambda: outer(1.0)) == [config.OPT] * 2


def levels(own: Any, compile_one: Callable[[], object]) -> list[int]:  # noqa: ANN401 - a module
    """The levels of optimisation of the functions that are compiled, those that are called last."""
    found: list[int] = []
    with own.compiling_if(lambda: found.append(config.OPT)):
        compile_one()
    return found


def test_what_has_not_changed_is_found(package: Path) -> None:
    assert run(fresh()) == (6.0, 6.0, 0, 0)
    (package / "aside.py").write_text("SHIFT = 2.0")
    assert run(fresh()) == (6.0, 6.0, 1, 1)


def test_compiled_functions_assign_no_arrays_to_slices() -> None:
    """Numba compiles such an assignment ten times as long as a loop; `landscape.numerics.vectors.copy` has the loop."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(compilation.PACKAGE.rglob("*.py"))
        if "numerics.compilation import" in (text := path.read_text())
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef)
        and {"exact", "inlined", "reordered"} & {getattr(each, "id", "") for each in function.decorator_list}
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant)
        for target in node.targets
        for part, value in _pairs(target, node.value)
        if isinstance(part, ast.Subscript) and _has_slice(part) and not isinstance(value, ast.Constant)
    ]
    assert found == []


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _has_slice(part: ast.Subscript) -> bool:
    return any(isinstance(node, ast.Slice) for node in ast.walk(part.slice))


def test_a_process_waits_for_the_code_that_another_one_compiles(package: Path) -> None:
    run(fresh())
    top = fresh()
    index, aside = next((package / "__pycache__").glob("top.threefold*.nbi")), package / "aside"
    index.rename(aside)
    with next((package / "__pycache__").glob("top.threefold*.lock")).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=top.threefold, args=(1.0,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        aside.rename(index)
    waiting.join()
    assert sum(top.threefold.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("ending", ["saved", "failed"])
def test_a_function_is_locked_only_while_it_is_compiled(package: Path, ending: str) -> None:
    def is_locked() -> bool:
        with next((package / "__pycache__").glob("top.threefold*.lock")).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def allow() -> None:
        found.append(is_locked())
        if ending == "failed" and found[-1]:
            raise KeyError

    found: list[bool] = []
    with suppress(KeyError), compiling_if(allow):
        fresh().threefold(1.0)
    assert found[:2] == [False, True]  # before the lock is taken, and before the function is compiled
    assert not is_locked()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("top", "3.0 *", "4.0 *", 8.0),
        ("middle", "x + SHIFT", "x - SHIFT", 0.0),
        ("bottom", "1.0", "2.0", 9.0),
        ("numerics/compilation", '"""The', '"""These are the', 6.0),
    ],
)
def test_a_change_of_a_file_that_it_is_made_from_makes_an_entry_stale(
    package: Path, name: str, old: str, new: str, expected: float
) -> None:
    run(fresh())
    file = package / f"{name}.py"
    file.write_text(file.read_text().replace(old, new))
    assert not fresh().is_compiled(fresh().plain)
    assert run(fresh()) == (expected, expected, 0, 0)
    assert run(fresh()) == (expected, expected, 1, 1)
    assert fresh().is_compiled(fresh().plain)


def test_where_the_folder_cannot_be_written_the_users_cache_is_used(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (package / "__pycache__").write_text("no folder")
    run(fresh())
    assert list((tmp_path / "cache").rglob("top.threefold*.nbi"))
    assert run(fresh()) == (6.0, 6.0, 1, 1)


@pytest.fixture
def closed(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of a package of which neither folder nor user's cache can be written."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for folder in (package / "__pycache__", tmp_path / "cache"):
        folder.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


def test_where_no_folder_can_be_written_a_temporary_one_of_the_user_is_used_and_told_once(closed: Path) -> None:
    own = closed / f"landscape-{os.getuid()}"
    with pytest.warns(LandscapeWarning, match=rf"compiled code is kept in {own}: .*set NUMBA_CACHE_DIR"):
        run(fresh())
    assert own.stat().st_mode & 0o077 == 0
    assert run(fresh()) == (6.0, 6.0, 1, 1)


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_temporary_folder_that_others_may_have_filled_is_refused(closed: Path, tmp_path: Path, kind: str) -> None:
    own = closed / f"landscape-{os.getuid()}"
    if kind == "open":
        own.mkdir()
        own.chmod(0o770)
    elif kind == "link":
        own.symlink_to(tmp_path)
    else:
        own.touch()
    with pytest.raises(LandscapeError, match=r"a folder of this user alone, found another: .*set NUMBA_CACHE_DIR"):
        fresh()


def test_without_a_folder_for_temporary_files_too_one_sentence_says_so(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(closed / "none")])
    with pytest.raises(LandscapeError, match=r"expected a folder for compiled code, found none: .*set NUMBA_CACHE_DIR"):
        fresh()


def test_processes_that_add_different_types_at_once_do_not_mix_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read the index before either writes it: one entry may be lost, but none gets the code of the other."""
    first, second = (_Index(str(tmp_path), "function", "stamp") for _ in range(2))
    monkeypatch.setattr(second, "_load_index", dict)
    second.save("float32", b"code for float32")
    first.save("float64", b"code for float64")
    second.save("float32", b"code for float32")
    monkeypatch.undo()
    assert second.load("float32") == b"code for float32"
    assert first.load("float64") is None
    first.save("float64", b"code for float64")
    assert [first.load(key) for key in ("float32", "float64")] == [b"code for float32", b"code for float64"]


def test_an_index_of_types_that_are_gone_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "renamed.py").write_text("class Old:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    module, index = importlib.import_module("renamed"), _Index(str(tmp_path), "function", "stamp")
    index.save(module.Old, b"code for the old type")
    assert index.load(module.Old) == b"code for the old type"
    monkeypatch.delattr(module, "Old")
    assert index.is_empty()
    monkeypatch.delitem(sys.modules, "renamed")
    (tmp_path / "renamed.py").unlink()
    assert index.is_empty()
    assert index.load("float64") is None
    index.save("float64", b"code for float64")
    assert index.load("float64") == b"code for float64"


def test_functions_of_others_keep_the_cache_of_numba() -> None:
    def function(x: float) -> float:
        return x

    of_others: Callable[..., Any] = njit(cache=True)(function)
    assert type(of_others._cache) is FunctionCache  # type: ignore[attr-defined]


def test_the_time_of_compiling_is_counted_once() -> None:
    twice = njit(lambda x: 2.0 * x)  # as no cache knows
    before, began = compile_seconds(), time.perf_counter()
    assert twice(1.5) == 3.0
    took = compile_seconds() - before
    assert 0.0 < took <= time.perf_counter() - began
    assert twice(2.0) == 4.0
    assert compile_seconds() - before == took


def test_a_compilation_ends_where_the_thread_may_not_go_on() -> None:
    """The check is asked before each function, also before one that is called; afterwards all compiles as ever."""
    inner = njit(lambda x: 2.0 * x)
    outer = njit(lambda x: inner(x) + 1.0)
    left = [None]  # compilations that are allowed

    def allow() -> None:
        if not left:
            raise KeyError("no more")
        left.pop()

    def elsewhere() -> None:
        results.append(njit(lambda x: x - 1.0)(3.0))

    def work() -> None:
        with compiling_if(allow):
            other = threading.Thread(target=elsewhere)
            other.start()
            other.join()
            assert left == [None]  # other threads compile freely
            outer(1.0)

    results: list[float] = []
    before = compile_seconds()
    with pytest.raises(KeyError, match="no more"):
        work()
    assert (left, results) == ([], [2.0])
    assert outer.signatures == inner.signatures == []
    stopped = compile_seconds()
    assert stopped > before
    assert outer(1.0) == 3.0
    assert compile_seconds() > stopped
