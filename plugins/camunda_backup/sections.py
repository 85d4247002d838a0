"""The sections of a cluster file."""

from datetime import timedelta
from typing import Any, Literal, Self

import pendulum
from pendulum.tz.exceptions import InvalidTimezone
from pydantic import Field, field_validator, model_validator

from camunda_backup.api.access import Access, Kind
from camunda_backup.fields import ConnectionId, Duration, Model, Prefix, RoleArn
from camunda_backup.targets import Identity, SignIn


class Schedule(Model):
    """When backups are taken; without it they are started by hand."""

    cron: str = Field(description="five cron fields, e.g. 0 2 * * *")
    timezone: str = Field("UTC", description="an IANA name, e.g. Europe/Berlin")

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        from croniter import croniter  # noqa: PLC0415 - only needed when a schedule is given

        if len(value.split()) != 5 or not croniter.is_valid(value):
            raise ValueError("write five cron fields, e.g. 0 2 * * * for two o'clock every night")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            pendulum.timezone(value)
        except (InvalidTimezone, ValueError) as error:
            raise ValueError("write an IANA time zone, e.g. Europe/Berlin") from error
        return value


class Connections(Model):
    """Airflow connections to the management ports, and for the restore to the ports that users reach.

    A context path belongs into the connection's host, as in ``http://camunda-core:9600/camunda``; Optimize's management
    port has none.
    """

    zeebe: ConnectionId = Field(description="the gateway (8.5 to 8.7) or the Orchestration Cluster (8.8 and later)")
    brokers: tuple[ConnectionId, ...] = Field(
        (), description="every broker's own management port; not needed when one broker is also the gateway"
    )
    operate: ConnectionId | None = Field(
        None,
        description="8.5 to 8.7: Operate's management port, with several pods one pod's; on 8.5 that is its app port, "
        "8080, unless it was moved",
    )
    tasklist: ConnectionId | None = Field(
        None,
        description="8.5 to 8.7: Tasklist's management port, with several pods one pod's; on 8.5 that is its app port, "
        "8080, unless it was moved",
    )
    web_apps: ConnectionId | None = Field(
        None,
        description="8.8 and later, with several pods: the port of the one pod that makes the history backup and tells "
        "how far it is, since only that pod knows; its management port, or where the backup goes through the REST API "
        "(8.10) its REST port; default: connections.zeebe, or connections.rest",
    )
    optimize: ConnectionId | None = Field(None, description="leave out when there is no Optimize")
    rest: ConnectionId | None = Field(
        None, description="the REST API; needed by the restore, and on 8.10 by the backup, which goes through it"
    )
    operate_web: ConnectionId | None = Field(
        None, description="Operate's web port, with a user who may look (8.5 to 8.7); needed by the restore"
    )
    tasklist_web: ConnectionId | None = Field(
        None, description="Tasklist's web port, with a user who may look (8.5 to 8.7); needed by the restore"
    )
    optimize_web: ConnectionId | None = Field(None, description="Optimize's web port; the visual check looks at it")


class IndexPrefixes(Model):
    """How index names begin."""

    operate: Prefix = "operate"
    tasklist: Prefix = "tasklist"
    optimize: Prefix = "optimize"
    records: Prefix = "zeebe-record"
    camunda: Prefix = Field("camunda", description="from 8.8 on")


class AmazonDomain(Model):
    """A domain of Amazon OpenSearch Service: requests to it are signed (SigV4, service es).

    The worker's and the triggerer's own AWS credentials sign: their service account's role, their instance's role, or
    what else the AWS SDK finds.
    """

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="of the domain, e.g. eu-central-1")
    role_arn: RoleArn | None = Field(None, description="a role to take on first; it signs then")


class SecondaryStorage(SignIn):
    """The search engine that Operate, Tasklist and Optimize read from."""

    engine: Literal["elasticsearch", "opensearch"]
    connection: ConnectionId
    index_prefixes: IndexPrefixes = IndexPrefixes()
    amazon: AmazonDomain | None = Field(None, description="only when it is a domain of Amazon OpenSearch Service")

    @model_validator(mode="after")
    def _amazon_is_opensearch(self) -> Self:
        if self.amazon and self.engine != "opensearch":
            raise ValueError(
                "amazon is for engine: opensearch; a domain that runs Elasticsearch takes no 8.x snapshots"
            )
        if self.amazon and self.sign_in != "connection":
            raise ValueError(f"sign_in: {self.sign_in} must go; requests to Amazon OpenSearch Service are signed")
        return self

    def access(self, identity: Identity | None) -> dict[str, Any]:
        """Return an :class:`~camunda_backup.api.access.Access` as JSON.

        :param identity: the cluster's, which oidc needs
        :raises ValueError: it has none
        """
        if self.amazon is None:
            return super().access(identity)
        return Access(Kind.SIGV4.value, region=self.amazon.region, role_arn=self.amazon.role_arn).as_json()


class WaitLimits(Model):
    """How long things may take."""

    deadline: Duration = Field(timedelta(hours=1), description="for each component's part")
    stall: Duration = Field(timedelta(minutes=30), description="a running part that makes no progress")
    grace: Duration = Field(timedelta(minutes=1), description="a part that is not visible or INCOMPLETE")
    faults: Duration = Field(timedelta(minutes=2), description="a component that cannot be asked")
    clock_skew: Duration = Field(timedelta(minutes=2), description="between the workers' and the cluster's clocks")

    def patience(self) -> dict[str, float]:
        """Return the limits of one wait, in seconds."""
        return {name: getattr(self, name).total_seconds() for name in ("grace", "faults", "stall", "deadline")}


class Limits(WaitLimits):
    """How long things may take, the pause of exporting among them."""

    max_pause: Duration = Field(timedelta(hours=1), description="exporting resumes then, and the backup is given up")


class RestoreLimits(Model):
    """How long the steps of a restore may take."""

    approval: Duration = Field(timedelta(hours=1), description="for a person to approve; nothing is changed after it")
    stop: Duration = Field(timedelta(minutes=10), description="until a component is seen to be stopped")
    snapshots: Duration = Field(timedelta(hours=6), description="for each component's snapshots")
    stall: Duration = Field(timedelta(minutes=30), description="a restore of snapshots in which no shard advances")
    start: Duration = Field(timedelta(minutes=20), description="until a component is healthy")
    settle: Duration = Field(timedelta(minutes=30), description="until the web apps show what the manifest says")
    partitions: Duration = Field(
        timedelta(hours=2), description="from 8.10 on: until Zeebe has restored its partitions"
    )
    sign_off: Duration = Field(timedelta(hours=24), description="for a person to accept the restored cluster")


class Guard(Model):
    """What the guard DAG does for this cluster."""

    resume: bool = Field(
        True, description="resume exporting that nobody is responsible for; it fails loudly either way"
    )
    margin: Duration = Field(
        timedelta(minutes=2), description="an active backup's own resume has this beyond max_pause"
    )
    rpo: Duration | None = Field(None, description="the newest complete backup must not be older")


class Links(Model):
    """Addresses for a person's browser, shown as links in Airflow."""

    operate: str | None = None
    snapshots: str | None = Field(None, description="base URL of the search engine")
