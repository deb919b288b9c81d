"""How to import Gradio in half its time: without the stub files that it writes beside every component."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_stub_files() -> Iterator[None]:
    """While it lasts, components are made without a .pyi file beside their source.

    Gradio makes one for an editor, anew at every import and in our folders too: it parses the source of each of its
    eighty components twice. It makes none for a class whose file it cannot tell, so that it is told none.
    """
    real = inspect.getfile

    def getfile(thing):
        if sys._getframe(1).f_code.co_name == "create_or_modify_pyi":
            raise OSError("no stub file")
        return real(thing)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = real
