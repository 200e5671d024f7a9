"""A MAX31865 at register level: it latches faults, converts on demand, and knows how it is wired."""

REFIN_OPEN, REFIN_GROUND, RTDIN_GROUND, VOLTAGE = 0x20, 0x10, 0x08, 0x04


class Max31865Chip:
    """Stands on the bus as SpiBus. `ohm` is what hangs on it; None is an open probe."""

    def __init__(self, reference_ohm=430.0, ohm=100.0):
        self.reference_ohm = reference_ohm
        self.ohm = ohm
        self.wiring_faults = 0
        self.registers = bytearray([0, 0, 0, 0xFF, 0xFF, 0, 0, 0])
        self.broken = None
        self.stuck_cycle = False
        self.conversions = 0
        self.closed = False

    def transfer(self, data):
        if self.broken is not None:
            return bytes([self.broken]) * len(data)
        address, rest = data[0], data[1:]
        if address & 0x80:
            for offset, byte in enumerate(rest):
                self._write((address & 0x7F) + offset, byte)
            return bytes(len(data))
        return b"\0" + bytes(self.registers[(address + i) % 8] for i in range(len(rest)))

    def close(self):
        self.closed = True

    def _write(self, register, byte):
        if register in {1, 2, 7}:  # read only
            return
        if register != 0:
            self.registers[register] = byte
            return
        assert not (byte & 0x02 and byte & 0x2C), "clear needs D5, D3 and D2 to be 0"
        if byte & 0x02:
            self.registers[7] = 0
            self.registers[2] &= 0xFE
        self.registers[0] = byte & ~0x02 & 0xFF
        if byte & 0x0C == 0x04:
            assert byte & 0x80, "the fault cycle needs the bias"
            self._fault_cycle()
        if byte & 0x20:
            self._convert(biased=bool(byte & 0x80))

    def _fault_cycle(self):
        found = self.wiring_faults | (REFIN_OPEN if self.ohm is None else 0)
        self.registers[7] |= found
        if not self.stuck_cycle:
            self.registers[0] &= ~0x0C & 0xFF

    def _convert(self, biased):
        self.conversions += 1
        ratio = 1.0 if self.ohm is None else self.ohm / self.reference_ohm
        code = min(round(ratio * 32768), 32767) if biased else 0
        high = int.from_bytes(self.registers[3:5], "big") >> 1
        low = int.from_bytes(self.registers[5:7], "big") >> 1
        self.registers[7] |= (0x80 if code >= high else 0) | (0x40 if code <= low else 0)
        self.registers[7] |= self.wiring_faults & VOLTAGE
        word = code << 1 | bool(self.registers[7])
        self.registers[1:3] = word.to_bytes(2, "big")
        self.registers[0] &= ~0x20 & 0xFF
