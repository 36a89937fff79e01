"""Compilation of the project's functions with numba, and the cache of the machine code on disk.

Machine code includes the code and the constants of the functions that it calls, but numba's own cache checks only the
file of the function itself. Here an entry is valid as long as this file and all project files that it imports, directly
or indirectly, are unchanged. Numba decides where entries lie: beside the file, in the user's cache directory if the
folder of the file is not writable, or in NUMBA_CACHE_DIR. Where it finds no folder to write to, they lie in a temporary
one of the user's own. Other functions of the process are not affected.
"""

import ast
import fcntl
import gc
import hashlib
import inspect
import os
import stat
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import config, event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserWideCacheLocator
from numba.core.ccallback import CFunc
from numba.extending import register_jitable

from landscape.errors import LandscapeError, LandscapeWarning

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

PACKAGE = Path(__file__).parents[1]
COMPILING = "numba:compile"
OPTIONS: dict[Function, dict[str, object]] = {}
"""Options of numba for each function that is part of compiled ones."""
A_LITTLE = type(config.OPT)(1)  # of LLVM's levels
PATIENCE = 300.0
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Clock(event.TimingListener):  # type: ignore[misc] # numba has no types
    """Adds up the time. Calls `allow` of the thread before it compiles a function, also one that is called."""

    thread = threading.local()

    def on_start(self, event: object) -> None:
        super().on_start(event)
        allow = getattr(self.thread, "allow", None)
        if allow is not None:
            allow()


class _Savings(event.Listener, threading.local):  # type: ignore[misc] # numba has no types
    """Savings of a thread while it compiles. No garbage is collected: nothing would be freed, in a quarter of the time.
    The functions that one of ours calls are optimised a little alone, and in full as parts of its code.
    """

    _depth, _collects, _ours, _level = 0, False, False, config.OPT

    def on_start(self, event: event.Event) -> None:
        if not self._depth:
            self._collects = gc.isenabled()
            gc.disable()
            self._ours = isinstance(getattr((event.data or {}).get("dispatcher"), "_cache", None), _Cache)
            self._level = config.OPT
        elif self._ours:  # only the thread that has numba's lock compiles the functions that another one calls
            config.OPT = A_LITTLE
        self._depth += 1

    def on_end(self, event: event.Event) -> None:  # noqa: ARG002 - numba names it
        self._depth -= 1
        if self._ours and self._depth == 1:
            config.OPT = self._level
        elif not self._depth and self._collects:
            gc.enable()


class _Locks(event.Listener):  # type: ignore[misc] # numba has no types
    """Locks of the functions that this process compiles, which other processes wait for. A function may be compiled
    while another one is, never the other way round.
    """

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}

    def take(self, path: Path) -> None:
        """Take the lock at a path when no other process has it, but wait no more than `PATIENCE` seconds. Where the
        file system has no locks, nobody waits.
        """
        if path in self._held:
            return
        try:
            lock = self._held[path] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR)
        except OSError:
            return
        end = time.monotonic() + PATIENCE
        with event.trigger_event(COMPILING), suppress(OSError):
            while time.monotonic() < end:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.05)

    def leave(self, path: Path) -> None:
        """Release the lock at a path, if it was taken."""
        if path in self._held:
            os.close(self._held.pop(path))

    def on_start(self, event: object) -> None:
        pass

    def on_end(self, event: object) -> None:  # noqa: ARG002 - numba names it
        if sys.exc_info()[0] is not None:  # nothing will be saved
            for path in list(self._held):
                self.leave(path)


_CLOCK, _LOCKS = _Clock(), _Locks()
for _listener in (_LOCKS, _Savings(), _CLOCK):  # the last one may raise: the others are told start and end
    event.register(COMPILING, _listener)


