"""The parts of a restore DAG that differ between generations, as task groups."""
