"""Sources of data that a run file may name: known data sets, files, folders of images, and laws with their options."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from landscape.config.clusters import Clusters
from landscape.config.fields import DATASETS, FILE_SUFFIXES, IMAGE_FOLDERS
from landscape.config.options import Options
from landscape.config.stripes import Stripes
from landscape.errors import ConfigError

LAWS: tuple[type[Options], ...] = (Stripes, Clusters)
"""Options of the laws from which samples are made, by the name of the data set."""
EXAMPLES = ", ".join(law.EXAMPLE.partition(",")[0] for law in LAWS)


def options_of(name: str) -> Options | None:
    """The options in the name of a data set that is a law; None for another data set. Raises `ConfigError`."""
    return next((options for law in LAWS if (options := law.named(name)) is not None), None)


def _source(name: str) -> str:
    kind, _, folder = name.partition(":")
    if kind in IMAGE_FOLDERS:
        if not folder:
            raise ValueError(f"expected the folder with its files after a colon, as in {kind}:data")
    elif kind in (law.DATASET for law in LAWS):
        _check_options(name)
    elif name not in DATASETS and not name.lower().endswith(FILE_SUFFIXES):
        known = f"{', '.join(DATASETS)}, {EXAMPLES} or a path to {', '.join(FILE_SUFFIXES)}"
        folders = ", ".join(f"{kind}:FOLDER" for kind in IMAGE_FOLDERS)
        raise PydanticCustomError("data_set", "expected {expected}", {"expected": f"{known} or {folders}"})
    return name


def _check_options(name: str) -> None:
    try:
        options_of(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error


SOURCES = f"a known data set, a path to a file, images as in mnist:FOLDER, or a law as in {EXAMPLES}"
DataSetOrFile = Annotated[str, AfterValidator(_source)]
