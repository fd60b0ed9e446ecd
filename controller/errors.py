"""Every error class of Sluice, named by who has to act.

SluiceError
├── InvalidRelease        the user: the Release waits for a change of its spec
├── SettingsError         whoever starts the program: a flag or an environment variable is wrong
├── SandboxError          whoever starts the sandbox: something it needs is missing or did not start
├── ClusterError          nobody at first: retried with backoff
│   ├── Conflict          the object changed since it was read (409)
│   ├── NotFound          there is no such object or kind (404)
│   ├── Forbidden         whoever grants rights to the controller (401, 403)
│   ├── Gone              the version asked for is compacted: list again (410)
│   ├── Rejected          the API server refuses the object as it is (400, 415, 422)
│   └── Unreachable       no answer, or 5xx, or 429
└── ProviderError         caught in observe, becomes missing evidence
"""

from __future__ import annotations


class SluiceError(Exception):
    """The root. The text of every one says what to do next."""


class InvalidRelease(SluiceError):
    """A Release that cannot be followed as written.

    ``field`` is the path of the first field at fault (``spec.strategy.canary.steps[1].weight``); ``problems`` holds a
    (field, sentence) pair for each fault.
    """

    def __init__(self, message: str, field: str = "", problems: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.problems = problems or ((field, message),)


class SettingsError(SluiceError):
    """A flag or an environment variable cannot be used as given."""


class SandboxError(SluiceError):
    """The sandbox cannot start or go on; the text names the command that helps."""


class ClusterError(SluiceError):
    """A request to the Kubernetes API failed.

    ``where`` names the object (``Deployment shop/podinfo``), ``status`` is the HTTP code, 0 without an answer.
    """

    def __init__(self, message: str, *, where: str = "", status: int = 0) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.status = status


class Conflict(ClusterError):
    """The object changed since it was read, or already exists (409)."""


class NotFound(ClusterError):
    """There is no such object, or its kind is not served (404)."""


class Forbidden(ClusterError):
    """The controller lacks a right (401, 403)."""


class Gone(ClusterError):
    """The resourceVersion asked for is no longer kept: list again (410)."""


class Rejected(ClusterError):
    """The API server refuses the object as it is (400, 415, 422); sending it again does not help."""


class Unreachable(ClusterError):
    """No answer in time, a refused connection, a 5xx or a 429."""


class ProviderError(SluiceError):
    """A metrics provider gave no usable answer."""
