"""Camunda 8.5: answers as 8.6, on which they were recorded; Operate and Tasklist are managed on their web ports."""

from dataclasses import replace

from sandbox.stand_in.answers import line_8_6
from sandbox.stand_in.answers.entry import documented_only

LINE = replace(
    line_8_6.LINE,
    version="8.5.24",
    patches={"operate": "8.5.20", "tasklist": "8.5.22", "optimize": "8.5.9"},
    entries=documented_only(line_8_6.LINE.entries),
    web_apps=tuple(replace(app, doors=(app.doors[0], app.doors[0])) for app in line_8_6.LINE.web_apps),
)
