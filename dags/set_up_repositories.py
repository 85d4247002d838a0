"""Register every cluster's snapshot repository, verify it, and prove that it can be written and read."""

import pendulum
from airflow.sdk import DAG, Param

from camunda_backup.cluster_files import read_files
from camunda_backup.operators.repository import SetUpRepository
from camunda_backup.storage.repositories import as_registered

clusters = [cluster for cluster in read_files()[0] if cluster.repositories]

DOC = """
### Set up snapshot repositories

For each cluster: registers the repositories of its cluster file in its search engine, lets every node verify them, and
takes a probe document through each and back. Safe to repeat. A repository that is already registered **differently** is
shown as a list of differences and left alone, unless `overwrite` is set.
"""

with DAG(
    "set_up_repositories",
    dag_display_name="Set up snapshot repositories",
    description="Register, verify and probe the snapshot repository of each cluster",
    doc_md=DOC,
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    max_active_runs=1,
    tags=["camunda", "backup"],
    default_args={"owner": "data-platform", "retries": 0},
    params={
        "cluster": Param(
            "all",
            type="string",
            enum=["all", *(cluster.name for cluster in clusters)],
            title="Cluster",
            description="One cluster, or all of them",
        ),
        "overwrite": Param(
            False,
            type="boolean",
            title="Overwrite",
            description="Replace a repository that is registered differently from the cluster file",
        ),
    },
):
    for cluster in clusters:
        for repository, suffix in zip(cluster.repositories, ("", "_optimize"), strict=False):
            SetUpRepository(
                task_id=f"set_up_{cluster.name}{suffix}",
                cluster=cluster.name,
                access=cluster.repository_access(repository),
                definition=as_registered(repository),
                chosen="{{ params.cluster }}",
                overwrite="{{ params.overwrite }}",
            )
