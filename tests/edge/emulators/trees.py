"""Folders such as the kernel keeps under /sys."""

W1 = {
    "good": "{t} : crc=a4 YES\n{t} t={milli}\n",
    "crc": "{t} : crc=a4 NO\n{t} t={milli}\n",
}
SCRATCH = "6b 01 4b 46 7f ff 05 10 a4"


def iio(root, number, name, **attributes):
    """A device of the industrial I/O subsystem; its folder."""
    folder = root / f"iio:device{number}"
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in {"name": name, **attributes}.items():
        (folder / key).write_text(f"{value}\n")
    return folder


def w1(root, serial, milli, kind="good", scratch=SCRATCH):
    """A 1-wire thermometer whose file says so many thousandths of a degree."""
    folder = root / serial
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "w1_slave").write_text(W1[kind].format(t=scratch, milli=milli))
    return folder
