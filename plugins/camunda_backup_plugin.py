"""What Airflow's components must know of this package beyond its classes."""

from airflow.plugins_manager import AirflowPlugin

from camunda_backup.links import ALL_LINKS


class CamundaBackupPlugin(AirflowPlugin):
    """Registers the links, so that the web server can show them."""

    name = "camunda_backup"
    operator_extra_links = list(ALL_LINKS)  # noqa: RUF012 - the class Airflow reads it from wants a list
