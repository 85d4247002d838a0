"""Components on Kubernetes as a cluster file names them; what it leaves out is as Camunda's Helm chart makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from camunda_backup.fields import ConnectionId, Duration, Model
from camunda_backup.states import Companion

COMPONENT = "app.kubernetes.io/component"
RELEASE = "app.kubernetes.io/instance"

Selector = Annotated[
    str, Field(pattern=r"^$|^[\w./-]+(=[\w.-]+)?(,[\w./-]+(=[\w.-]+)?)*$", description="labels, as app=zeebe,tier=core")
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one generation of Camunda's Helm chart lays out a cluster, read in camunda/camunda-platform-helm.

    :param selectors: labels of what runs each component
    :param container: the broker's, in its pod
    :param program: the restore application in the image
    :param node_id: variables from which the broker's configuration takes its node ID
    :param environment: what the restore application needs beyond the broker's own
    """

    selectors: Mapping[str, str]
    container: str
    program: str
    node_id: tuple[str, ...]
    environment: Mapping[str, str]


UP_TO_8_7 = Layout(
    {
        "zeebe": f"{COMPONENT}=zeebe-broker",
        "gateway": f"{COMPONENT}=zeebe-gateway",
        "operate": f"{COMPONENT}=operate",
        "tasklist": f"{COMPONENT}=tasklist",
        "optimize": f"{COMPONENT}=optimize",
    },
    "zeebe",
    "/usr/local/zeebe/bin/restore",
    ("ZEEBE_BROKER_CLUSTER_NODEID",),
    {},
)
FROM_8_8 = Layout(
    {
        "zeebe": f"{COMPONENT}=zeebe-broker",
        "importer": f"{COMPONENT}=orchestration-importer",
        "optimize": f"{COMPONENT}=optimize",
    },
    "orchestration",
    "/usr/local/camunda/bin/restore",
    ("VALUES_ORCHESTRATION_NODE_ID", "ZEEBE_BROKER_CLUSTER_NODEID"),
    {"SPRING_PROFILES_ACTIVE": "restore"},
)


def layout(version: str) -> Layout:
    """Return how the Helm chart lays out a version.

    :param version: ``8.6``, or exact as ``8.6.0``
    """
    major, minor, *_ = version.split(".")
    return UP_TO_8_7 if (int(major), int(minor)) <= (8, 7) else FROM_8_8


class Workloads(Model):
    """Labels of the StatefulSets and Deployments of each component; default: those of Camunda's Helm chart."""

    zeebe: Selector = Field("", description="one StatefulSet, the brokers")
    gateway: Selector = Field("", description="gateways that run by themselves; there need not be any")
    importer: Selector = Field("", description="from 8.8 on, while a cluster of 8.7 is migrated")
    operate: Selector = ""
    tasklist: Selector = ""
    optimize: Selector = ""
    connectors: Selector = Field("", description="stopped while a cold backup or restore goes on; not by default")
    identity: Selector = Field("", description="Identity, stopped as the connectors are; not by default")
    web_modeler: Selector = Field("", description="stopped as the connectors are, before all others; not by default")


class RestoreJob(Model):
    """What the Jobs that restore the brokers take from the brokers' StatefulSet; default: Camunda's Helm chart's."""

    container: str = Field("", description="the broker's container; default: the chart's, or the pod's only one")
    volume: Name = Field("data", description="the volume claim that holds the broker's data")
    program: str = Field("", pattern=r"^$|^/", description="the restore application in the image")
    node_id: tuple[str, ...] = Field((), description="variables that give a broker its node ID, the pod's ordinal")
    environment: dict[str, str] = Field({}, description="variables of the restore application beyond the broker's")


class KubernetesRuntime(Model):
    """StatefulSets and Deployments are scaled to 0 and back; Jobs restore the brokers."""

    type: Literal["kubernetes"]
    connection: ConnectionId = Field(description="an Airflow connection of type kubernetes")
    namespace: Name
    release: str = Field("", pattern=r"^[a-z0-9.-]*$", description="the Helm release, when the namespace has several")
    brokers: int = Field(ge=1, description="how many brokers there are")
    timeout: Duration = Field("10m", validate_default=True, description="until a Job's pod runs, or a Job is gone")
    restore_timeout: Duration = Field("2h", validate_default=True, description="for the restore application")
    components: Workloads = Workloads()
    restore: RestoreJob = RestoreJob()

    @property
    def broker_names(self) -> tuple[str, ...]:
        """The brokers as tasks and logs call them; the number is the pod's ordinal."""
        return tuple(f"broker-{ordinal}" for ordinal in range(self.brokers))

    @property
    def node_ids(self) -> dict[str, int]:
        """The node ID of each broker by its name: the pod's ordinal."""
        return {name: ordinal for ordinal, name in enumerate(self.broker_names)}

    @property
    def companions(self) -> tuple[Companion, ...]:
        """What runs beside the cluster and stops for a cold backup."""
        return tuple(one for one in Companion if getattr(self.components, one.value))

    def of_version(self, version: str) -> Self:
        """Return it with everything that it leaves out, as the Helm chart makes it for a version."""
        chart = layout(version)
        release = f",{RELEASE}={self.release}" if self.release else ""
        components = {
            name: given or (f"{chart.selectors[name]}{release}" if name in chart.selectors else "")
            for name, given in self.components.model_dump().items()
        }
        restore = {
            "container": self.restore.container or chart.container,
            "volume": self.restore.volume,
            "program": self.restore.program or chart.program,
            "node_id": self.restore.node_id or chart.node_id,
            "environment": {**chart.environment, **self.restore.environment},
        }
        return self.model_copy(update={"components": Workloads(**components), "restore": RestoreJob(**restore)})

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types; durations become seconds."""
        fields = self.model_dump(mode="python")
        seconds = {name: value.total_seconds() for name, value in fields.items() if isinstance(value, timedelta)}
        return {**fields, **seconds}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Rebuild it from :meth:`as_json`."""
        seconds = {name: timedelta(seconds=fields[name]) for name in ("timeout", "restore_timeout")}
        return cls(**{**fields, **seconds})
