"""Tables as pandas, R and spreadsheets write them: read as the samples that they hold, or refused."""

from pathlib import Path

import numpy as np
import pytest

from landscape.config.run_file import RunConfig
from landscape.problems.data.datasets import load
from tests.problems.faults import fault

INPUTS = [[5.5, 3.5], [4.75, -3.0], [0.25, 1e-3], [6.5, 3.25]]
LABELS = [0, 1, 1, 0]
ROWS = "5.5,3.5,0\n4.75,-3.0,1\n0.25,0.001,1\n6.5,3.25,0\n"
INDEXED = "".join(f"{place},{row}\n" for place, row in zip((7, 0, 12, 3), ROWS.splitlines(), strict=True))
NAMED = "".join(f"flower {place},{row}\n" for place, row in enumerate(ROWS.splitlines()))
COMMAS = ROWS.replace(",", ";").replace(".", ",")

READ = {
    "plain": ROWS,
    "names": f"length,width,class\n{ROWS}",
    "a byte order mark": f"\ufefflength,width,class\n{ROWS}",
    "of Windows": f"\ufefflength;width;class\n{COMMAS}".replace("\n", "\r\n"),
    "semicolons and points": f"length;width;class\n{ROWS}".replace(",", ";"),
    "decimal commas without names": COMMAS,
    "tabs": f"length\twidth\tclass\n{ROWS}".replace(",", "\t"),
    "tabs and decimal commas": f"length\twidth\tclass\n{COMMAS}".replace(";", "\t"),
    "commas in names": f"length, in cm;width, in cm;class\n{COMMAS}",
    "semicolons in names": f'length; in cm,"width; in cm",class\n{ROWS}',
    "a line of Excel": f"sep=;\nlength;width;class\n{COMMAS}",
    "quoted names": f'"length","wi""dth, in\ncm","class"\n{ROWS}',
    "everything quoted": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in f"length,width,class\n{ROWS}".splitlines()
    ),
    "blank lines": f"\n\nlength,width,class\n\n{ROWS}\n   \n,,\n",
    "spaces": "\n".join(line.replace(",", " ,  ") for line in f"length,width,class\n{ROWS}".splitlines()),
    "no end of line": ROWS.strip(),
    "a comment of numpy": f"# length,width,class\n{ROWS}",
    "to_csv": f",length,width,class\n{INDEXED}",
    "to_csv of named rows": f",length,width,class\n{NAMED}",
    "to_csv of an array": f",0,1,2\n{INDEXED}",
    "to_csv of an array with a label": f",0,1,class\n{INDEXED}",
    "to_csv of an array without its index": f"0,1,class\n{ROWS}",
    "to_csv of what to_csv wrote": "".join(
        f"{place},{line}\n" for place, line in zip(["", *range(4)], ["Unnamed: 0,a,b,y", *INDEXED.split()], strict=True)
    ),
    "columns from 1": f"1,2,class\n{ROWS}",
    "write.csv of R": '"","length","width","class"\n'
    + "".join(f'"{place}",{row}\n' for place, row in enumerate(ROWS.splitlines(), 1)),
}  # fmt: skip


def saved(folder: Path, text: str, encoding: str = "utf-8") -> str:
    path = folder / "data.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


@pytest.mark.parametrize("name", READ)
def test_tables_are_read_as_their_samples(tmp_path: Path, name: str) -> None:
    data = load(saved(tmp_path, READ[name]), standardise=False)
    np.testing.assert_array_equal(data.inputs, INPUTS)
    np.testing.assert_array_equal(data.targets, LABELS)


