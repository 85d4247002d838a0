"""Archives of Zeebe's data directory, for cold backups.

An archive holds the records of each partition, so that it has something in it, and a claim by which the stand-in finds
again what it kept when it made the archive.
"""

import io
import json
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from sandbox.stand_in.model.zeebe import Checkpoint

if TYPE_CHECKING:
    from sandbox.stand_in.world import World

CLAIM = "raft-partition/claim"
LOG = "raft-partition/partitions/{number}/raft-partition-partition-{number}-1.log"
UNREADABLE = (tarfile.TarError, KeyError, EOFError, AttributeError, UnicodeDecodeError)


class Archives:
    """All archives that were ever made, whatever was reset since."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._kept: dict[str, Mapping[int, Checkpoint]] = {}

    def make(self) -> bytes:
        """Return the data directory as a tar archive."""
        zeebe, claim = self._world.zeebe, secrets.token_hex(8)
        self._kept[claim] = {number: zeebe.checkpoint(number) for number in zeebe.partitions}
        files = {CLAIM: claim.encode()}
        for number, held in self._kept[claim].items():
            files[LOG.format(number=number)] = json.dumps([asdict(record) for record in held.records]).encode()
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return made.getvalue()

    def load(self, archive: bytes) -> None:
        """Fill the data directory from an archive.

        :raises ValueError: it is none of this stand-in's
        """
        try:
            with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
                claim = opened.extractfile(CLAIM).read().decode()  # type: ignore[union-attr]
            kept = self._kept[claim]
        except UNREADABLE as error:
            raise ValueError(f"this is no archive that was made here: {error!r}") from error
        self._world.zeebe.load(kept)
        self._world.data_directory = {"raft-partition"}
