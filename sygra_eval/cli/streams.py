"""Standard output and error, where the reader may have gone away or know few characters.

What a verb came to never depends on who reads it: `| head`, a closed terminal or a stream that was
closed from the start change no exit code.
"""

import io
import os
import sys
from collections.abc import Iterable
from typing import TextIO


def say(text: str) -> None:
    """Print to standard output: what the verb was asked for."""
    write_line(sys.stdout, text)


def complain(text: str) -> None:
    """Print to standard error: what a person should read beside that."""
    write_line(sys.stderr, text)


def write_line(stream: TextIO | None, text: str) -> None:
    """Write a line at once; where nobody reads any more, write nowhere from now on."""
    if stream is None:  # closed from the start; `print` would then take standard output
        return
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:  # the reader or the terminal has gone, or the device behind it is full
        silence(stream)


def write_chunks(stream: TextIO, chunks: Iterable[str | bytes]) -> None:
    """Write text and bytes as they come; where nobody reads any more, stop asking for them."""
    try:
        for chunk in chunks:
            if isinstance(chunk, str):
                stream.write(chunk)
            else:
                stream.flush()
                stream.buffer.write(chunk)
        stream.flush()
    except OSError:
        silence(stream)


def silence(stream: TextIO | None) -> None:
    """Send what is still buffered nowhere, as Python would complain of it at its exit."""
    if stream is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)


def settle_streams() -> None:
    """Make the three streams safe to use, however we were called.

    One that was closed from the start is opened onto nothing, or else the next file that is opened
    takes its number. What an encoding lacks is shown as an escape, and not as an exception.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
