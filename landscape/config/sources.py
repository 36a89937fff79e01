"""Sources of data that a run file may name: known data sets, files, folders of images, and `f_a` with its options."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from landscape.config.fields import DATASETS, FILE_SUFFIXES, IMAGE_FOLDERS
from landscape.config.stripes import STRIPES, Stripes
from landscape.errors import ConfigError


def _source(name: str) -> str:
    kind, _, folder = name.partition(":")
    if kind in IMAGE_FOLDERS:
        if not folder:
            raise ValueError(f"expected the folder with its files after a colon, as in {kind}:data")
    elif kind == STRIPES:
        _check_options(name)
    elif name not in DATASETS and not name.lower().endswith(FILE_SUFFIXES):
        known = f"{', '.join(DATASETS)}, {STRIPES}:K=6 or a path to {', '.join(FILE_SUFFIXES)}"
        folders = ", ".join(f"{kind}:FOLDER" for kind in IMAGE_FOLDERS)
        raise PydanticCustomError("data_set", "expected {expected}", {"expected": f"{known} or {folders}"})
    return name


def _check_options(name: str) -> None:
    try:
        Stripes.named(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error


DataSetOrFile = Annotated[str, AfterValidator(_source)]
