"""The story of the demo: start, work, back up, work on, lose everything, restore, show."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.preflight import Needs
from sandbox.signing_in import LOGIN
from sandbox.workload import Workload

from .clusters import DemoCluster
from .runs import Runs
from .summary import address_lines, parts_table, pause_sentence, recovery_sentence, tallies_table
from .tally import Tally, tally, tally_that_shows

INSTANCES = 20
COMPLETED = 5
LATER_INSTANCES = 7
LATER_COMPLETED = 3
PATIENCE = 60.0  # seconds until the web apps show what was done
LOOK_INTERVAL = 0.5
AIRFLOW_MIB = 900
AIRFLOW_DISK_MIB = 200
ANSWERS = {"approve": "Approve", "sign_off": "Accept"}


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo.

    :param name: the cluster's name
    :param cluster: what is backed up and restored
    :param runs: runs of Airflow, which does it
    """

    name: str
    cluster: DemoCluster
    runs: Runs

    def needs(self, base_port: int) -> Needs:
        """Return what everything together takes, for `preflight.problems`."""
        needs = self.cluster.needs()
        return replace(
            needs,
            ports={**needs.ports, "airflow": ports.port(base_port, "airflow")},
            memory_mib=needs.memory_mib + AIRFLOW_MIB,
            disk_mib={**needs.disk_mib, self.runs.airflow.settings.home: AIRFLOW_DISK_MIB},
        )

    def start(self) -> None:
        """Start the cluster and Airflow side by side, both without memory of earlier times.

        :raises SandboxError: something cannot be fetched or does not start
        """
        say, airflow = self.runs.say, self.runs.airflow
        self.cluster.fetch(say)
        began = time.monotonic()
        start_together(partial(self.cluster.start, say), partial(airflow.start, say, forget=True))
        say(f"Everything is up after {time.monotonic() - began:.0f} s")

    def tell(self) -> bool:
        """Tell the story from the first work to the restored cluster.

        :returns: whether it ends well
        :raises SandboxError: the cluster refuses to work, Airflow cannot load the DAGs, or a run does not end
        """
        at_backup = self.work(INSTANCES, COMPLETED)
        if not self.back_up():
            return False
        before = self.work(LATER_INSTANCES, LATER_COMPLETED, at_backup)
        self.runs.say("Disaster:")
        self.cluster.destroy(lambda line: self.runs.say(f"  {line}"))
        after = tally(self.cluster.urls)
        run_id = self.restore()
        if not run_id:
            return False
        restored = tally_that_shows(self.cluster.urls, at_backup, PATIENCE)
        moments = {"at the backup": at_backup, "before the disaster": before, "after it": after, "restored": restored}
        self._show_restore(run_id, moments)
        return restored == at_backup

    def work(self, instances: int, completed: int, earlier: Tally | None = None) -> Tally:
        """Start process instances and complete user tasks; return what the cluster then shows.

        :param earlier: what it showed before; without it the process is deployed first
        :raises SandboxError: the cluster refuses, or Tasklist shows no tasks in time
        """
        with Workload(self.cluster.urls) as workload:
            if earlier is None:
                workload.deploy()
            workload.start(instances)
            deadline = time.monotonic() + PATIENCE
            while len(workload.open_tasks()) < completed and time.monotonic() < deadline:
                time.sleep(LOOK_INTERVAL)
            workload.complete(completed)
        self.runs.say(f"Started {instances} process instances and completed {completed} user tasks")
        changes = {
            "process instances active": instances - completed,
            "process instances completed": completed,
            "user tasks open": instances - completed,
            "user tasks completed": completed,
        }
        wanted = {name: ((earlier or {}).get(name) or 0) + change for name, change in changes.items()}
        return tally_that_shows(self.cluster.urls, wanted, PATIENCE)

    def back_up(self) -> bool:
        """Set up the snapshot repository, back up, and show how it went.

        :returns: whether there is a backup
        :raises SandboxError: Airflow cannot load the DAGs, or a run does not end
        """
        if not self.runs.run("set_up_repositories", "Setting up the snapshot repository", {"cluster": self.name}):
            return False
        run_id = self.runs.run(f"back_up_{self.name}", f"Backing up {self.name}", {})
        if run_id:
            self._show_backup(run_id)
        return bool(run_id)

    def restore(self) -> str | None:
        """Restore the newest backup, with a person's answers given by the demo; return the run's ID if it succeeded.

        :raises SandboxError: Airflow cannot load the DAG, or the run does not end
        """
        conf = {"dry_run": False, "confirm": self.name}
        return self.runs.run(f"restore_{self.name}", f"Restoring {self.name}", conf, ANSWERS)

    def _show_backup(self, run_id: str) -> None:
        runs, urls, dag_id = self.runs, self.cluster.urls, f"back_up_{self.name}"
        manifest = runs.event(dag_id, run_id)
        if not manifest:
            raise SandboxError("The run succeeded, but Airflow has no event of a recorded backup.")
        runs.console.print(parts_table(manifest))
        runs.say(pause_sentence(manifest))
        addresses = {
            "run in Airflow": runs.address(dag_id, run_id),
            "log in": runs.log_in(),
            "snapshots": f"{urls['search']}/_snapshot/{manifest['repository']['name']}/_all",
            "manifest": str(runs.airflow.settings.home / "manifests" / self.name / f"{manifest['backup_id']}.json"),
        }
        for line in address_lines(addresses):
            runs.say(line)

    def _show_restore(self, run_id: str, moments: dict[str, Tally]) -> None:
        runs, dag_id = self.runs, f"restore_{self.name}"
        report = runs.event(dag_id, run_id)
        if not report:
            raise SandboxError("The run succeeded, but Airflow has no event of a recorded restore.")
        runs.console.print(tallies_table(f"{self.name}, lost and restored", moments))
        runs.say(recovery_sentence(report))
        addresses = {
            "run in Airflow": runs.address(dag_id, run_id),
            "log in": runs.log_in(),
            "Operate": f"{self.cluster.urls['operate_web']}  (log in: {LOGIN['username']}, {LOGIN['password']})",
            "report": str(runs.airflow.client.xcom(dag_id, run_id, "report")["path"]),
        }
        for picture in report["pictures"]["pictures"][:1]:
            addresses["pictures"] = f"{runs.airflow.url}/{picture['url'].rpartition('/')[0]}"
        for word in ("back_up", "restore"):
            addresses[f"cold {word.replace('_', ' ')}"] = f"{runs.airflow.url}/dags/cold_{word}_{self.name}"
        for line in address_lines(addresses):
            runs.say(line)


def start_together(*starts: Callable[[], None]) -> None:
    """Run functions side by side; the first that fails ends the waiting for the others."""
    pool = ThreadPoolExecutor()
    try:
        running = [pool.submit(start) for start in starts]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()
    finally:
        pool.shutdown(wait=False)
