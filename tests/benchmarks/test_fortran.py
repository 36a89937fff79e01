"""Input and output of OPTIM and GMIN; neither program is run."""

import numpy as np

from tests.benchmarks.fortran import Fortran, columns, number, path_steps

MINIMA = """        0.123456789012346
  1.0000000000
 -2.5000000000
  0.3000000000E-01
        0.234567890123456
  4.0000000000
  5.0000000000
  6.0000000000
"""
LOWEST = """           3
Energy of minimum      1=    0.8600617531E-01 first found at step        1 after                  369 function calls
   -0.1540281752
     1.019378973
   -0.5334915983E-01
           3
Energy of minimum      2=    0.8619775834E-01 first found at step       18 after                 3089 function calls
    1.000000000
    2.000000000
    3.000000000
"""
PATH = """        0.022542961406046
     1 C1
        1.000000000000000       -2.000000000000000        3.000000000000000
       -0.400000000000000E-01
        0.022549715365331
     1 C1
        5.000000000000000        6.000000000000000        7.000000000000000
        8.000000000000000
        0.022546066953313
     2 C2v
        9.000000000000000       10.000000000000000       11.000000000000000
       12.000000000000000
"""


def test_points_of_min_data_info() -> None:
    np.testing.assert_array_equal(columns(MINIMA, 3, head=1), [[1.0, -2.5, 0.03], [4.0, 5.0, 6.0]])


def test_points_of_lowest() -> None:
    expected = [[-0.1540281752, 1.019378973, -0.05334915983], [1.0, 2.0, 3.0]]
    np.testing.assert_array_equal(columns(LOWEST, 3, head=2), expected)


def test_steps_of_path_info() -> None:
    steps = path_steps(PATH + PATH, 4)
    expected = [[1.0, -2.0, 3.0, -0.04], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]
    np.testing.assert_array_equal(steps, [expected, expected])


def test_nothing_found() -> None:
    assert columns("", 3, head=2).shape == (0, 3)
    assert path_steps("", 4).shape == (0, 3, 4)


def test_weights_of_both_layers_come_before_the_biases() -> None:
    network = Fortran("xor-4", 1e-4)
    theta = np.arange(22.0)  # 2-4-2: W1 0 to 7, b1 8 to 11, W2 12 to 19, b2 20 and 21
    column = [float(line) for line in network.column(theta).splitlines()]
    assert column == [*range(8), *range(12, 20), *range(8, 12), 20, 21]
    np.testing.assert_array_equal(network.ours(np.array([column, column])), [theta, theta])


def test_the_landscape_in_their_terms() -> None:
    network = Fortran("xor-4", 1e-4)
    assert network.potential == "MLPVB3 2 1 4 2 4 1.000000D-04\n"
    assert network.samples == "0 0 0\n1 0 1\n1 1 0\n0 1 1\n"
    assert number(2.5e-7) == "2.500000D-07"
