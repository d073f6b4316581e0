"""Programs that are hard on machine code and on whoever owns it; each runs in a process of its own.

``python stress.py NAME SEED`` ends with status 0 if every answer was right. What crashes, hangs or answers wrongly does
not.
"""

import faulthandler
import gc
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threads import together

from autograd_core import Graph, Value, custom_derivatives, grad, jit, math, value_and_grad, while_loop
from autograd_core.losses import squared_error
from autograd_core.nn import MLP
from autograd_core.optim import SGD

SAMPLES = 3000


def formula(factor: float) -> Callable[[Any, Any], Any]:
    return lambda x, y: math.sin(x * factor) * y + math.exp(y) * factor


def truth(factor: float, x: Any, y: Any) -> Any:
    return np.sin(x * factor) * y + np.exp(y) * factor


def require(found: Any, wanted: Any, what: str) -> None:
    if not np.allclose(found, wanted, rtol=1e-12, atol=0.0):
        raise AssertionError(f"{what}: {found} instead of {wanted}")


class Work:
    """One compiled function of each kind, and what it has to give."""

    def __init__(self, factor: float) -> None:
        f = formula(factor)
        self.factor = factor
        self.x = np.linspace(-1.0, 1.0, SAMPLES)
        self.y = np.linspace(0.5, 1.5, SAMPLES)
        self.wanted = truth(factor, self.x, self.y)
        self.point = jit(f)
        self.slope = jit(value_and_grad(f))
        self.batch = jit(f, in_axes=0)
        self.total = jit(f, in_axes=(0, 0), reduce="sum")
        self.mean = jit(grad(f), in_axes=(0, None), reduce="mean", threads=2)
        self.root, self.roots = jit(value_and_grad(self._root)), jit(value_and_grad(self._root), in_axes=0)
        self.paths = jit(value_and_grad(lambda x: math.sin(x) * factor if x > 0.0 else x * x), in_axes=0)

    def _root(self, x: Any) -> Any:
        """√(x² + factor), by a loop of more turns for some samples than for others."""
        a = x * x + self.factor
        turns = math.where(x > 0.0, 9.0, 12.0)
        return while_loop(lambda s: s[0] < turns, lambda s: (s[0] + 1.0, 0.5 * (s[1] + a / s[1])), (0.0, a))[1]

    def use(self, kind: int) -> None:
        factor, x, y = self.factor, self.x, self.y
        if kind == 0:
            require(self.point(0.5, 0.75), truth(factor, 0.5, 0.75), "a point")
        elif kind == 1:
            slope = np.cos(0.5 * factor) * factor * 0.75
            require(self.slope(0.5, 0.75), (truth(factor, 0.5, 0.75), slope), "a gradient")
        elif kind == 2:
            require(self.batch(x, y), self.wanted, "a batch")
        elif kind == 3:
            single = x.astype(np.float32)[::2]
            require(self.batch(single, y[::2]), truth(factor, single.astype(float), y[::2]), "other arrays")
        elif kind == 4:
            require(self.total(x, y), self.wanted.sum(), "a sum")
        elif kind == 5:
            require(self.mean(x, 0.75), (np.cos(x * factor) * factor * 0.75).mean(), "a mean")
        elif kind == 6:
            root = (0.25 + factor) ** 0.5
            require(self.root(0.5), (root, 0.5 / root), "a loop")
        elif kind == 7:
            roots = np.sqrt(x * x + factor)
            require(self.roots(x), (roots, x / roots), "a batch of loops")
        else:
            wanted = np.where(x > 0.0, np.sin(x) * factor, x * x), np.where(x > 0.0, np.cos(x) * factor, 2.0 * x)
            require(self.paths(x), wanted, "a batch of two paths")


KINDS = 9


def first_calls(seed: int) -> None:
    """Many threads make and call the same functions at once."""
    generator = random.Random(seed)
    for threads in (2, 6, 8):
        work = Work(generator.uniform(0.5, 2.0))
        for kind in range(KINDS):
            together(lambda _, kind=kind, work=work: [work.use(kind) for _ in range(5)], threads)  # type: ignore[misc]