class _Index(IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """Index of the files of machine code, named by the types of the arguments. Numba itself numbers the files, so that
    two processes that add code for different types at the same time may write the same file.
    """

    def save(self, key: object, data: object) -> None:
        digest = hashlib.sha256(repr(key).encode()).digest()
        name = self._data_name(int.from_bytes(digest[:8], "big"))
        self._save_data(name, data)
        self._save_index(self._load_index() | {key: name})

    def is_empty(self) -> bool:
        return not self._load_index()

    def _load_index(self) -> dict[object, str]:
        """The index; empty if it names a type that no longer exists in the project."""
        try:
            index: dict[object, str] = super()._load_index()
        except (AttributeError, ImportError):
            return {}
        return index


class _TemporaryLocator(UserWideCacheLocator):  # type: ignore[misc] # numba has no types
    def __init__(self, function: Function, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(_temporary_folder() / self.get_suitable_cache_subpath(file))


class _Places(CompileResultCacheImpl):  # type: ignore[misc] # numba has no types
    _locator_classes = (*CompileResultCacheImpl._locator_classes, _TemporaryLocator)  # noqa: SLF001 # its only list


class _Cache(FunctionCache):  # type: ignore[misc] # numba has no types
    _impl_class = _Places

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self._lock = Path(self.cache_path) / f"{self._impl.filename_base}.lock"
        self._cache_file = _Index(self.cache_path, self._impl.filename_base, _stamp(Path(inspect.getfile(function))))

    def load_overload(self, sig: object, target_context: object) -> object:
        """The machine code for a signature; none if this process is to compile it while others wait for it."""
        found = super().load_overload(sig, target_context)
        if found is None:
            _LOCKS.take(self._lock)
            found = super().load_overload(sig, target_context)  # the process that had the lock may have saved it
            if found is not None:
                _LOCKS.leave(self._lock)
        return found

    def save_overload(self, sig: object, data: object) -> None:
        super().save_overload(sig, data)
        _LOCKS.leave(self._lock)

    def is_empty(self) -> bool:
        return self._cache_file.is_empty()


def exact(function: F) -> F:
    """Makes a function whose terms must not be reordered part of the compiled functions that call it."""
    return _part(function, fastmath={"contract"})


def inlined(function: F) -> F:
    """`exact`, for inlining into loops that are to be vectorised."""
    return _part(function, fastmath={"contract"}, forceinline=True)


def reordered(function: F) -> F:
    """Makes a function whose terms may be added up in any order part of the compiled functions that call it."""
    return _part(function, fastmath={"contract", "reassoc", "nsz"})


def _part(function: F, **options: object) -> F:
    """The function, still one of Python. It has no code for calls from Python or C, which would take as long again."""
    OPTIONS[function] = options = {"error_model": "numpy", **options}
    made: F = register_jitable(no_cfunc_wrapper=True, no_cpython_wrapper=True, **options)(function)
    return made


def entry(function: F) -> F:
    """Compiles one of the functions above for calls from Python, without the GIL; its machine code lies on disk."""
    dispatcher: Any = njit(nogil=True, **OPTIONS[function])(function)
    if function.__closure__ is None:  # functions in a closure have no stable hash
        dispatcher._cache = _Cache(function)  # noqa: SLF001 # enable_caching() would use numba's own cache
    return cast("F", dispatcher)


def callback(signature: Any, function: Function) -> Any:  # noqa: ANN401 - numba has no types
    """A `cfunc` of the function, which compiled code can call by address."""
    made: Any = CFunc(function, (signature.args, signature.return_type), locals={}, options={"error_model": "numpy"})
    made._cache = _Cache(function)  # noqa: SLF001 # enable_caching() would use numba's own cache
    with event.trigger_event(COMPILING, data={"dispatcher": made}):
        made.compile()
    return made


@contextmanager
def compiling_if(allow: Callable[[], None]) -> Iterator[None]:
    """Context in which this thread calls `allow` before it compiles a function; an error of it ends the compilation."""
    _CLOCK.thread.allow = allow
    try:
        yield
    finally:
        _CLOCK.thread.allow = None


def compile_seconds() -> float:
    """Seconds that this process has spent on compiling so far; code from the cache takes hardly any."""
    return float(_CLOCK.duration) if _CLOCK.done else 0.0


def is_compiled(function: Function) -> bool:
    """True if the cache has machine code of the function that was made from the present sources."""
    return not _Cache(function).is_empty()


@cache
def _temporary_folder() -> Path:
    """The folder for machine code among temporary files, of this user alone, since numba unpickles what lies there.

    A warning is given by the process that makes it. Raises `LandscapeError` if it cannot be used.
    """
    remedy = f"{PACKAGE} and the user's cache cannot be written; set NUMBA_CACHE_DIR to a folder that can"
    try:
        folder = Path(tempfile.gettempdir()) / f"landscape-{os.getuid()}"
    except FileNotFoundError:
        raise LandscapeError(f"expected a folder for compiled code, found none: {remedy}") from None
    try:
        folder.mkdir(mode=stat.S_IRWXU)
    except FileExistsError:
        found = folder.lstat()
        if (stat.S_IFMT(found.st_mode), found.st_uid) != (stat.S_IFDIR, os.getuid()) or found.st_mode & OTHERS:
            raise LandscapeError(f"{folder}: expected a folder of this user alone, found another: {remedy}") from None
    else:
        warnings.warn(f"compiled code is kept in {folder}: {remedy}", LandscapeWarning, stacklevel=2)
    return folder


@cache
def _stamp(file: Path) -> str:
    """A hash of a source file and of all project files that it imports, directly or indirectly."""
    hashes: dict[Path, bytes] = {}
    waiting = [file]
    while waiting:
        source = waiting.pop()
        if source not in hashes:
            hashes[source], imported = _read(source)
            waiting += imported
    return hashlib.sha256(b"".join(hashes[source] for source in sorted(hashes))).hexdigest()


@cache
def _read(source: Path) -> tuple[bytes, list[Path]]:
    """The hash of a source file and the files of the project that it imports."""
    text = source.read_bytes()
    names = (name.split(".") for name in _imported(text) if name.split(".")[0] == PACKAGE.name)
    files = (PACKAGE.parent.joinpath(*name).with_suffix(".py") for name in names)
    return hashlib.sha256(text).digest(), [file for file in files if file.exists()]


def _imported(text: bytes) -> Iterator[str]:
    """Dotted names that may be imported modules."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}{end}" for end in ("", *(f".{alias.name}" for alias in node.names)))
