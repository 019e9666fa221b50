"""Commands and types of value written in Python by users, and the modules that come with the server.

`api.py` is what an author needs: `Module`, `ModuleServer`, `ModuleValue`, `CommandGroup` and the words around them.
"""
