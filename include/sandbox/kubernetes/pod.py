"""One pod on the node agent's node: its containers as processes on this machine, and what is told of them."""

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from sandbox.errors import SandboxError
from sandbox.loopback import answers
from sandbox.ports import HOST
from sandbox.programs import Ended, Program, Programs

from .api_server import ApiServer

LOOK = 0.3  # seconds between two looks at a probe
PAUSE = 2.0  # seconds until a container that ended is started again
LONGEST = 24 * 3600.0  # seconds that a container may run
LABEL = re.compile(r"metadata\.labels\['(.+)'\]")
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """What is run for an image.

    :param entrypoint: what runs without a command
    :param environment: what its containers find set, before their own
    :param folder: their working folder
    :param programs: what runs for the paths of programs that only the image has
    """

    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def command(self, container: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what to run for a container."""
        first, *rest = container.get("command") or [""]
        program = self.programs.get(first, (first,)) if first else self.entrypoint
        return (*program, *rest, *(container.get("args") or []))


class Pod:
    """A pod's processes, from its start to its end.

    :param body: the pod, as the API server gives it
    :param images: what is run for each image
    """

    def __init__(self, body: dict[str, Any], api: ApiServer, programs: Programs, images: Mapping[str, Image]) -> None:
        self.body = body
        self._api = api
        self._programs = programs
        self._images = images
        self._spec: Mapping[str, Any] = body["spec"]
        self._states: dict[str, State] = {}
        self._restarts: dict[str, int] = {}
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        """Run its containers; back at once."""
        self._thread.start()

    def end(self) -> None:
        """End its containers, and wait until they have."""
        self._leaving.set()
        while self._thread.is_alive():
            self._programs.stop(*(self.program_name(one["name"]) for one in self._all()))
            self._thread.join(LOOK)

    def program_name(self, container: str) -> str:
        """Return what the process of a container, and its log, are called."""
        return f"{self.body['metadata']['uid']}-{container}"

    def _all(self) -> list[dict[str, Any]]:
        return [*self._first(), *self._spec["containers"]]

    def _first(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._spec.get("initContainers") or []
        return found

    def _live(self) -> None:
        with suppress(SandboxError, requests.RequestException):  # the API server, or all of it, is ending
            try:
                programs = {one["name"]: self._program(one) for one in self._all()}
            except SandboxError as error:
                self._tell("Pending", dict.fromkeys(self._names(), _waiting("CreateContainerError", str(error))))
                return
            for container in self._first():
                ended = self._run(programs[container["name"]], container["name"], "Pending")
                if ended.exit_code and not self._leaving.is_set():
                    self._tell("Failed", {})
                    return
            (container,) = self._spec["containers"]
            self._keep_running(programs[container["name"]], container)

    def _keep_running(self, program: Program, container: Mapping[str, Any]) -> None:
        name = container["name"]
        while not self._leaving.is_set():
            over = threading.Event()
            watch = threading.Thread(target=self._watch, args=(container, over), daemon=True)
            watch.start()
            ended = self._run(program, name, "Running")
            over.set()
            watch.join()
            if self._spec.get("restartPolicy") != "Always":
                self._tell("Failed" if ended.exit_code else "Succeeded", {})
                return
            self._tell("Running", {name: _waiting("CrashLoopBackOff", f"it ended with code {ended.exit_code}")})
            self._leaving.wait(PAUSE)
            self._restarts[name] = self._restarts.get(name, 0) + 1

    def _run(self, program: Program, name: str, phase: str) -> Ended:
        if self._leaving.is_set():
            return Ended(1, "")
        began = _now()
        self._tell(phase, {name: {"running": {"startedAt": began}}})
        ended = self._programs.run(program, LONGEST)
        code = ended.exit_code if ended.exit_code >= 0 else 128 - ended.exit_code
        reason = "Error" if code else "Completed"
        over = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": _now()}
        self._tell(phase, {name: {"terminated": over}})
        return Ended(code, ended.output)

    def _watch(self, container: Mapping[str, Any], over: threading.Event) -> None:
        """Tell when the container becomes ready, and when it is no longer."""
        asked = (container.get("readinessProbe") or {}).get("httpGet")
        if not asked:
            return
        ready = False
        while not over.wait(LOOK):
            now = answers(f"http://{HOST}:{asked['port']}{asked.get('path', '/')}")
            if now is not ready and not over.is_set():
                ready = now
                with suppress(SandboxError, requests.RequestException):
                    self._tell("Running", {}, ready=ready)

    def _tell(self, phase: str, states: Mapping[str, State], *, ready: bool = False) -> None:
        """Write what is known of the pod into its status."""
        self._states.update(states)
        running = "running" in self._states.get(self._spec["containers"][0]["name"], {})
        probed = bool(self._spec["containers"][0].get("readinessProbe"))
        now = running and (ready or not probed)
        conditions = {"Initialized": running, "ContainersReady": now, "Ready": now}
        self._api.patch_pod_status(
            self.body,
            {
                "phase": phase,
                "podIP": HOST,
                "hostIP": HOST,
                "conditions": [{"type": name, "status": str(true)} for name, true in conditions.items()],
                "initContainerStatuses": [self._status(one, ready=False) for one in self._first()],
                "containerStatuses": [self._status(one, ready=now) for one in self._spec["containers"]],
            },
        )

    def _status(self, container: Mapping[str, Any], *, ready: bool) -> dict[str, Any]:
        name, image = container["name"], container["image"]
        state = self._states.get(name) or _waiting("PodInitializing", "")
        told = {"name": name, "image": image, "imageID": image, "ready": ready, "state": state}
        # Explicit None: a merge would else keep the state before beside the new one.
        kinds = {kind: state.get(kind) for kind in ("waiting", "running", "terminated")}
        return {**told, "restartCount": self._restarts.get(name, 0), "state": kinds}

    def _names(self) -> list[str]:
        return [one["name"] for one in self._all()]

    def _program(self, container: Mapping[str, Any]) -> Program:
        """Return how a container is run.

        :raises SandboxError: its image is not known, or it wants what a process of this machine cannot have
        """
        image = self._images.get(container["image"])
        if image is None:
            raise SandboxError(f"The node has no image {container['image']}; it has {', '.join(self._images)}.")
        for mount in container.get("volumeMounts") or []:
            self._require_place(mount)
        variables = {one["name"]: self._value(one) for one in container.get("env") or []}
        name = self.program_name(container["name"])
        return Program(name, image.command(container), {**image.environment, **variables}, image.folder, "")

    def _require_place(self, mount: Mapping[str, Any]) -> None:
        """Refuse a volume that is not where the container looks for it: a process sees the machine's own folders."""
        if mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount":
            return
        (volume,) = [one for one in self._spec.get("volumes") or [] if one["name"] == mount["name"]]
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim is None:
            raise SandboxError(f"The node has claims only, but the volume {mount['name']} is none.")
        folder = self._api.folder_of_claim(self.body["metadata"]["namespace"], claim)
        if Path(mount["mountPath"]) != folder:
            raise SandboxError(f"The volume {mount['name']} is in {folder}; mount it there: no container can move it.")

    def _value(self, variable: Mapping[str, Any]) -> str:
        source = variable.get("valueFrom")
        if source is None:
            return str(variable.get("value", ""))
        path = (source.get("fieldRef") or {}).get("fieldPath", "")
        meta = self.body["metadata"]
        if found := LABEL.fullmatch(path):
            return str(meta["labels"][found[1]])
        if path in {"metadata.name", "metadata.namespace"}:
            return str(meta[path.partition(".")[2]])
        raise SandboxError(f"The node cannot tell the value of {variable['name']}.")


def _waiting(reason: str, message: str) -> State:
    return {"waiting": {"reason": reason, "message": message}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
