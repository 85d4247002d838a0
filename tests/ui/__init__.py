"""What this project adds to Airflow's UI."""
