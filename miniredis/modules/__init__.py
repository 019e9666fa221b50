"""The API for commands and types written in Python by users; the shipped modules."""
