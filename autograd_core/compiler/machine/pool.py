"""Threads that share the pieces of a batch without the interpreter: each waits in machine code for the next batch.

A batch is handed out by counting its pieces down, so that a thread which wakes late takes a piece of the batch that is
then current, or none. After its last piece a thread stays awake for a moment, since batches often follow each other.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence
from functools import cache

from autograd_core.compiler.machine import code as native

__all__ = ["Pool", "is_usable", "pool", "processors"]

_WORDS = 256
"""Words of memory for a `%pool`, with room for any system's mutex and condition variable."""

_IR = """
; the number of batches so far; whether one is under way; its pieces that nobody took yet; those that are done; how many
; threads may still join in; whether memory ran out; the batch; and what threads sleep on
%pool = type { i64, i64, i64, i64, i64, i64, ptr, i64, [64 x i64], [64 x i64] }
; the address of drive, and what it takes but for the samples; samples in the batch and in a piece; bytes from the
; results of one piece to those of the next
%batch = type { ptr, ptr, ptr, ptr, ptr, ptr, ptr, i64, i64, i64 }

declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()

define void @begin(ptr %pool) {
  %mutex = getelementptr %pool, ptr %pool, i32 0, i32 8
  %awake = getelementptr %pool, ptr %pool, i32 0, i32 9
  call i32 @pthread_mutex_init(ptr %mutex, ptr null)
  call i32 @pthread_cond_init(ptr %awake, ptr null)
  ret void
}

; do pieces until all are taken
define internal void @take(ptr %pool) {
entry:
  %left = getelementptr %pool, ptr %pool, i32 0, i32 2
  %done = getelementptr %pool, ptr %pool, i32 0, i32 3
  %failed = getelementptr %pool, ptr %pool, i32 0, i32 5
  %at = getelementptr %pool, ptr %pool, i32 0, i32 6
  br label %next
next:
  %before = atomicrmw sub ptr %left, i64 1 seq_cst
  %any = icmp sgt i64 %before, 0
  br i1 %any, label %piece, label %out
piece:
  %batch = load ptr, ptr %at
  %b = load %batch, ptr %batch
  %drive = extractvalue %batch %b, 0
  %words = extractvalue %batch %b, 1
  %bases = extractvalue %batch %b, 2
  %strides = extractvalue %batch %b, 3
  %shared = extractvalue %batch %b, 4
  %results = extractvalue %batch %b, 5
  %result_strides = extractvalue %batch %b, 6
  %count = extractvalue %batch %b, 7
  %size = extractvalue %batch %b, 8
  %step = extractvalue %batch %b, 9
  %number = sub i64 %before, 1
  %start = mul i64 %number, %size
  %end = add i64 %start, %size
  %is_last = icmp sgt i64 %end, %count
  %stop = select i1 %is_last, i64 %count, i64 %end
  %offset = mul i64 %number, %step
  %own = getelementptr i8, ptr %results, i64 %offset
  %status = call i32 %drive(ptr %words, ptr %bases, ptr %strides, ptr %shared, ptr %own, ptr %result_strides,
                            i64 %start, i64 %stop)
  %code = sext i32 %status to i64
  atomicrmw or ptr %failed, i64 %code seq_cst
  atomicrmw add ptr %done, i64 1 seq_cst
  br label %next
out:
  ret void
}

; run a batch of so many pieces on this thread and so many others; 0, or -1 if memory ran out
define i32 @share(ptr %pool, ptr %batch, i64 %pieces, i64 %others) {
entry:
  %alone = alloca %pool
  %busy = getelementptr %pool, ptr %pool, i32 0, i32 1
  %exchange = cmpxchg ptr %busy, i64 0, i64 1 seq_cst seq_cst
  %is_mine = extractvalue { i64, i1 } %exchange, 1
  %here = select i1 %is_mine, ptr %pool, ptr %alone
  %left = getelementptr %pool, ptr %here, i32 0, i32 2
  %done = getelementptr %pool, ptr %here, i32 0, i32 3
  %may_join = getelementptr %pool, ptr %here, i32 0, i32 4
  %failed = getelementptr %pool, ptr %here, i32 0, i32 5
  %at = getelementptr %pool, ptr %here, i32 0, i32 6
  store ptr %batch, ptr %at
  store atomic i64 0, ptr %failed seq_cst, align 8
  store atomic i64 0, ptr %done seq_cst, align 8
  store atomic i64 %others, ptr %may_join seq_cst, align 8
  store atomic i64 %pieces, ptr %left seq_cst, align 8
  br i1 %is_mine, label %wake, label %work
wake:
  %batches = getelementptr %pool, ptr %pool, i32 0, i32 0
  %mutex = getelementptr %pool, ptr %pool, i32 0, i32 8
  %awake = getelementptr %pool, ptr %pool, i32 0, i32 9
  call i32 @pthread_mutex_lock(ptr %mutex)
  atomicrmw add ptr %batches, i64 1 seq_cst
  call i32 @pthread_cond_broadcast(ptr %awake)
  call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %work
work:
  call void @take(ptr %here)
  br label %wait
wait:
  %finished = load atomic i64, ptr %done seq_cst, align 8
  %is_done = icmp sge i64 %finished, %pieces
  br i1 %is_done, label %out, label %yield
yield:
  call i32 @sched_yield()
  br label %wait
out:
  %result = load atomic i64, ptr %failed seq_cst, align 8
  %status = trunc i64 %result to i32
  br i1 %is_mine, label %release, label %return
release:
  store atomic i64 0, ptr %busy seq_cst, align 8
  br label %return
return:
  ret i32 %status
}

; what a thread of the pool does for good
define void @serve(ptr %pool) {
entry:
  %batches = getelementptr %pool, ptr %pool, i32 0, i32 0
  %may_join = getelementptr %pool, ptr %pool, i32 0, i32 4
  %mutex = getelementptr %pool, ptr %pool, i32 0, i32 8
  %awake = getelementptr %pool, ptr %pool, i32 0, i32 9
  br label %idle
idle:
  %seen = phi i64 [ 0, %entry ], [ %now, %joined ], [ %now, %crowded ]
  br label %look
look:
  %looks = phi i64 [ 0, %idle ], [ %more, %yield ]
  %news = load atomic i64, ptr %batches seq_cst, align 8
  %is_new = icmp ne i64 %news, %seen
  br i1 %is_new, label %join, label %again
again:
  %more = add i64 %looks, 1
  %patient = icmp slt i64 %more, LOOKS
  br i1 %patient, label %yield, label %sleep
yield:
  call i32 @sched_yield()
  br label %look
sleep:
  call i32 @pthread_mutex_lock(ptr %mutex)
  br label %asleep
asleep:
  %later = load atomic i64, ptr %batches seq_cst, align 8
  %woken = icmp ne i64 %later, %seen
  br i1 %woken, label %up, label %still
still:
  call i32 @pthread_cond_wait(ptr %awake, ptr %mutex)
  br label %asleep
up:
  call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %join
join:
  %now = phi i64 [ %news, %look ], [ %later, %up ]
  %places = atomicrmw sub ptr %may_join, i64 1 seq_cst
  %is_wanted = icmp sgt i64 %places, 0
  br i1 %is_wanted, label %joined, label %crowded
joined:
  call void @take(ptr %pool)
  br label %idle
crowded:
  br label %idle
}
""".replace("LOOKS", "200")


