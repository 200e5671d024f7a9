"""pymodbus's own simulator, on TCP or at the far end of a pair of pseudo-terminals."""

import asyncio
import contextlib
import os
import select
import threading
import tty

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer


class ModbusSimulator:
    """Runs a server on a loop of its own, in a thread; stop it when the test ends."""

    def __init__(self, made):
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(made,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @classmethod
    def tcp(cls, devices, port, framer=FramerType.SOCKET):
        return cls(lambda: ModbusTcpServer(devices, framer=framer, address=("127.0.0.1", port)))

    @classmethod
    def serial(cls, devices, path, framer=FramerType.RTU):
        return cls(lambda: ModbusSerialServer(devices, framer=framer, port=path, baudrate=19_200))

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, made):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._begin(made))
        self._ready.set()
        self._loop.run_forever()
        with contextlib.suppress(Exception):
            self._loop.run_until_complete(asyncio.sleep(0))

    async def _begin(self, made):
        self._server = made()
        await self._server.serve_forever(background=True)


class NullModem:
    """Two ports with a cable between them: `here` and `there`."""

    def __init__(self):
        pairs = [os.openpty() for _ in range(2)]
        for end in (end for pair in pairs for end in pair):
            tty.setraw(end)
        self._ends = [end for pair in pairs for end in pair]
        self._masters = [pairs[0][0], pairs[1][0]]
        self.here, self.there = (os.ttyname(pair[1]) for pair in pairs)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._thread.join(5)
        for end in self._ends:
            os.close(end)

    def _carry(self):
        other = dict(zip(self._masters, reversed(self._masters), strict=True))
        while not self._stopped.is_set():
            for end in select.select(self._masters, [], [], 0.02)[0]:
                os.write(other[end], os.read(end, 4096))
