"""One module per command group: declaration and behaviour of data and server commands."""
