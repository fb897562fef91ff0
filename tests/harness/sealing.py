"""Sources and shapes for the tests of sealed files."""

import io

# Lengths of plaintext at and around the edges of chunks of 64 KiB.
BOUNDARIES = (0, 1, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 196608, 200000)


class Pipe(io.RawIOBase):
    """Bytes that can't be sought in and come a few at a time, as from a network."""

    def __init__(self, data: bytes, step: int = 1000) -> None:
        self._rest = memoryview(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # a narrower buffer is all we meet
        size = min(len(buffer), self._step, len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def pipe(data: bytes, step: int = 1000) -> io.BufferedReader:
    return io.BufferedReader(Pipe(data, step), 512)


def pattern(length: int) -> bytes:
    """Bytes that differ from chunk to chunk, so that a swap would show."""
    return bytes((i * 167 + i // 65536) % 256 for i in range(min(length, 300_000))).ljust(length, b"\x5a")
