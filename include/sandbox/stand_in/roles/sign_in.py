"""What ports want to know of a caller: the line's own way, or what a test has chosen."""

from base64 import b64encode
from collections.abc import Callable

from sandbox.stand_in.messages import OUTSIDE, Call, Reply
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World

BASIC = "Basic " + b64encode(b"demo:demo").decode()


def signed_in(world: World, handler: Handler, refuse: Callable[[Call], Reply], cookie: str | None = None) -> Handler:
    """Let only those pass who are signed in.

    :param refuse: answers the others
    :param cookie: the session's cookie where the line's own way is a login; None where it wants nothing
    """

    async def answer(call: Call) -> Reply:
        wanted = world.conditions.sign_in
        if world.provider:
            token = call.headers.get("Authorization", "").removeprefix("Bearer ")
            welcome = await world.provider.vouches_for(token, f"{call.role}-api")
        elif wanted in {"bearer", "basic"}:
            welcome = _shows(world, wanted, call)
        else:
            welcome = cookie is None or f"{cookie}=stand-in" in call.headers.get("Cookie", "")
        return await handler(call) if welcome else refuse(call)

    return answer


def refused(world: World, call: Call) -> Reply | None:
    """Return the answer to somebody who is not let in at a management port or the search engine, None to all others.

    It is the one of Spring Security and of the search engines' own: no body, and what is wanted in a header.
    """
    place = "search" if call.door == "search" else "management" if call.path.startswith("/actuator") else None
    wanted = world.conditions.guarded.get(place) if place else None
    if wanted is None or call.caller != OUTSIDE or _shows(world, wanted, call):
        return None
    return Reply(401, headers={"WWW-Authenticate": "Bearer" if wanted == "bearer" else 'Basic realm="Realm"'})


def _shows(world: World, wanted: str, call: Call) -> bool:
    given = call.headers.get("Authorization", "")
    return world.vouches_for(given.removeprefix("Bearer ")) if wanted == "bearer" else given == BASIC
