"""The sub-commands of `python -m sandbox`, one module each.

A module has `add_arguments(parser)` and `run(options)`, which returns the exit code.
"""
