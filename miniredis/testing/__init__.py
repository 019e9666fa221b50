"""In-process server, controllable clock, fault injection, pytest plugin."""
