"""Everything that can go wrong, by the question its reader asks.

CamundaBackupError
├── ClusterFileError      the cluster file must be corrected
├── Unreachable           no answer, or one that says "not now": worth another try
│   └── NotYet            what is waited for is not there yet
├── Rejected              the answer is no; another try gives the same
│   └── Conflict          the backup ID is taken, and not provably by this run
├── BackupFailed          the backup reached, or will never leave, a state that is no success
├── RestoreFailed         a step of the restore ended without success
├── PauseBroken           exporting was not paused all through the backup window
└── ResumeFailed          exporting could not be seen to run again
"""


class CamundaBackupError(Exception):
    """Base of all errors of this package; its text is one sentence for the person on call."""


class ClusterFileError(CamundaBackupError):
    """A cluster file cannot be used; the text names file, field and what to write instead."""


class Unreachable(CamundaBackupError):
    """The component gave no usable answer now; a later try may succeed."""


class NotYet(Unreachable):
    """What is waited for is not there yet; the text says how far it is."""


class Rejected(CamundaBackupError):
    """The component understood the request and refused it."""


class Conflict(Rejected):
    """The backup ID is already taken."""


class BackupFailed(CamundaBackupError):
    """The backup of a component failed, stalled or ran out of time."""


class RestoreFailed(CamundaBackupError):
    """A step of a restore failed, stalled or ran out of time; the cluster is not what it should be."""


class PauseBroken(CamundaBackupError):
    """Exporting was not in the mode the backup needs."""


class ResumeFailed(CamundaBackupError):
    """Exporting was not seen running on every partition after it was resumed."""
