"""What is kept of a program's output: its beginning and its end, whatever it writes."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class KeptStream:
    """The first and the last `half` bytes of a stream, and how many there were."""

    half: int
    total: int = 0
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.total += len(chunk)
        room = self.half - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[room:]
        del self.tail[: -self.half]

    @property
    def is_truncated(self) -> bool:
        """Whether bytes in the middle are gone."""
        return self.total > len(self.head) + len(self.tail)

    def text(self) -> str:
        """Give what was kept as text; bytes that are not UTF-8 stay visible as escapes."""
        missing = self.total - len(self.head) - len(self.tail)
        gap = f"\n[{missing} bytes left out]\n".encode() if missing else b""
        return bytes(self.head + gap + self.tail).decode("utf-8", errors="backslashreplace")
