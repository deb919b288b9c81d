"""Gradio (6.31) without what it does for nobody here: more than half of its import, and three of its four apps.

Each of these lasts only as long as a `with`, and what it leaves out is left out in ways that Gradio knows of itself.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def for_the_page_alone() -> Iterator[None]:
    """While it lasts, Gradio is imported, and components are made, without what only an editor would use.

    It makes a .pyi file beside the source of each of its eighty components, anew at every import and in our folders
    too, parsing that source twice; none for a class whose file it cannot tell, so that it is told none. And it compiles
    a Jinja template for the docstring of each of their two hundred events, only to put in the component's name.
    """
    import jinja2

    find, template = inspect.getfile, jinja2.Template

    def getfile(thing):
        if sys._getframe(1).f_code.co_name == "create_or_modify_pyi":
            raise OSError("no stub file")
        return find(thing)

    inspect.getfile, jinja2.Template = getfile, _Docstring
    try:
        yield
    finally:
        inspect.getfile, jinja2.Template = find, template


class _Docstring(str):
    """Text with a place for a name."""

    def render(self, component: str) -> str:
        return self.replace("{{ component }}", component)


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