def mixed_calls(seed: int) -> None:
    """Threads make functions of their own, call shared ones, and drop some while others collect garbage."""
    shared = Work(1.25)

    def work(number: int) -> None:
        generator = random.Random(seed * 100 + number)
        for _ in range(4):
            own = Work(generator.uniform(0.5, 2.0))
            for _ in range(12):
                generator.choice((own, shared)).use(generator.randrange(KINDS))
            del own
            gc.collect()

    together(work, 5)


def fits(seed: int) -> None:
    """Networks are fitted on several threads at once, to the bits that one alone gives."""

    def losses(number: int) -> list[float]:
        model = MLP(2, [4, 1], activation="tanh", seed=number)
        generator = np.random.default_rng(number)
        x = generator.normal(size=(50 + 30 * number, 2))
        history = model.fit(
            x, x[:, 0] * x[:, 1], loss=squared_error, optimizer=SGD(model.parameters(), lr=0.05), epochs=5,
            batch_size=16, seed=number, progress=False,
        )  # fmt: skip
        return history.losses

    wanted = [losses(number) for number in range(4)]
    found: dict[int, list[float]] = {}
    together(lambda number: found.update({number: losses(number % 4)}), 8)
    for number, course in found.items():
        if course != wanted[number % 4]:
            raise AssertionError(f"fit {number}: {course} instead of {wanted[number % 4]}")


def graphs(seed: int) -> None:
    """Compiled graphs are made, run, copied and dropped on several threads."""

    def work(number: int) -> None:
        for turn in range(6):
            x, y = Value(0.5), Value(0.25 * (number + 1))
            graph = Graph(math.sin(x) * y + math.exp(x * y)).compile()
            for step in range(20):
                x.data = step / 20
                x.grad = 0.0
                graph.forward()
                graph.backward()
                wanted = np.cos(x.data) * y.data + y.data * np.exp(x.data * y.data)
                require(x.grad, wanted, f"a graph on thread {number}, turn {turn}")

    together(work, 6)


def exceptions(seed: int) -> None:
    """Functions in Python that machine code calls back raise, on some threads and not on others."""
    local = threading.local()

    @custom_derivatives(lambda y, x: 2.0 * x)
    def square(x: float) -> float:
        if getattr(local, "raises", False):
            raise KeyError("raised on purpose")
        return x * x

    point = jit(lambda x: square(x) + math.sin(x))
    batch = jit(lambda x: square(x) + math.sin(x), in_axes=0)
    xs = np.linspace(0.0, 1.0, 200)

    def work(number: int) -> None:
        generator = random.Random(seed * 100 + number)
        for _ in range(60):
            local.raises = generator.random() < 0.5
            try:
                if generator.random() < 0.5:
                    require(point(0.5), 0.25 + np.sin(0.5), "a point")
                else:
                    require(batch(xs), xs * xs + np.sin(xs), "a batch")
            except KeyError:
                if not local.raises:
                    raise AssertionError("an error of another thread") from None
            else:
                if local.raises:
                    raise AssertionError("an error was lost")

    together(work, 5)


def interrupts(seed: int) -> None:
    """Interrupts come at any time, one or several, while code is made, runs, calls back and is dropped."""
    generator = random.Random(seed)
    shared = Work(1.5)
    xs = np.linspace(0.0, 1.0, 2000)
    left, came = 0, 0

    def handle(*_: Any) -> None:
        nonlocal left, came
        if left:
            left, came = left - 1, came + 1
            raise KeyboardInterrupt

    @custom_derivatives(lambda y, x: 2.0 * x)
    def square(x: float) -> float:
        return x * x

    back = jit(lambda x: square(x) + x, in_axes=0)

    def use_all() -> None:
        own = Work(generator.uniform(0.5, 2.0))
        for kind in range(KINDS):
            own.use(kind)
            shared.use(kind)
        require(back(xs), xs * xs + xs, "called back")

    def guarded(levels: int) -> None:
        """Each interrupt leaves one of the levels, or two if it comes in the handler of another one."""
        try:
            if levels:
                guarded(levels - 1)
            else:
                use_all()
        except KeyboardInterrupt:
            return

    def interrupt() -> None:
        pause = random.Random(seed)
        while not is_over.is_set():
            time.sleep(pause.uniform(0.0, 0.02))
            os.kill(os.getpid(), signal.SIGINT)

    def unraisable(event: Any) -> None:
        """One that comes while a finalizer undoes what a block did has nobody to go to; all is undone all the same."""
        if event.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(event)

    use_all()  # imports all that it uses: an import that is interrupted leaves files open, and half of a package behind
    sys.unraisablehook = unraisable
    signal.signal(signal.SIGINT, handle)
    is_over = threading.Event()
    sender = threading.Thread(target=interrupt)
    sender.start()
    began = time.monotonic()
    while time.monotonic() - began < 3.0:
        left = generator.choice((1, 1, 3))
        guarded(8)
        left = 0
    is_over.set()
    sender.join()
    use_all()
    if not gc.isenabled():
        raise AssertionError("the collector was left off")
    if not came:
        raise AssertionError("no interrupt came")


