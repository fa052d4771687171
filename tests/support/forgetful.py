"""The disk of faults/forgetful_disk.cpp: what a server had synced before its power was lost."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "faults" / "forgetful_disk.cpp"


class ForgetfulDisk:
    """`environment` is the server's, before it starts; after kill(), lose_power() puts back what had been synced."""

    def __init__(self, folder, root):
        self.root, self.shadow = Path(root), Path(folder) / "shadow"
        for name in ("blobs", "names"):
            (self.shadow / name).mkdir(parents=True)
        library = Path(folder) / "forgetful.so"
        subprocess.run(["g++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"],
                       check=True)
        self.environment = {"LD_PRELOAD": str(library), "FORGETFUL_ROOT": str(self.root),
                            "FORGETFUL_SHADOW": str(self.shadow)}

    def lose_power(self):
        """A name whose content was never synced is an empty file; content whose name was never synced is gone."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        for names in (self.shadow / "names").iterdir():
            if names.suffix:
                continue
            path, *lines = names.read_text().splitlines()
            os.makedirs(path, exist_ok=True)
            for line in lines:
                inode, mode, name = line.split(" ", 2)
                blob = self.shadow / "blobs" / inode
                file = Path(path) / name
                file.write_bytes(blob.read_bytes() if blob.exists() else b"")
                file.chmod(int(mode))
        shutil.rmtree(self.shadow)
        for name in ("blobs", "names"):
            (self.shadow / name).mkdir(parents=True)
        self._keep_all()

    def _keep_all(self):
        """What is there now is on the disk: the next loss of power does not take it. As faults/forgetful_disk.cpp does."""
        for folder, _, names in os.walk(self.root):
            lines = [folder]
            for name in names:
                status = os.stat(os.path.join(folder, name))
                lines.append(f"{status.st_ino} {status.st_mode & 0o777} {name}")
                shutil.copyfile(os.path.join(folder, name), self.shadow / "blobs" / str(status.st_ino))
            (self.shadow / "names" / str(os.stat(folder).st_ino)).write_text("".join(line + "\n" for line in lines))
