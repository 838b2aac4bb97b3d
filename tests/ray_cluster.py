"""A Ray cluster of three nodes on this machine, in a process of its own: told over its input which node is to die."""

from __future__ import annotations

import json
import subprocess
import sys

NODES = 3
_MEMORY = 80 * 2**20
"""Bytes for the objects of a node: Ray's least."""


class Cluster:
    """The process that holds the cluster."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        told = self._answer()
        self.address, self.head = told["address"], told["head"]

    def kill(self, node: str) -> None:
        """Let a node die, by its id, and start another one in its place."""
        self._tell(node)

    def close(self) -> None:
        """End all of it."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _tell(self, text: str) -> None:
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> dict:
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise AssertionError("the cluster ended")


def _main() -> None:
    from ray.cluster_utils import Cluster as Nodes

    size = {"num_cpus": 1, "object_store_memory": _MEMORY}
    nodes = Nodes(initialize_head=True, head_node_args={**size, "include_dashboard": False})
    workers = [nodes.add_node(**size) for _ in range(NODES - 1)]
    _say({"address": nodes.address, "head": nodes.head_node.node_id})
    for line in sys.stdin:
        (dying,) = (node for node in workers if node.node_id == line.strip())
        workers.remove(dying)
        nodes.remove_node(dying, allow_graceful=False)
        workers.append(nodes.add_node(**size))
        _say({})
    nodes.shutdown()


def _say(content: dict[str, str]) -> None:
    sys.stdout.write(f"{json.dumps(content)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
