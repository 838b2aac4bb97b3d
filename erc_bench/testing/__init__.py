"""Checks for authors of plugins: those of ``erc-bench check``, as functions for the tests of a package.

``check_objective``, ``check_classifier``, ``check_encoder``, ``check_backbone``, ``check_dataset`` and
``check_observer`` are in the modules named after those kinds, ``check_method`` and ``check_system`` in
``methods``: each raises ``AssertionError`` with a sentence for every check that fails. ``check_canary`` and
``check_sealed`` are in ``protocol``. Objectives and classifiers run on a small task without a language model,
encoders and methods with a small random one, and methods on a small corpus on disk.
"""
