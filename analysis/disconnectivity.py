"""Draw the disconnectivity graph of a database file: the command `landscape tree` as a script."""

from landscape.cli.drawing.tree import tree
from landscape.plots.scripts import Script

main = Script("disconnectivity", params=tree.params, callback=tree.callback, help=tree.help)

if __name__ == "__main__":
    main()
