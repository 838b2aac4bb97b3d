"""``erc-bench new``: a package for a component, which works before its author has changed a line.

``naming`` derives the names from the one that the user gives, ``writing`` fills the templates that
lie beside it: for each kind a module, its tests and a README, and the files that all kinds share.
"""
