"""Installed components: the catalogue, plugin files, digests of code, packages for new components."""
