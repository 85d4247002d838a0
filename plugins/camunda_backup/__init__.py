"""Camunda 8 backup and restore as Airflow operators, sensors and triggers."""
