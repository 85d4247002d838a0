"""A kubelet's side of a port-forward: one websocket, of which each port has a channel for data and one for errors."""

import select
import socket
import ssl

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from sandbox.ports import HOST

PROTOCOL = Subprotocol("v4.channel.k8s.io")
DATA, ERROR = b"\x00", b"\x01"
PIECE = 65536  # bytes


def serve(caller: ssl.SSLSocket, head: bytes, port: int) -> None:
    """Pass on what comes until one side hangs up.

    :param head: the request that asks for it, as it arrived
    :param port: of this machine, since containers are its processes
    """
    protocol = ServerProtocol(subprotocols=[PROTOCOL], max_size=None)
    protocol.receive_data(head)
    for event in protocol.events_received():
        if isinstance(event, Request):
            protocol.send_response(protocol.accept(event))
    for channel in (DATA, ERROR):
        protocol.send_binary(channel + port.to_bytes(2, "little"))
    _flush(protocol, caller)
    try:
        with socket.create_connection((HOST, port)) as pod:
            _pass_on(protocol, caller, pod)
    except ConnectionRefusedError:
        protocol.send_binary(ERROR + f"nothing listens on port {port}".encode())
    if protocol.state is State.OPEN:
        protocol.send_close()
    _flush(protocol, caller)


def _pass_on(protocol: ServerProtocol, caller: ssl.SSLSocket, pod: socket.socket) -> None:
    while True:
        ready = [caller] if caller.pending() else select.select([caller, pod], [], [])[0]
        if pod in ready:
            if not (piece := pod.recv(PIECE)):
                return
            protocol.send_binary(DATA + piece)
        if caller in ready:
            if not (piece := caller.recv(PIECE)):
                return
            protocol.receive_data(piece)
            for frame in protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode is Opcode.BINARY and frame.data[:1] == DATA:
                    pod.sendall(frame.data[1:])
        _flush(protocol, caller)
        if protocol.state is not State.OPEN:
            return


def _flush(protocol: ServerProtocol, caller: ssl.SSLSocket) -> None:
    for piece in protocol.data_to_send():
        if piece:
            caller.sendall(piece)
