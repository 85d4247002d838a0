"""`python -m tests.generations.back_up_once LINE FOLDER`: back a stand-in of a line up, in a process of its own.

Airflow's database is the caller's. The last line of output tells as JSON how the run ended and what it asked for.
"""

import json
import os
import sys
from pathlib import Path

import yaml

from tests.dag_runs.playing import Played, cluster_file, connect, fresh, parsed, quickly
from tests.stand_in import StandIn

NAME = "made_up"


def main(line: str, folder: Path) -> None:
    """Back it up."""
    os.environ["CAMUNDA_BACKUP_CLUSTERS"] = str(folder)
    with StandIn(line, pace=0.02) as stand_in:
        fields = cluster_file("8.8", "zeebe-first", NAME, version=line)
        (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(fields))
        connect(NAME, stand_in)
        cluster = fresh(Played(NAME, line, "zeebe-first", stand_in))
        bag = parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        with quickly():
            done = bag.dags[f"back_up_{NAME}"].test()
        asked = {entry["path"]: entry["status"] for entry in stand_in.journal() if entry["method"] == "POST"}
        told = {"state": str(done.state), "manifests": list(cluster.manifests().values()), "asked": asked}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
