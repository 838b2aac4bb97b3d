"""The shipped components: everything that has a name in a paper. Imports `erc_bench.api` only."""
