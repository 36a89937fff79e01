"""The ways in which numba compiles the functions of this project, and its cache of them on disk.

Compiled code holds the code and the constants of what it calls, but numba's own cache knows the file of a function
only. Here an entry is good as long as that file and all files of the project that it imports, directly or not, are what
they were. Where entries lie is left to numba: beside the file, in the user's cache directory if that cannot be written,
or in NUMBA_CACHE_DIR. Other functions of the process are not touched.
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.ccallback import CFunc

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

PACKAGE = Path(__file__).parents[1]


class _Index(IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """Names of the files of machine code by types. Numba numbers the files one by one, so that two processes that
    add code for different types at once may both write the same one.
    """

    def save(self, key: object, data: object) -> None:
        digest = hashlib.sha256(repr(key).encode()).digest()
        name = self._data_name(int.from_bytes(digest[:8], "big"))
        self._save_data(name, data)
        self._save_index(self._load_index() | {key: name})

    def is_empty(self) -> bool:
        return not self._load_index()

    def _load_index(self) -> dict[object, str]:
        """The index; empty if it names a type that the project, as it is now, does not have."""
        try:
            index: dict[object, str] = super()._load_index()
        except (AttributeError, ImportError):
            return {}
        return index


class _Cache(FunctionCache):  # type: ignore[misc] # numba has no types
    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self._cache_file = _Index(self.cache_path, self._impl.filename_base, _stamp(Path(inspect.getfile(function))))

    def is_empty(self) -> bool:
        return self._cache_file.is_empty()


def exact(function: F) -> F:
    """Compiles a function whose terms must not be reordered."""
    return _compiled(function, fastmath={"contract"})


def inlined(function: F) -> F:
    """As `exact`, into loops that are to be vectorised with it."""
    return _compiled(function, fastmath={"contract"}, forceinline=True)


def reordered(function: F) -> F:
    """Compiles a function whose terms may be added up in any order."""
    return _compiled(function, fastmath={"contract", "reassoc", "nsz"})


def _compiled(function: F, **options: object) -> F:
    dispatcher: Any = njit(nogil=True, error_model="numpy", **options)(function)
    if function.__closure__ is None:  # others are compiled with what calls them: other functions give no stable hash
        dispatcher._cache = _Cache(function)  # noqa: SLF001 # enable_caching() would take numba's own
    return cast("F", dispatcher)


def callback(signature: Any, function: Function) -> Any:  # noqa: ANN401 - numba has no types
    """The `cfunc` of a function, which compiled code may call by its address."""
    made: Any = CFunc(function, (signature.args, signature.return_type), locals={}, options={"error_model": "numpy"})
    made._cache = _Cache(function)  # noqa: SLF001 # as above
    made.compile()
    return made


def is_compiled(function: Function) -> bool:
    """Whether the cache has machine code of a function that was made from the sources as they are."""
    return not _Cache(function).is_empty()


@cache
def _stamp(file: Path) -> str:
    """A hash of a source file and all of the project that it imports, directly or not."""
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
    """Dotted names of what may be an imported module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}{end}" for end in ("", *(f".{alias.name}" for alias in node.names)))
