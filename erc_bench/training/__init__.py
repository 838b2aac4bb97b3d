"""One plan, one seed: the only training loop."""
