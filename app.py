"""Open the GPT Playground: `python app.py`. Also the entry point of a Hugging Face Space, and the page for a notebook.

It imports nothing of the page at the top: a worker process may import this file again and must not pay for the page.
"""

import atexit
import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.build import Playground


def main() -> None:
    """Serve the page until Ctrl-C."""
    from playground.server.settings import read_settings
    from playground.server.starting import check_start

    settings = read_settings()
    try:
        check_start(settings)
    except ValueError as error:
        sys.exit(f"app.py: error: {error}")
    os.environ.setdefault("MPLBACKEND", "agg")  # else Gradio imports pyplot at its first event only to ask which it is
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # no search through every installed package for more
    gc.disable()  # what is imported lives on: looking for garbage in it takes a fifth of the start; `serve` enables it
    from core.runs import processes

    processes.prepare()
    from playground.server.gradio_patches import quick_import

    with quick_import():
        from core.runs.store import RunStore
        from playground.build import build_app as build
        from playground.server.serve import serve

        store = RunStore(settings.runs, settings.workers)
        app = build(store, settings)
    serve(app, store, settings)


def build_app() -> "Playground":
    """Return the page as a `gr.Blocks` over the runs in ./runs, for a notebook: `build_app().launch()`.

    Its workers start at once and end with this process. A script calls it under `if __name__ == "__main__":`, because a
    worker imports the script again.
    """
    from core.runs import processes

    processes.prepare()
    from playground.server.gradio_patches import quick_import

    with quick_import():
        from core.runs.store import RunStore
        from playground.build import build_app as build
        from playground.server.settings import Settings

    settings = Settings()
    store = RunStore(settings.runs).open()
    atexit.register(store.close)  # pauses what trains; a process that is killed leaves that to its workers
    return build(store, settings)


if __name__ == "__main__":
    main()
