"""Checks for authors of plugins: functions that raise ``AssertionError`` with a sentence.

``check_objective`` and ``check_classifier`` in the modules of those names run on a small task
without a language model.
"""
