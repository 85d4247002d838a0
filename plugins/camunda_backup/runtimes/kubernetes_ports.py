"""One connection to a pod's port: a websocket of the API server with a channel for data and one for errors.

Both channels begin with the port's number, in two bytes (pkg/kubelet of Kubernetes, protocol ``v4.channel.k8s.io``).
Needs apache-airflow-providers-cncf-kubernetes, see requirements-extras.txt.
"""

import select
import socket
import ssl

from kubernetes import client
from kubernetes.stream.ws_client import create_websocket, get_websocket_url
from websocket import ABNF, WebSocket, WebSocketBadStatusException, WebSocketException

DATA, ERROR = b"\x00", b"\x01"
PIECE = 65536  # bytes


def opened(api: client.ApiClient, namespace: str, pod: str, port: int) -> WebSocket:
    """Open a websocket to a pod's port.

    :raises ApiException: the API server refuses
    :raises OSError: it does not answer
    """
    headers: dict[str, str] = {"sec-websocket-protocol": "v4.channel.k8s.io"}
    api.update_params_for_auth(headers, [], ["BearerToken"])
    path = f"{api.configuration.host}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
    try:
        websocket: WebSocket = create_websocket(api.configuration, get_websocket_url(path, [("ports", port)]), headers)
    except WebSocketBadStatusException as error:
        refusal = client.ApiException(error.status_code, "refused")
        refusal.body = (error.resp_body or b"").decode("utf-8", "replace")
        raise refusal from error
    except WebSocketException as error:
        raise ConnectionError(str(error)) from error
    return websocket


def pass_on(caller: socket.socket, websocket: WebSocket) -> str | None:
    """Pass on what comes until one side hangs up; return why the pod's side cannot be reached, None when it can."""
    begun: set[bytes] = set()
    both = caller.fileno(), int(websocket.fileno())  # type: ignore[no-untyped-call]
    while True:
        ready = both[1:] if _pending(websocket) else select.select(both, [], [])[0]
        if both[0] in ready:
            if not (piece := caller.recv(PIECE)):
                return None
            websocket.send_binary(DATA + piece)
        if both[1] in ready:
            opcode, frame = websocket.recv_data_frame()
            if opcode == ABNF.OPCODE_CLOSE:
                return None
            channel, piece = frame.data[:1], frame.data[1:]
            if channel not in begun:
                begun.add(channel)
            elif channel == ERROR:
                return str(piece.decode("utf-8", "replace"))
            else:
                caller.sendall(piece)


def _pending(websocket: WebSocket) -> bool:
    """Return whether bytes have come that no select shows."""
    return isinstance(websocket.sock, ssl.SSLSocket) and bool(websocket.sock.pending())
