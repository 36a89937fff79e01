"""A group of commands whose modules are imported only when they are called."""

from dataclasses import dataclass

import click

from landscape.startup import imported


@dataclass(frozen=True)
class Listed:
    """A command of a group: its place in `landscape.cli`, such as "inspecting.info:info", and its summary."""

    place: str
    summary: str


class LazyGroup(click.Group):
    """A group that knows the place and the summary of each of its commands, by name."""

    listed: dict[str, Listed]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.listed:
            return None
        command: click.Command = imported(f"landscape.cli.{self.listed[cmd_name].place}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.listed[name].summary) for name in self.list_commands(ctx)])
