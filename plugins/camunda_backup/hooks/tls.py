"""What a connection says of TLS: a private certificate authority, a client certificate."""

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from camunda_backup.hooks.endpoint import Certificate, Endpoint

log = logging.getLogger(__name__)
# TLS 1.3 refuses a client's certificate when the client has begun to send; the reason may be lost then.
HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError)

_unverified: set[str] = set()
_guard = Lock()


def context(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """Return what a connection's TLS is made with, True where the system's own way will do.

    :raises ValueError: its CA file or its certificate cannot be used; the text says which and why
    """
    verify, certificate = endpoint.verify, endpoint.certificate
    if verify is False:
        _warn_once(endpoint.conn_id)
    if certificate is None and not isinstance(verify, str):
        return verify
    made = _trusting(verify)
    if certificate:
        _show(made, certificate)
    return made


def _warn_once(conn_id: str) -> None:
    with _guard:
        known = conn_id in _unverified
        _unverified.add(conn_id)
    if not known:
        log.warning(
            "connection %s does not verify certificates (verify is false in its extra), so that anybody may answer in"
            " the cluster's place and read what is sent; name your CA's file as verify instead",
            conn_id,
        )


def trouble(error: BaseException) -> str | None:
    """Return what is wrong with TLS and what to do, or None when an error has another reason.

    :param error: of a request over TLS
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError) and (said := getattr(cause, "verify_message", "")):
            return _untrusted(said.rstrip("."))
    told = " ".join(str(cause) for cause in causes).upper().replace(" ", "_")
    if "CERTIFICATE_REQUIRED" in told or "HANDSHAKE_FAILURE" in told:
        return "it wants a client certificate; name its file, or certificate and key, as cert in its extra"
    if "ALERT_UNKNOWN_CA" in told or "ALERT_BAD_CERTIFICATE" in told or "ALERT_CERTIFICATE" in told:
        return "it does not take the client certificate; correct cert in its extra"
    if any(isinstance(cause, HUNG_UP) for cause in causes):
        return "it hung up; if it wants a client certificate, name it as cert in its extra, or correct the one there"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "it does not speak TLS as expected; is its schema (http or https) right?"
    return None


def _untrusted(said: str) -> str:
    if "ostname mismatch" in said or "IP address mismatch" in said:
        return f"its certificate is for another name ({said}); use a host name that is in it"
    if "expired" in said or "not yet valid" in said:
        return f"its certificate is not valid now ({said})"
    return "its certificate is not trusted; name your CA's file as verify in its extra"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything behind it; HTTP clients wrap what TLS says several times."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        behind = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting.extend(cause for cause in behind if isinstance(cause, BaseException))


def _trusting(verify: bool | str) -> ssl.SSLContext:
    try:
        made = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    except OSError as error:
        raise ValueError(f"verify names no CA file that can be read: {verify}") from error
    if verify is False:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def _show(made: ssl.SSLContext, certificate: Certificate) -> None:
    file, key = (certificate, None) if isinstance(certificate, str) else certificate
    for path in filter(None, (file, key)):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise ValueError(f"cert names no file that can be read: {path}") from error
    try:
        made.load_cert_chain(file, key, password=_refuse)
    except _EncryptedKey:
        raise ValueError(
            f"the key in {key or file} is encrypted, and nobody is there to enter its passphrase; store it without one,"
            " readable for Airflow alone"
        ) from None
    except ssl.SSLError as error:
        if key is None and "PRIVATE KEY-----" not in Path(file).read_text("utf-8", "replace"):
            raise ValueError(f"cert names {file}, which holds no key; write [certificate, key]") from error
        raise ValueError(
            f"{file} and {key or 'the key in it'} are no certificate with its key: {error.reason}"
        ) from error


class _EncryptedKey(Exception):
    """A passphrase was asked for."""


def _refuse() -> str:
    raise _EncryptedKey
