"""``python -m erc_bench`` is ``erc-bench``."""

from erc_bench.cli import main

if __name__ == "__main__":
    main()
