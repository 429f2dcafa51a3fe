"""A Slurm of its own on loopback: munge, MariaDB, slurmdbd, slurmctld and slurmd.

Its one node claims more cores, memory and GPUs than the machine has. By hand: `python tests/cluster/slurm.py start
FOLDER`, then `export SLURM_CONF=FOLDER/slurm.conf`; `... stop FOLDER` ends it by its pid files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.slurm_settings import (
    ACCOUNTS,
    CPU_MINUTES,
    CPUS,
    GPU_MINUTES,
    GPUS,
    MEMORY_MB,
    SLURM_CONF,
    SLURMDBD_CONF,
    TASK_PROLOG,
)

# Snakemake's job step drops SLURM_CONF, so that its `srun` looks here.
SYSTEM_CONF = Path("/etc/slurm/slurm.conf")
PROGRAMS = ("munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd", "sbatch", "sacct")
DAEMONS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged")  # in the order in which they are stopped
SEARCH = f"/usr/sbin:/usr/bin:/sbin:/bin:{os.environ.get('PATH', '')}"


def why_not() -> str | None:
    """Why no Slurm can be started here, with the fix; None where one can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]
    if missing:
        return f"{missing[0]}: not found; install Slurm (make test-cluster does, as root on Debian)"
    if os.geteuid() != 0:
        return "a Slurm of its own can be started by root only; run make test-cluster as root"
    if SYSTEM_CONF.exists() or SYSTEM_CONF.is_symlink():
        return f"{SYSTEM_CONF} is another cluster's; run these tests on a machine that is in none"
    return None


def free_ports(count: int) -> list[int]:
    """TCP ports of loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def runs(pid: int) -> bool:
    """Whether a process is there and not only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Slurm:
    """The daemons of one state folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which Slurm's commands find this cluster."""
        return os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": SEARCH}

    def call(self, *command: str) -> str:
        """Standard output of one of Slurm's commands."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def start(self) -> None:
        """Start every daemon and wait until the node takes jobs; what was started is stopped again where that fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_settings()
        SYSTEM_CONF.parent.mkdir(exist_ok=True)
        SYSTEM_CONF.symlink_to(self.folder / "slurm.conf")
        try:
            self._start_munge()
            self._start_accounting()
            self._launch("slurmctld", "-f", str(self.folder / "slurm.conf"))
            self._wait("slurmctld", lambda: "UP" in self.call("scontrol", "ping"))
            self._launch("slurmd", "-f", str(self.folder / "slurm.conf"), "-N", socket.gethostname())
            self._wait("slurmd", lambda: "idle" in self.call("sinfo", "-h", "-o", "%T"))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Cancel what runs, then stop each daemon by its pid file, and take away the link under /etc/slurm."""
        if self._pid("slurmctld"):
            # a job that does not end by itself is killed after KillWait; one that stays keeps no daemon running
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                self.call("scancel", "--full", "--user=root")
                self._wait("the end of the last job", lambda: not self.call("squeue", "-h"), 60)
        for name in DAEMONS:
            self._end(name)
        if SYSTEM_CONF.is_symlink() and SYSTEM_CONF.readlink() == self.folder / "slurm.conf":
            SYSTEM_CONF.unlink()

    def _write_settings(self) -> None:
        for name in ("slurmctld", "slurmd", "mysql"):
            (self.folder / name).mkdir(exist_ok=True)
        ports = dict(zip(("slurmctld", "slurmd", "slurmdbd", "mariadb"), free_ports(4), strict=True))
        self.mariadb_port = ports["mariadb"]
        values = ports | {
            "folder": self.folder,
            "host": socket.gethostname(),
            "cpus": CPUS,
            "memory": MEMORY_MB,
            "gpus": GPUS,
            "cpu_minutes": CPU_MINUTES,
            "gpu_minutes": GPU_MINUTES,
        }
        devices = [self.folder / f"gpu{index}" for index in range(GPUS)]
        for device in devices:
            # A character device is all that Slurm asks of a GPU; this one is a second /dev/null.
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        gres = [f"NodeName={values['host']} Name=gpu Flags=nvidia_gpu_env File={each}\n" for each in devices]
        (self.folder / "slurm.conf").write_text(SLURM_CONF.format(**values))
        (self.folder / "slurmdbd.conf").write_text(SLURMDBD_CONF.format(**values))
        (self.folder / "slurmdbd.conf").chmod(0o600)
        (self.folder / "gres.conf").write_text("AutoDetect=off\n" + "".join(gres))
        (self.folder / "task_prolog").write_text(TASK_PROLOG.format(**values))
        (self.folder / "task_prolog").chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))

    def _start_munge(self) -> None:
        place = self.folder
        self._launch(
            "munged",
            "--force",
            f"--key-file={place}/munge.key",
            f"--socket={place}/munge.socket",
            f"--pid-file={place}/munged.pid",
            f"--log-file={place}/munged.log",
            f"--seed-file={place}/munge.seed",
        )
        self._wait("munged", (place / "munge.socket").is_socket)

    def _start_accounting(self) -> None:
        place, data = self.folder, f"--datadir={self.folder}/mysql"
        self._launch(
            "mariadb-install-db", "--no-defaults", "--user=root", data, "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip
        with (place / "mariadbd.log").open("w") as log:
            subprocess.Popen(
                ["mariadbd", "--no-defaults", "--user=root", data, f"--socket={place}/mysql.socket",
                 f"--pid-file={place}/mariadbd.pid", "--bind-address=127.0.0.1", f"--port={self.mariadb_port}",
                 "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, start_new_session=True,
            )  # fmt: skip
        client = ("mariadb", "--no-defaults", "--user=root", f"--socket={place}/mysql.socket", "-e")
        self._wait("mariadbd", lambda: self.call(*client, "SELECT 1"))
        self.call(*client, ACCOUNTS)
        self._launch("slurmdbd")
        self._wait("slurmdbd", lambda: [self.call("sacctmgr", "-n", "-i", "show", "cluster")])

    def _launch(self, name: str, *arguments: str) -> None:
        """Run a program that leaves a daemon behind (or just ends); its messages go to <name>.start.log."""
        with (self.folder / f"{name}.start.log").open("w") as log:
            done = subprocess.run(
                [name, *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                timeout=600,
            )  # fmt: skip
        if done.returncode:
            raise RuntimeError(
                f"{name} did not start: {(self.folder / f'{name}.start.log').read_text()[-2000:]}"
            )

    def _wait(self, name: str, ready: Callable[[], object], seconds: float = 600) -> None:
        problem, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if ready():
                    return
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                problem = str(error)
            time.sleep(0.2)
        raise RuntimeError(
            f"{name} did not come up in {seconds:.0f} s; see {self.folder}/{name}.log {problem}"
        )

    def _pid(self, name: str) -> int | None:
        """The pid in a daemon's file, if that process still is that daemon."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            command = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return pid if command.startswith(name[:15]) else None

    def _end(self, name: str) -> None:
        pid = self._pid(name)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        # the process, and not its file, which a daemon removes before it has ended
        for _ in range(75):
            if not runs(pid):
                return
            time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    action, place = sys.argv[1], Path(sys.argv[2]).resolve()
    if action == "start" and (problem := why_not()):
        sys.exit(problem)
    {"start": Slurm(place).start, "stop": Slurm(place).stop}[action]()
