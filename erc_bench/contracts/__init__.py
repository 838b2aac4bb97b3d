"""What each kind of component must have, and what it may have."""
