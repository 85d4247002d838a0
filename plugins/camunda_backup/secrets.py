"""What looks like a secret. No secret may stand in a cluster file, a log, an XCom or a manifest."""

import re
from collections.abc import Iterator
from typing import Any

NAMES = re.compile(
    r"passw|passphrase|secret|token|(api|access|account|private|shared)[-_ ]?key|credential"
    r"|(^|[-_ ])(sas|pwd|auth)([-_ \[]|$)",
    re.IGNORECASE,
)
VALUES = re.compile(
    r"A[KS]IA[0-9A-Z]{16}|-----BEGIN|//[^/\s:@]*:[^/\s@]+@|\beyJ[\w-]{20,}|AccountKey=|SharedAccessSignature="
    r"|[?&]sig=|\b(Bearer|Basic) \S{8,}",
)
_NAME = r"(?:passw(?:or)?d|pwd|passphrase|secret|token|(?:api|access|account|private|secret|shared)[-_]?key)"
# In a command or a line of output: NAME=value, "name": "value", --name value; not what $NAME, $(…) or a file gives.
GIVEN = re.compile(
    rf"(?:{_NAME}(?:=|[\"']\s*:\s*)|\s--?[\w-]*{_NAME}\s+)[\"']?(?![\"'$/~<{{-])[^\s\"']{{3,}}"
    r"|\bcurl\b.*\s(?:-u|--user)[= ]?[\"']?[^\s:\"']+:(?!\$)[^\s\"']+",
    re.IGNORECASE,
)


def looks_secret(name: str, value: object) -> bool:
    """Return whether a field's name or its value is that of a secret."""
    return bool(NAMES.search(name)) or _told(str(value))


def harmless(line: str) -> str:
    """Return a line of a program's output, or a note in its place when it looks like it holds a secret."""
    return "(a line that looks like it holds a secret)" if _told(line) else line


def secret_fields(data: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted path of every field in JSON-like data that looks like a secret."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from secret_fields(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from secret_fields(value, f"{path}[{number}]")
    elif looks_secret(path.rpartition(".")[2], data):
        yield path


def _told(text: str) -> bool:
    return bool(VALUES.search(text) or GIVEN.search(text))
