"""What stands in a dump of pg_dump: the tables that pg_restore lists, and rows in the text that it prints."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (?!DATA )(?P<schema>\S+) (?P<name>\S+) ", re.MULTILINE)
POSITIONS = "exporter_position"
COPY = re.compile(r"^COPY (?P<table>\S+) \((?P<columns>.*)\) FROM stdin;$")
END = r"\."
LONGEST = 1 << 16  # bytes of a line that is looked at


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a dump, as ``schema.name``."""

    names: frozenset[str]

    @classmethod
    def listed(cls, text: str) -> "Tables":
        """Read what ``pg_restore --list`` prints."""
        return cls(frozenset(f"{found['schema']}.{found['name']}" for found in TABLE.finditer(text)))

    @property
    def has_positions(self) -> bool:
        """Whether the table of exported positions is among them, whatever prefix Camunda gave it."""
        return any(name.lower().endswith(POSITIONS) for name in self.names)

    def missing(self, there: Sequence[str]) -> list[str]:
        """Return those of a database's tables that are not in the dump."""
        return sorted(set(there) - self.names)


def exported_in() -> Generator[dict[int, int], bytes | None, None]:
    """Take a dump's text chunk by chunk; yield the exported position of each partition found so far.

    Send None after the last chunk.
    """
    rest, inside = b"", False
    columns: list[str] | None = None  # of the table whose rows come, when it is the one
    found: dict[int, int] = {}
    while True:
        chunk = yield found
        *lines, rest = (rest + (b"\n" if chunk is None else chunk)).split(b"\n")
        rest = rest[:LONGEST] if len(rest) > LONGEST else rest
        for line in lines:
            text = line[:LONGEST].decode("utf-8", "replace")
            if inside and text == END:
                inside = False
            elif inside and columns:
                row = dict(zip(columns, text.split("\t"), strict=False))
                found[int(row["partition_id"])] = int(row["last_exported_position"])
            elif not inside and (head := COPY.match(text)):
                inside = True
                wanted = head["table"].strip('"').lower().endswith(POSITIONS)
                columns = [one.strip().strip('"').lower() for one in head["columns"].split(",")] if wanted else None