def is_usable() -> bool:
    """Whether this system has the threads that the pool is made of."""
    return os.name == "posix"


@cache
def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _code() -> native.Code:
    code = native.Code(_IR, native.Tier(0, 2))
    # the threads run it until the process ends, so it is never freed
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(code))
    return code


class Pool:
    """As many threads as there are processors, but for the one that calls."""

    def __init__(self) -> None:
        self._memory = (ctypes.c_int64 * _WORDS)()
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._memory))
        code, pointer = _code(), ctypes.c_void_p
        ctypes.CFUNCTYPE(None, pointer)(code.address("begin"))(self._memory)
        self._share = ctypes.CFUNCTYPE(ctypes.c_int32, pointer, pointer, ctypes.c_int64, ctypes.c_int64)(
            code.address("share")
        )
        serve = ctypes.CFUNCTYPE(None, pointer)(code.address("serve"))
        for number in range(processors() - 1):
            name = f"autograd_core_{number}"
            threading.Thread(target=serve, args=(self._memory,), name=name, daemon=True).start()

    def run(self, batch: Sequence[int], pieces: int, threads: int) -> None:
        """Run a batch, and come back when all of its pieces are done.

        Args:
            batch: the words of ``%batch``, see above.
            pieces: how many there are.
            threads: how many share them at most.

        Raises:
            MemoryError: if there is no memory for the workspace of the kernel.
        """
        words = (ctypes.c_int64 * len(batch))(*batch)
        if self._share(self._memory, words, pieces, threads - 1):
            raise MemoryError("no memory for the workspace of a compiled function")


@cache
def pool() -> Pool:
    """The pool of this process."""
    return Pool()


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=pool.cache_clear)
