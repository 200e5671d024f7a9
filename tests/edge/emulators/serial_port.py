"""A serial device at the far end of a pseudo-terminal."""

import contextlib
import os
import select
import threading
import tty


class SerialDevice:
    """`path` is the port to open. Each line that arrives goes to `answers(line)`, whose bytes are sent back."""

    def __init__(self, answers=None, end=b"\n"):
        self._far, near = os.openpty()
        tty.setraw(self._far)
        tty.setraw(near)
        self._near = near  # kept open: a port that nobody holds would hang up
        self.path = os.ttyname(near)
        self.heard = []
        self._answers, self._end = answers, end
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def push(self, data):
        os.write(self._far, data)

    def stop(self):
        self._stopped.set()
        self._thread.join(5)
        for end in (self._far, self._near):
            with contextlib.suppress(OSError):
                os.close(end)

    def _listen(self):
        rest = b""
        while not self._stopped.is_set():
            if not select.select([self._far], [], [], 0.02)[0]:
                continue
            try:
                rest += os.read(self._far, 4096)
            except OSError:
                return
            while self._end in rest:
                line, _, rest = rest.partition(self._end)
                self.heard.append(line + self._end)
                answer = self._answers(line + self._end) if self._answers else None
                if answer:
                    os.write(self._far, answer)
