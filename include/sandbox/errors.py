"""What can go wrong in the sandbox, said to its user."""


class SandboxError(Exception):
    """Something in the way that the user can act on; its text is one clear sentence."""


class BusyError(SandboxError):
    """A program runs that must not run for this."""
