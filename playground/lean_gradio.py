"""Gradio (6.31) without what it does for nobody here: half of its import, and three of the four apps that it makes.

Each of these lasts only as long as a `with`, and what it leaves out is left out in ways that Gradio knows of itself.
"""

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


@contextmanager
def no_early_apps() -> Iterator[None]:
    """While it lasts, a page is built without the web server's app, which `launch` makes again in any case.

    Gradio makes one when a page is begun, one when it is complete, one for its queue, and the one that is served.
    """
    from gradio.routes import App

    real = App.__dict__["create_app"]
    App.create_app = staticmethod(lambda *page, **how: None)
    try:
        yield
    finally:
        App.create_app = real
