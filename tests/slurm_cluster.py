"""A real Slurm on this machine: Debian's packages, unpacked and not installed, one controller and two nodes."""

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "libhwloc15")
PATIENCE = 120
CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
PluginDir={plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SlurmdParameters=config_overrides
KillWait=5
MinJobAge=600
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={first} CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={second} CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def can_be_started():
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


class Cluster:
    """``environment`` is what a process needs to find it."""

    def __init__(self, folder):
        self.folder = folder
        root = _unpacked(folder)
        libraries = root / "usr/lib/x86_64-linux-gnu"
        plugins = libraries / "slurm-wlm"
        for name in ("state", "spool-n1", "spool-n2"):
            (folder / name).mkdir()
        controller, first, second = _free_ports(3)
        places = {"folder": folder, "plugins": plugins, "controller": controller, "first": first, "second": second}
        (folder / "slurm.conf").write_text(CONFIGURATION.format(**places))
        self.environment = {
            "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{plugins}:{libraries}",
            "SLURM_CONF": str(folder / "slurm.conf"),
        }
        daemon = root / "usr/sbin/slurmstepd-wlm"
        self._processes = [self._start("slurmctld-wlm", "-D")]
        self._processes += [self._start("slurmd-wlm", "-D", "-N", node, "-d", daemon) for node in ("n1", "n2")]
        self._wait_until_idle()

    def ask(self, *command):
        """Return what one of Slurm's programs prints."""
        told = subprocess.run(
            list(map(str, command)), env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stderr
        return told.stdout

    @contextmanager
    def without_controller(self):
        """Nobody answers squeue meanwhile."""
        self._processes[0].terminate()
        self._processes[0].wait(30)
        try:
            yield
        finally:
            self._processes[0] = self._start("slurmctld-wlm", "-D")

    def close(self):
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def _start(self, *command):
        with (self.folder / f"{command[0]}.out").open("ab") as output:
            return subprocess.Popen(
                list(map(str, command)), env={**os.environ, **self.environment}, stdout=output, stderr=output
            )

    def _wait_until_idle(self):
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE
        while True:
            told = subprocess.run(
                ["sinfo", "--noheader", "--format=%T %D"],
                env={**os.environ, **self.environment},
                capture_output=True,
                text=True,
                check=False,
            )
            if told.stdout.strip() == "idle 2":
                return
            assert time.monotonic() < deadline, f"no two nodes are idle: {told.stdout} {told.stderr} {self._logs()}"
            pause.wait(0.2)

    def _logs(self):
        return "\n".join(file.read_text(errors="replace")[-2000:] for file in self.folder.glob("*.out"))


def _unpacked(folder):
    """Return the folder that Debian's packages were unpacked into."""
    debs, root = folder / "debs", folder / "root"
    debs.mkdir()
    told = _download(debs)
    if told.returncode:
        subprocess.run(["apt-get", "update"], capture_output=True, check=False)
        told = _download(debs)
    assert told.returncode == 0, told.stderr
    for deb in debs.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], check=True)
    return root


def _download(folder):
    return subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, capture_output=True, text=True, check=False)


def _free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
