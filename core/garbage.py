"""When the collector of cyclic garbage may rest. What it costs is measured in tests/bench."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """For work of a second or two that makes many objects and no cycles: looking among them for garbage again and again
    takes a third of its time. Threads may overlap: whoever found it on turns it on again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
