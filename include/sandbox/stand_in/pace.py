"""How fast the stand-in's backups advance."""

import asyncio


class Pace:
    """A clock whose unit, the time one part of a backup takes, can be changed while somebody waits on it."""

    def __init__(self, seconds_per_part: float) -> None:
        self._seconds = seconds_per_part
        self._changed = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Seconds one part takes now."""
        return self._seconds

    def change(self, seconds_per_part: float) -> None:
        """Set another pace, also for waits that have begun."""
        self._seconds = seconds_per_part
        self._changed.set()
        self._changed = asyncio.Event()

    async def parts(self, count: float = 1.0) -> None:
        """Wait as long as ``count`` parts take."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while (left := begun + count * self._seconds - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                return
        await asyncio.sleep(0)
