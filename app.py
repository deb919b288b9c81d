"""Open the GPT Playground: `python app.py`. Also the entry point of a Hugging Face Space.

Light on purpose: a worker process may import this file again when it starts, and must not pay for the page.
"""

import gc
import os


def main() -> None:
    """Serve the page until Ctrl-C."""
    from playground.settings import read_settings

    settings = read_settings()
    os.environ.setdefault("MPLBACKEND", "agg")  # else Gradio imports pyplot at its first event only to ask which it is
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # no search through every installed package for more
    gc.disable()  # what is imported lives on: looking for garbage in it takes a fifth of the start; `serve` turns it on
    from playground import processes

    processes.prepare()
    from playground.lean_gradio import for_the_page_alone

    with for_the_page_alone():
        from playground.ui import serve
    serve(settings)


def build_app():
    """Return the page as a `gr.Blocks`, over runs in ./runs; for a notebook or a test."""
    from playground import processes

    processes.prepare()
    from playground.lean_gradio import for_the_page_alone

    with for_the_page_alone():
        from playground.runs import RunStore
        from playground.settings import Settings
        from playground.ui import build_app as build
    return build(RunStore(Settings().runs).open(), Settings())


if __name__ == "__main__":
    main()
