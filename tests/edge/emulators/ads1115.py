"""An ADS1115 at register level: it converts the voltage of the chosen pins in the chosen range."""

import errno

RANGES = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256]
PAIRS = [(0, 1), (0, 3), (1, 3), (2, 3)]


class Ads1115Chip:
    """Stands on the bus as I2cBus. `volts` are the four inputs."""

    def __init__(self, volts=(0.0, 0.0, 0.0, 0.0)):
        self.volts = list(volts)
        self.configuration, self.conversion = 0x8583, 0
        self.busy = 0
        self.gone = False
        self.alien = False

    def read(self, register, count):
        self._answer()
        if self.alien:
            return b"\x12\x34"
        if register == 1:
            ready = 0 if self.busy else 0x8000
            self.busy = max(0, self.busy - 1)
            return (self.configuration & 0x7FFF | ready).to_bytes(2, "big")
        return self.conversion.to_bytes(count, "big", signed=True)

    def write(self, register, data):
        self._answer()
        assert register == 1
        self.configuration = int.from_bytes(data, "big")
        if self.configuration & 0x8000:
            self._convert()

    def close(self):
        pass

    def _convert(self):
        mux = self.configuration >> 12 & 7
        volt = (
            self.volts[mux - 4]
            if mux > 3
            else self.volts[PAIRS[mux][0]] - self.volts[PAIRS[mux][1]]
        )
        full = RANGES[self.configuration >> 9 & 7]
        self.conversion = max(-32768, min(32767, round(volt / full * 32768)))

    def _answer(self):
        if self.gone:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
