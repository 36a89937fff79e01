"""The message for a data set that cannot be used."""

from collections.abc import Callable

import pytest

from landscape.errors import DataError


def fault(call: Callable[[], object]) -> str:
    """The one line of the error that the call must raise."""
    with pytest.raises(DataError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    return message
