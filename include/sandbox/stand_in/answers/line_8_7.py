"""Camunda 8.7: answers as 8.6, on which they were recorded; between two parts it says IN_PROGRESS, not INCOMPLETE."""

from dataclasses import replace

from sandbox.stand_in.answers import line_8_6
from sandbox.stand_in.answers.entry import documented_only

LINE = replace(
    line_8_6.LINE,
    version="8.7.0",
    patches={"optimize": "8.7.14"},
    entries=documented_only(line_8_6.LINE.entries),
    web_apps=tuple(replace(app, grace=True) for app in line_8_6.LINE.web_apps),
)
