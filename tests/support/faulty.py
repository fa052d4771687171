"""The disk of faults/faulty_disk.cpp: fails and stalls on order."""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "faults" / "faulty_disk.cpp"


class FaultyDisk:
    """`environment` is the server's, before it starts. Orders hold for what is below `root`."""

    def __init__(self, folder, root):
        self.orders = Path(folder) / "orders"
        library = Path(folder) / "faulty.so"
        subprocess.run(["g++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"],
                       check=True)
        self.environment = {"LD_PRELOAD": str(library), "FAULTY_ROOT": str(root), "FAULTY_ORDERS": str(self.orders)}

    def order(self, *lines):
        """Each "<write|sync|change> <EIO|EROFS|stall> [<part of a path>]"; they take the place of those before."""
        fresh = self.orders.with_suffix(".fresh")
        fresh.write_text("".join(line + "\n" for line in lines))
        fresh.rename(self.orders)

    def heal(self):
        self.order()
