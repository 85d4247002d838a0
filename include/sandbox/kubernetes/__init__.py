"""A real Kubernetes control plane on this machine: everything but the containers."""
