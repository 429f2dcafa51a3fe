"""A process that holds a lock."""

from __future__ import annotations

import os
import subprocess
import sys


class Holder:
    """A process that holds a lock until it is told to end."""

    def __init__(self, code: str, *arguments) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()

    def says(self) -> str:
        """The next line that it prints."""
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """Let it go on to its end."""
        self.process.stdin.close()
        assert self.process.wait(600) == 0
