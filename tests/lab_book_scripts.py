"""What other processes do to a lab book: python lab_book_scripts.py NAME ARGUMENT..."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from labkit.provenance import describe_origin
from labkit.records import LabBook, LabBookError


def record(path: str, who: str, count: str) -> None:
    """Records so many entries, with arrays beside them, and prints each once it is in."""
    book = LabBook(path)
    for k in range(int(count)):
        book.record(
            "many",
            parameters={"who": who, "k": k},
            result={"square": k * k},
            attachments={"one": np.full(20, k), "two": np.arange(5)} if k % 5 == 0 else {},
        )
        print(k, flush=True)


def read(path: str) -> None:
    """Reads until there is a file `path`.stop; prints how many entries of others it saw."""
    counts: list[int] = []
    book, count = LabBook(path), 0
    while not Path(f"{path}.stop").exists():
        runs = book.runs()
        if len(runs):
            assert len(runs) >= count
            assert (runs["result.square"] == runs["parameters.k"] ** 2).all()
            newest = book.entry(runs["entry"].iloc[-1])  # which checks its digest
            assert len(newest.attachments) == (2 if newest.parameters["k"] % 5 == 0 else 0)
        count = len(runs)
        counts.append(count - len(counts))
        book.record("reading", parameters={"who": "reader", "k": 1}, result={"square": 1})
        time.sleep(0.05)
    print(*counts)


def say(path: str, what: str) -> None:
    """Reads or records once; prints the number of entries or the error."""
    try:
        book = LabBook(path)
        if what == "record":
            book.record("q", parameters={"text": os.urandom(2000).hex()})
        print(len(book.runs()))
    except LabBookError as error:
        print(error)


def limited(path: str, nbytes: str) -> None:
    """Records until files must not grow further; prints how many it was, and the error."""
    import resource

    book = LabBook(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(nbytes), int(nbytes)))
    count = 0
    try:
        while True:
            book.record("q", parameters={"text": os.urandom(2000).hex()})
            count += 1
    except LabBookError as error:
        print(count, len(book), error, sep="|")


def as_nobody(path: str, what: str) -> None:
    """Reads or records without an administrator's rights."""
    import labkit.records.tables  # noqa: F401  (Python itself may lie where others cannot look)

    describe_origin()
    os.setgid(65534)
    os.setuid(65534)
    say(path, what)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