REFUSED = {
    "numbers of columns": (f"0,1,2\n{ROWS}", "in the first row, found 0, 1, 2, which may be numbers of the columns"),
    "columns from 1": (f"1,2,3\n{ROWS}", "may be numbers of the columns"),
    "names that are numbers": (f"400,410,class\n{ROWS}", "row 1, column 3, found 'class'"),
    "years": (f"2001,2002,2003\n{ROWS}", "expected the labels 0..2 for 3 classes, found also 2003"),
    "an index without names": (
        "".join(f"{place},{row}\n" for place, row in enumerate(ROWS.splitlines())),
        "expected inputs in the first column, found 0, 1, 2, ..., which may be numbers of the rows",
    ),
    "an index from 1": (
        "patient,a,b,y\n" + "".join(f"{place},{row}\n" for place, row in enumerate(ROWS.splitlines(), 1)),
        "found 1, 2, 3, ... in the column patient, which may be numbers of the rows",
    ),
    "an index by name": (f"Id,a,b,y\n{INDEXED}", "found 7, 0, 12, ... in the column Id"),
    "named rows without names": (NAMED, "row 1, column 1, found 'flower 0'"),
    "an unnamed input": (f",width,class\n{ROWS}", "expected a name for every column"),
    "an unnamed input twice": (",a,class\n1,3.5,0\n1,3,1\n", "in the column ''; name it, or leave it out"),
    "the label first": ("label,a,b\n0,5.5,3.5\n1,4,3\n", "in the last column, found the column label before b"),
    "the first value missing": (",3.5,0\n4,3,1\n", "row 1, column 1, found an empty cell"),
    "a value missing": ("a,b,y\n5,,0\n4,3,1\n", "row 2, column b, found an empty cell"),
    "NA": ("a,b,y\n5,NA,0\n4,3,1\n", "row 2, column b, found 'NA'"),
    "a question mark": ("5,?,0\n4,3,1\n", "row 1, column 2, found '?'"),
    "both decimals": ("5.5;1;0\n4,5;3;1\n", "row 1, column 1, found '5.5', beside decimal commas"),
    "thousands": ("a;b;y\n1.234,5;1;0\n4,5;3;1\n", "row 2, column a, found '1.234,5', beside decimal commas"),
    "decimal commas among commas": ('"5,5",1,0\n"4,5",3,1\n', "row 1, column 1, found '5,5'"),
    "digits of Python": ("1_000,1,0\n5,3,1\n", "row 1, column 1, found '1_000'"),
    "digits of other scripts": ("٣,1,0\n5,3,1\n", "row 1, column 1, found '٣'"),
    "too large": ("1e999,1,0\n5,3,1\n", "row 1, column 1, found '1e999'"),
    "spaces between columns": ("1 2 0\n3 4 1\n", "with commas, semicolons or tabs between, found one column"),
    "an index and a label": (",y\n0,0\n1,1\n", "found one column"),
    "a second header": (f"a,b,y\n{ROWS}a,b,y\n", "row 6, column a, found 'a'"),
    "a total": (f"a,b,y\n{ROWS}total,,2\n", "row 6, column a, found 'total'"),
    "named labels": ("a,b,y\n5,3,setosa\n4,3,virginica\n", "column y, found 'setosa'; number the classes from 0"),
    "true and false": ("a,b,y\n5,3,True\n4,3,False\n", "column y, found 'True'; number the classes from 0"),
    "a line of Excel counts": ("sep=;\na;b;y\n5;x;0\n4;3;1\n", "row 3, column b, found 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_tables_that_may_be_misread_are_refused(tmp_path: Path, name: str) -> None:
    text, expected = REFUSED[name]
    assert expected in fault(lambda: load(saved(tmp_path, text)))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    expected = "found another encoding at byte"
    assert expected in fault(lambda: load(saved(tmp_path, f"Länge,Breite,Art\n{ROWS}", encoding)))


@pytest.mark.parametrize("first", [0, 1])
def test_the_only_input_may_count(tmp_path: Path, first: int) -> None:
    text = "".join(f"{first + row},{row**2}.5\n" for row in range(5))
    data = load(saved(tmp_path, text), standardise=False)
    np.testing.assert_array_equal(data.inputs[:, 0], np.arange(first, first + 5))


def test_run_files_with_a_byte_order_mark(tmp_path: Path) -> None:
    text = '[problem]\ndataset = "iris"\n'
    path = tmp_path / "run.toml"
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert RunConfig.from_toml(path) == RunConfig.from_text(text)
