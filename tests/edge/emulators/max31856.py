"""A MAX31856 at register level: linearised temperature, cold junction, faults of the present conversion."""


class Max31856Chip:
    """Stands on the bus as SpiBus. `hot_c` is None while the thermocouple is open."""

    def __init__(self, hot_c=-196.0, junction_c=22.0):
        self.hot_c, self.junction_c = hot_c, junction_c
        self.faults = 0
        self.registers = bytearray(
            [0, 3, 0xFF, 0x7F, 0xC0, 0x7F, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]
        )
        self.broken = None
        self.busy_reads = 0

    def transfer(self, data):
        if self.broken is not None:
            return bytes([self.broken]) * len(data)
        address, rest = data[0], data[1:]
        if address & 0x80:
            for offset, byte in enumerate(rest):
                self.registers[(address & 0x7F) + offset] = byte
            self._convert()
            return bytes(len(data))
        self.busy_reads = max(0, self.busy_reads - 1)
        if not self.busy_reads:
            self.registers[0] &= ~0x40 & 0xFF
        return b"\0" + bytes(self.registers[(address + i) % 16] for i in range(len(rest)))

    def close(self):
        pass

    def _convert(self):
        looks = self.registers[0] & 0x30
        hot = 1800.0 if self.hot_c is None else self.hot_c
        self.registers[0x0C:0x0F] = (round(hot * 128) << 5).to_bytes(3, "big", signed=True)
        self.registers[0x0A:0x0C] = (round(self.junction_c * 64) << 2).to_bytes(
            2, "big", signed=True
        )
        self.registers[0x0F] = self.faults | (1 if self.hot_c is None and looks else 0)
