"""A fast MQTT publisher: packets are made beforehand, a raw socket carries them, QoS 1.

`python -m tests.bench.publisher PORT FILE [RATE]` sends the packets of the file (as written by
`write_packets`), waits for every PUBACK, and prints one line: the seconds that it took.
"""

import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path


def _remaining(n: int) -> bytes:
    out = bytearray()
    while True:
        n, digit = n // 128, n % 128
        out.append(digit | (0x80 if n else 0))
        if not n:
            return bytes(out)


def publish_packet(topic: str, payload: bytes, mid: int) -> bytes:
    """One PUBLISH at QoS 1."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">H", mid) + payload
    return b"\x32" + _remaining(len(body)) + body


def connect_packet(client_id: str, username: str = "", password: str = "") -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session."""
    flags = 0x02 | (0xC0 if username else 0)
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + struct.pack(">H", 600)
    fields = [client_id, username, password] if username else [client_id]
    for text in fields:
        body += struct.pack(">H", len(text.encode())) + text.encode()
    return b"\x10" + _remaining(len(body)) + body


def write_packets(file: Path, messages: Iterable[tuple[str, bytes]]) -> int:
    """Write the packets of these messages to a file, each behind its length; returns how many."""
    count = 0
    with file.open("wb") as out:
        for topic, payload in messages:
            packet = publish_packet(topic, payload, count % 65_535 + 1)
            out.write(struct.pack(">I", len(packet)) + packet)
            count += 1
    return count


def _read(file: Path) -> list[bytes]:
    data, at, packets = file.read_bytes(), 0, []
    while at < len(data):
        (n,) = struct.unpack_from(">I", data, at)
        packets.append(data[at + 4 : at + 4 + n])
        at += 4 + n
    return packets


class Publisher:
    """One connection; `send` keeps at most `window` messages unacknowledged."""

    def __init__(
        self, port: int, client_id: str = "bench", username: str = "", password: str = ""
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(connect_packet(client_id, username, password))
        assert self.socket.recv(4)[3] == 0, "the broker refuses the sign-in"
        self.acked = 0
        self._bytes = 0

    def drain(self, timeout: float | None) -> None:
        """Count the PUBACKs that have come; each has four bytes."""
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(65_536)
        except (BlockingIOError, TimeoutError):
            return
        assert data, "the broker ended the connection"
        self._bytes += len(data)
        self.acked = self._bytes // 4

    def send(
        self, packets: list[bytes], window: int = 2_000, chunk: int = 50, rate: float = 0
    ) -> float:
        """Send all packets and wait for all PUBACKs; returns the seconds that it took."""
        began = time.perf_counter()
        goal = self.acked + len(packets)
        sent = self.acked
        chunk = 1 if rate else chunk
        for i in range(0, len(packets), chunk):
            if rate:
                time.sleep(max(0.0, began + i / rate - time.perf_counter()))
                self.drain(0)
            piece = packets[i : i + chunk]
            self.socket.settimeout(None)
            self.socket.sendall(b"".join(piece))
            sent += len(piece)
            while sent - self.acked > window:
                self.drain(None)
        while self.acked < goal:
            self.drain(None)
        return time.perf_counter() - began


def main(port: str, file: str, rate: str = "0", username: str = "", password: str = "") -> None:
    """Send a file of packets."""
    packets = _read(Path(file))
    publisher = Publisher(int(port), f"bench-{time.monotonic_ns()}", username, password)
    print("ready", flush=True)
    sys.stdin.readline()
    print(publisher.send(packets, rate=float(rate)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
