"""The contracts: required and optional members of each kind of component."""
