"""What the web apps' and the REST API want to know of a caller: the line's own way, or what a test has chosen."""

from base64 import b64encode
from collections.abc import Callable

from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World

BASIC = "Basic " + b64encode(b"demo:demo").decode()


def signed_in(world: World, handler: Handler, refuse: Callable[[Call], Reply], cookie: str | None = None) -> Handler:
    """Let only those pass who are signed in.

    :param refuse: answers the others
    :param cookie: the session's cookie where the line's own way is a login; None where it wants nothing
    """

    async def answer(call: Call) -> Reply:
        given = call.headers.get("Authorization", "")
        match world.conditions.sign_in:
            case "bearer":
                welcome = given.removeprefix("Bearer ") in world.tokens
            case "basic":
                welcome = given == BASIC
            case _:
                welcome = cookie is None or f"{cookie}=stand-in" in call.headers.get("Cookie", "")
        return await handler(call) if welcome else refuse(call)

    return answer
