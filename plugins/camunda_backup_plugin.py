"""What Airflow's components must know of this package beyond its classes."""

from airflow.plugins_manager import AirflowPlugin

from camunda_backup.links import ALL_LINKS
from camunda_backup.ui import application
from camunda_backup.visual.pictures import PREFIX


class CamundaBackupPlugin(AirflowPlugin):
    """Registers the links, so that the web server can show them, and the pages that some of them lead to."""

    name = "camunda_backup"
    operator_extra_links = list(ALL_LINKS)  # noqa: RUF012 - the class Airflow reads it from wants a list
    fastapi_apps = [{"app": application, "url_prefix": PREFIX, "name": "Pictures of restored clusters"}]  # noqa: RUF012
