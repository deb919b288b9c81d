"""Coroutines of tests, in a thread of their own: the browser tests leave an event loop running in the main one."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any


def in_loop(story: Coroutine, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop) -> Any:
    """Return what a coroutine comes to in a loop of its own; whatever it leaves running is ended."""

    def run() -> Any:
        loop = new_loop()
        try:
            return loop.run_until_complete(story)
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(task)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()
