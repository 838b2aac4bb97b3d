"""Grids of a small corpus and processes, as the tests of ``running`` have them."""

from run_folders import fixtures_of

_fixtures = fixtures_of("running")
data_dir, grid, start = _fixtures.data_dir, _fixtures.grid, _fixtures.start
