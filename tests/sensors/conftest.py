"""The cluster on which single tasks run."""

from tests.stepping import bench, one_bench

__all__ = ["bench", "one_bench"]
