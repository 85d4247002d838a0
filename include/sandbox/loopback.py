"""HTTP to servers on this machine."""

import requests

TIMEOUT = 10.0


def session() -> requests.Session:
    """Return a session that asks the server itself, whatever proxy the environment names."""
    direct = requests.Session()
    direct.trust_env = False
    return direct


def answers(url: str, timeout: float = 5.0) -> bool:
    """Return whether a GET of this address succeeds right now.

    :param url: the whole address
    :param timeout: seconds to wait for the answer
    """
    with session() as direct:
        try:
            return direct.get(url, timeout=timeout).ok
        except requests.RequestException:
            return False
