"""Checks for authors of plugins: functions that raise ``AssertionError`` with a sentence.

``check_objective``, ``check_classifier``, ``check_encoder`` and ``check_dataset`` are in the modules
of those names, ``check_canary`` in ``protocol``. Objectives and classifiers run on a small task
without a language model; an encoder needs a backbone, for which a tiny random one will do.
"""
