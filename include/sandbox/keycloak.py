"""Keycloak 26.5 as an identity provider (Apache License 2.0), run without its own scripts: one realm, client and user.

Tests alone use it; the demo does not.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from . import fetch, java, ports
from .errors import SandboxError
from .programs import Program, Programs, environment
from .sites import Site

Report = Callable[[str], None]

KEYCLOAK = fetch.Artifact(
    "org.keycloak",
    "keycloak-quarkus-dist",
    "26.5.6",
    "zip",
    "490189d9dff05272432d51f71a069462eeca97f2920a694d539a1e6c26a5a347",
    340,
)
REALM = "camunda-platform"
CLIENT = "camunda-backup"
SECRET = "sandbox-only"  # noqa: S105 - it opens nothing but the sandbox
HASTY_CLIENT = "camunda-backup-hasty"
HASTY_SECONDS = 3  # that its tokens last
USER = "demo"
PASSWORD = "sandbox-only"  # noqa: S105 - it opens nothing but the sandbox
AUDIENCES = ("operate-api", "tasklist-api")

HEAP = "512m"
BUILD_PATIENCE = 240.0  # seconds
# As Keycloak's own script gives them.
OPTIONS = (
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
)


def issuer(site: Site) -> str:
    """Return the issuer's URL."""
    return f"{site.url('issuer')}/realms/{REALM}"


def tls_issuer(site: Site) -> str:
    """Return the issuer's URL with TLS."""
    return f"https://{site.address('issuer_tls')}/realms/{REALM}"


def prepare(site: Site, programs: Programs, report: Report) -> None:
    """Fetch Keycloak and set it up with its realm; it keeps both in its home folder.

    :param report: is told what is being done
    :raises SandboxError: it cannot be fetched or set up
    """
    fetch.fetch((KEYCLOAK,), site.cache, fetch.maven(report), report)
    home = site.home("keycloak")
    shutil.copytree(fetch.home(KEYCLOAK, site.cache), home)  # setting it up changes it
    imports = home / "data" / "import"
    imports.mkdir(parents=True)
    (imports / "realm.json").write_text(json.dumps(_realm()))
    ended = programs.run(_program(site, "build", "--db=dev-file"), BUILD_PATIENCE)
    if ended.exit_code != 0:
        raise SandboxError(f"Keycloak cannot be set up; see {programs.log_path('keycloak')}.")


def keycloak(site: Site, certificate: tuple[Path, Path] | None = None) -> Program:
    """Return Keycloak as a program, once it is prepared.

    :param certificate: files of its certificate and key, to speak TLS on a port of its own as well
    """
    web = ["--http-enabled=true", f"--http-host={ports.HOST}", f"--http-port={site.port('issuer')}"]
    if certificate:
        file, key = certificate
        web += [f"--https-port={site.port('issuer_tls')}", f"--https-certificate-file={file}"]
        web += [f"--https-certificate-key-file={key}"]
    return _program(site, "start", "--optimized", "--cache=local", "--hostname-strict=false", "--import-realm", *web)


def _program(site: Site, *arguments: str) -> Program:
    home = site.home("keycloak")
    options = (*OPTIONS, f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home / 'conf'}")
    main_class = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
    command = java.command(main_class, (home / "lib" / "quarkus-run.jar",), HEAP, home, options)
    health = f"{issuer(site)}/.well-known/openid-configuration"
    return Program("keycloak", (*command, *arguments), environment(home), home, health)


def _realm() -> dict[str, object]:
    """Return the realm as Camunda Identity would set it up for a client and a user that may read."""
    permissions = json.dumps({audience: ["read:*"] for audience in AUDIENCES})
    mappers = [
        _mapper(audience, "oidc-audience-mapper", {"included.custom.audience": audience}) for audience in AUDIENCES
    ]
    mappers.append(
        _mapper(
            "permissions",
            "oidc-hardcoded-claim-mapper",
            {"claim.name": "permissions", "claim.value": permissions, "jsonType.label": "JSON"},
        )
    )
    client = {
        "clientId": CLIENT,
        "secret": SECRET,
        "publicClient": False,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": True,
        "redirectUris": [f"http://{ports.HOST}:*"],
        "protocolMappers": mappers,
    }
    user = {
        "username": USER,
        "enabled": True,
        "email": f"{USER}@example.org",
        "firstName": "Demo",
        "lastName": "Demo",
        "credentials": [{"type": "password", "value": PASSWORD}],
    }
    hasty = {**client, "clientId": HASTY_CLIENT, "attributes": {"access.token.lifespan": str(HASTY_SECONDS)}}
    return {"realm": REALM, "enabled": True, "clients": [client, hasty], "users": [user]}


def _mapper(name: str, kind: str, settings: Mapping[str, str]) -> dict[str, object]:
    config = {"access.token.claim": "true", **settings}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
