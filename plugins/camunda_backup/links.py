"""Links from a task in Airflow to the places it speaks of.

An operator that has the first two keeps ``links``, what ``Cluster.link_bases`` returned, and a ``backup_id``.
"""

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from camunda_backup.sets import snapshot_pattern
from camunda_backup.storage.engine import repository_path
from camunda_backup.visual.pictures import gallery_address

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class OperateLink(BaseOperatorLink):
    """Opens Operate, where the cluster file gives its address."""

    name = "Operate"

    def get_link(self, operator: "BaseOperator", *, ti_key: Any) -> str:
        """Return the address, empty when there is none."""
        links: dict[str, str] = getattr(operator, "links", {})
        return links.get("operate", "")


class SnapshotsLink(BaseOperatorLink):
    """Opens the set's snapshots as the search engine lists them."""

    name = "Snapshots"

    def get_link(self, operator: "BaseOperator", *, ti_key: Any) -> str:
        """Return the address, empty when the cluster file gives none."""
        links: dict[str, str] = getattr(operator, "links", {})
        backup_id = str(getattr(operator, "backup_id", ""))
        if "snapshots" not in links or not backup_id.isdigit():
            return ""
        path = f"{repository_path(links['repository'])}/{snapshot_pattern(int(backup_id))}"
        return f"{links['snapshots'].rstrip('/')}{path}?pretty"


class PicturesLink(BaseOperatorLink):
    """Opens the pictures of a restore, in Airflow itself."""

    name = "Pictures"

    def get_link(self, operator: "BaseOperator", *, ti_key: Any) -> str:
        """Return the address, relative to Airflow's own."""
        return gallery_address(ti_key.dag_id, ti_key.run_id)


LINKS = (OperateLink(), SnapshotsLink())
ALL_LINKS = (*LINKS, PicturesLink())
