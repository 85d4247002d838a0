"""Restore of Camunda 8 from a cold backup set, started by hand: one DAG for each cluster file that has ``cold``.

The tasks are those of the restore from a hot backup; only the brokers' data comes from copies.
"""

from airflow.sdk import DAG

from camunda_backup.cluster_files import read_clusters
from camunda_backup.clusters import Cluster
from camunda_backup.manifests import COLD
from camunda_backup.shapes import restoring

DOC = """
### Restore {name} from a cold backup

1. **Trigger with the form as it is.** That is a dry run: it changes nothing, reads every copy of the set to its end,
   and the log of `plan` lists every problem with what to do, or what would be deleted and restored.
2. **Trigger again** with *dry_run* off and *confirm* = `{name}`. `approve` shows the plan once more; approve it.
3. **Wait.** Everything stops, the brokers get their data back, then Operate/Tasklist and Optimize their indices; Zeebe
   starts, and only when it is healthy the others.
4. **Sign off.** `sign_off` shows the numbers beside the backup's, and the pictures. Accept or reject.

| when this fails | the cluster is | do this |
|---|---|---|
| plan, approve | untouched | correct what it says, start again |
| stop_… | partly stopped, data untouched | mend it, clear the task with everything downstream |
| restore_…, start_…, wait_… | kept stopped, see `keep_stopped` | mend it, clear from where it says |
| check_…, take_pictures | running, restored | look at both numbers; clear the task when it only needed time |
| sign_off rejected | running, restored | restore another backup, or mend by hand |
"""


def cold_restore(cluster: Cluster) -> DAG:
    """Return the cold restore DAG of one cluster."""
    return restoring.framed(cluster, COLD, DOC, restoring.params(cluster), lambda: restoring.groups(cluster, cold=True))


for one in read_clusters()[0]:
    if one.cold:
        globals()[one.dag_id("cold_restore")] = cold_restore(one)
