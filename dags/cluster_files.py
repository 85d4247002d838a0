"""Mistakes in include/clusters become import errors of this file; the DAGs of the other clusters are not touched.

Airflow shows an import error at the top of its pages. This file has no DAG of its own: an import error in a file stops
the scheduling of every DAG in it.
"""

from camunda_backup.cluster_files import require_all_valid

require_all_valid()
