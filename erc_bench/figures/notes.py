"""Notes that several datasets have in common, said once."""

from erc_bench.comparison.notes import said_once as said_once
