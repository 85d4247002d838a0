"""Which tests show what against which parts, and the page of the docs that is written from their results.

A test says it with ``@pytest.mark.shows(job, line=…, engine=…, store=…, against=…)``.
"""
