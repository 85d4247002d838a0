"""Restore of Camunda 8 from a hot backup set, started by hand: one DAG for each file in include/clusters.

The order of the steps is in ``camunda_backup.shapes``: the cold restore has the same ones.
"""

from airflow.sdk import DAG, TaskGroup

from camunda_backup.cluster_files import read_files
from camunda_backup.clusters import AnyCluster
from camunda_backup.manifests import HOT, RDBMS
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.shapes import restore_api, restoring

DOC = """
### Restore {name} at 3 am

1. **Trigger with the form as it is.** That is a dry run: it changes nothing, and the log of `plan` lists every problem
   with what to do, or what would be deleted and restored.
2. **Trigger again** with *dry_run* off and *confirm* = `{name}`. `approve` shows the plan once more; approve it.
3. **Wait.** Everything stops, Zeebe's data comes first (behind the database, where there is one), then
   Operate/Tasklist, then Optimize; Zeebe starts, and only when it is healthy the others.
4. **Sign off.** `sign_off` shows the numbers beside the backup's, and the pictures. Accept or reject.

| when this fails | the cluster is | do this |
|---|---|---|
| plan, approve | untouched | correct what it says, start again |
| stop_… | partly stopped, data untouched | mend it, clear the task with everything downstream |
| restore_…, start_…, wait_… | kept stopped, see `keep_stopped` | mend it, clear from where it says |
| check_…, take_pictures | running, restored | look at both numbers; clear the task when it only needed time |
| sign_off rejected | running, restored | restore another backup, or mend by hand |
"""


def by_itself(cluster: AnyCluster) -> bool:
    """Whether the running cluster restores its own partitions."""
    return cluster.generation.restore == "api"


def restore(cluster: AnyCluster) -> DAG:
    """Return the restore DAG of one cluster."""
    asked, kind = restoring.params(cluster), RDBMS if isinstance(cluster, RdbmsCluster) else HOT
    if not by_itself(cluster):
        return restoring.framed(cluster, kind, DOC, asked, lambda: restoring.groups(cluster))

    def change() -> list[TaskGroup]:
        return restore_api.groups(
            cluster, backup_id=restoring.BACKUP_ID, manifest=restoring.MANIFEST, partitions=restoring.PARTITIONS
        )

    return restoring.framed(cluster, kind, restore_api.DOC, {**asked, **restore_api.params()}, change)


for one in read_files()[0]:
    globals()[one.dag_id("restore")] = restore(one)
