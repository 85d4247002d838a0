"""The demonstration: a cluster, an Airflow and one backup of the one by the other."""
