"""Work on several threads that begin at once."""

import threading
from collections.abc import Callable
from typing import Any


def together(work: Callable[[int], Any], threads: int) -> None:
    """Run work(0), work(1), … on threads that start at once; the first error is raised here."""
    errors: list[BaseException] = []
    gate = threading.Barrier(threads)

    def guarded(number: int) -> None:
        try:
            gate.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    crew = [threading.Thread(target=guarded, args=(number,)) for number in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if errors:
        raise errors[0]
