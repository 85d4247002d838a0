"""Run the stand-in: ``python -m sandbox.stand_in --line 8.6 --ports 27000``."""

import argparse
import asyncio
import json
import signal
import sys
import threading
from dataclasses import fields

from sandbox.stand_in.answers import ENGINES, LINES
from sandbox.stand_in.model.importing import OPTIMIZE, Importing
from sandbox.stand_in.stage import MOST_BROKERS, all_roles, only_optimize, open_doors
from sandbox.stand_in.world import Play, World


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="sandbox.stand_in",
        description="A stand-in for Camunda 8 and its search engine, on loopback only. Prints one line of JSON with "
        "the URLs when it is ready.",
    )
    parser.add_argument("--line", choices=LINES, default="8.6", help="line of Camunda to play")
    parser.add_argument("--version", help="version to report, e.g. 8.9.0; the line's own when not given")
    parser.add_argument("--context-path", default="", help="e.g. /camunda: all paths but Optimize's begin with it")
    parser.add_argument("--ports", type=int, default=28000, help="port base; 0 takes free ports")
    parser.add_argument("--brokers", type=int, choices=range(1, MOST_BROKERS + 1), default=1)
    parser.add_argument("--partitions", type=int, default=2)
    parser.add_argument("--pace", type=float, default=0.2, help="seconds one part of a backup takes")
    parser.add_argument("--engine", choices=ENGINES, default="opensearch", help="search engine to play")
    parser.add_argument("--only", choices=["optimize"], help="play this role alone; needs --search")
    parser.add_argument(
        "--search", type=address, help="URL of a real search engine, in the place of the stand-in's own"
    )
    parser.add_argument("--store", type=address, help="URL of an S3 store for Zeebe's backups; needs --bucket")
    parser.add_argument("--bucket", help="bucket in that store")
    parser.add_argument("--client-secret", help="opens an OpenID Connect issuer for the client camunda-backup")
    parser.add_argument(
        "--provider", type=address, help="URL of a realm of Keycloak in its place; needs --client-secret"
    )
    parser.add_argument("--repository", action="store_true", help="register the snapshot repository at the start")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser


def address(text: str) -> str:
    """Read a URL; paths are added to it."""
    return text.rstrip("/")


async def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if options.until_stdin_closes:
        threading.Thread(target=watch_stdin, args=(loop, stopped), daemon=True).start()
    play = Play(**{field.name: getattr(options, field.name) for field in fields(Play)})
    world = World(play)
    world.reset(repository=options.repository)
    if options.only:
        doors = await open_doors(world, only_optimize(world), options.ports)
        await world.make_indices("optimize")
        world.run(Importing(world.storage, [OPTIMIZE], world.works).run())
    else:
        await world.begin()
        doors = await open_doors(world, all_roles(world), options.ports)
    world.search_url = options.search or doors["search"].url
    sys.stdout.write(json.dumps({"ready": {name: door.url for name, door in doors.items()}}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    for door in doors.values():
        await door.close()


def watch_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Stop the stand-in when whoever started it is gone."""
    sys.stdin.read()
    loop.call_soon_threadsafe(stopped.set)


def main() -> None:
    """Read the command line and serve."""
    parser = arguments()
    options = parser.parse_args()
    if options.only and not options.search:
        parser.error("--only needs --search")
    if options.provider and not options.client_secret:
        parser.error("--provider needs --client-secret")
    if bool(options.store) != bool(options.bucket):
        parser.error("--store and --bucket belong together")
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.exit(f"The stand-in cannot listen: {error.strerror or error}. Choose another --ports.")


if __name__ == "__main__":
    main()
