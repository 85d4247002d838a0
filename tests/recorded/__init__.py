"""What Camunda 8.6.0 and search engines answered in November 2026, kept as it was, and the calls that were sent.

The stand-in is held against it in every `make test`; `make test-camunda` and the tests of search engines send the same
calls again.
"""