def forks(seed: int) -> None:
    """A process forks while its threads make and call functions; the children do so too."""
    shared = Work(1.5)
    for kind in range(KINDS):
        shared.use(kind)
    is_over = threading.Event()

    def work(number: int) -> None:
        generator = random.Random(seed * 100 + number)
        while not is_over.is_set():
            own = Work(generator.uniform(0.5, 2.0))
            own.use(generator.randrange(KINDS))
            shared.use(generator.randrange(KINDS))

    crew = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in crew:
        thread.start()
    try:
        for number in range(8):
            time.sleep(0.02)
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    faulthandler.register(signal.SIGALRM, chain=True)
                    signal.alarm(30)
                    own = Work(1.0 + number / 10)
                    for kind in range(KINDS):
                        own.use(kind)
                        shared.use(kind)
                    del own
                    gc.collect()
                    status = 0
                finally:
                    os._exit(status)
            _, status = os.waitpid(child, 0)
            if status:
                raise AssertionError(f"child {number} ended with {status}")
    finally:
        is_over.set()
        for thread in crew:
            thread.join()


def dropped_while_running(seed: int) -> None:
    """Functions lose their last reference while their code runs."""
    held: dict[str, Any] = {}

    @custom_derivatives(lambda y, x: 1.0)
    def letting_go(x: float) -> float:
        held.clear()
        gc.collect(0)
        return x + 1.0

    for turn in range(15):
        factor = 1.0 + turn / 10
        held["f"] = jit(lambda x, factor=factor: letting_go(x) * factor)
        require(held["f"](0.5), 1.5 * factor, "a point")
        held["f"] = jit(lambda x, factor=factor: letting_go(x) * factor, in_axes=0)
        require(held["f"](np.ones(70)), np.full(70, 2.0 * factor), "a batch")
        function = jit(lambda x, factor=factor: math.sin(x) * factor).compile(1.0).function
        gc.collect()
        require(function(0.5), np.sin(0.5) * factor, "a builtin alone")
        held["graph"] = Graph(letting_go(Value(1.0)) * Value(2.0)).compile()
        held["graph"].forward()


def ends(seed: int) -> None:
    """The interpreter ends while threads that nobody waits for make and call functions.

    The first uses come before: an extension in C++ that is being loaded by a thread that Python ends, as Python
    before 3.14 does, frees its objects without the interpreter's lock, and may crash.
    """
    shared = Work(1.5)
    for kind in range(KINDS):
        shared.use(kind)

    def work(number: int) -> None:
        generator = random.Random(seed * 100 + number)
        while True:
            own = Work(generator.uniform(0.5, 2.0))
            own.use(generator.randrange(KINDS))
            shared.use(generator.randrange(KINDS))

    for number in range(4):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    time.sleep(random.Random(seed).uniform(0.1, 0.6))
    sys.last_value = shared.batch  # type: ignore[assignment]  # something that is freed at the very end


PROGRAMS = [first_calls, mixed_calls, fits, graphs, exceptions, interrupts, forks, dropped_while_running, ends]

if __name__ == "__main__":
    faulthandler.enable()
    faulthandler.dump_traceback_later(60, exit=True)
    sys.setswitchinterval(1e-5)
    {program.__name__: program for program in PROGRAMS}[sys.argv[1]](int(sys.argv[2]))
