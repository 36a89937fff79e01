"""Choice of one of several functions for compiled code, by a number known when the code runs."""

from collections.abc import Callable, Sequence
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Function = Callable[..., Any]


def choice(functions: Sequence[Function]) -> Function:
    """Compiled function of (number, *arguments) that calls the function with this number, counted from 0, on the
    arguments, and the last one for all larger numbers. All must give results of one type.
    """
    last = len(functions) - 1

    @intrinsic  # type: ignore[untyped-decorator] # numba has no types
    def chosen(context: Any, number: object, *arguments: object) -> tuple[Any, Any]:  # noqa: ANN401 - numba's own
        kinds = [context.resolve_value_type(function) for function in functions]
        signatures = [kind.get_call_type(context, arguments, {}) for kind in kinds]
        (result,) = {signature.return_type for signature in signatures}

        def write(target: Any, builder: Any, _: object, values: Any) -> Any:  # noqa: ANN401 - numba's own
            which, rest = values[0], cgutils.unpack_tuple(builder, values[1], len(arguments))
            found = cgutils.alloca_once(builder, target.get_value_type(result))

            def call(place: int) -> None:
                called = target.get_function(kinds[place], signatures[place])
                builder.store(called(builder, rest), found)

            end, default = (builder.append_basic_block(name) for name in ("chosen", "last"))
            switch = builder.switch(which, default)
            for place in range(last):
                block = builder.append_basic_block("one")
                switch.add_case(which.type(place), block)
                with builder.goto_block(block):
                    call(place)
                    builder.branch(end)
            with builder.goto_block(default):
                call(last)
                builder.branch(end)
            builder.position_at_end(end)
            return builder.load(found)

        return result(number, types.StarArgTuple(arguments)), write

    made: Function = chosen
    return made
