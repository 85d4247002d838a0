"""What every wait of a restore has in common: something is begun once, then looked at until it is there."""

import time
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup.errors import CamundaBackupError, Unreachable

ON_WORKER = 30.0  # seconds; then the worker is left until the next look
SHORTEST, LONGEST, GROWTH = 0.5, 15.0, 0.1  # seconds, seconds, share of the age


class RunbookSensor(BaseSensorOperator):
    """A wait whose end is a result, and whose failure is one sentence.

    It looks often at first, and leaves the worker between later looks. Returns what :meth:`look` returned with
    ``began_at`` and ``ended_at`` (seconds since the epoch). News is logged in lines that begin with ``progress:``.

    :param deadline: seconds from the begin of a try until the wait is given up
    :param on_worker: seconds that it stays on the worker at a time
    """

    ui_color = "#eef3f9"

    def __init__(self, *, deadline: float, on_worker: float = ON_WORKER, **kwargs: Any) -> None:
        super().__init__(mode="reschedule", poke_interval=LONGEST, timeout=deadline + 3600, **kwargs)
        self.deadline = deadline
        self.on_worker = on_worker

    def begin(self, context: Context) -> Any:
        """Do what comes before the wait, once in each try; what is returned, as JSON types, is given to :meth:`look`.

        :raises CamundaBackupError: what may pass is tried again until the deadline, a refusal fails at once
        """

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Return the result when it is there.

        :raises NotYet, Unreachable: look again
        :raises CamundaBackupError: it will never be there
        """
        raise NotImplementedError

    def poke(self, context: Context) -> PokeReturnValue:
        """Look for a while; raises AirflowFailException when it is over without a result."""
        store, arrived_at = context["task_state_store"], time.time()
        key = f"begun_in_try_{context['ti'].try_number}"
        state: Any = store.get(key) or {"at": arrived_at}
        store.set(key, state)
        told = ""
        while True:
            try:
                if "with" not in state:
                    state["with"] = self.begin(context)
                    store.set(key, state)
                found = self.look(context, state["with"])
            except Unreachable as error:
                if str(error) != told:
                    told = str(error)
                    self.log.info("progress: %s", told)
            except CamundaBackupError as error:
                raise AirflowFailException(str(error)) from None
            else:
                times = {"began_at": state["at"], "ended_at": time.time()}
                return PokeReturnValue(is_done=True, xcom_value={**found, **times})
            now = time.time()
            age = now - state["at"]
            if age >= self.deadline:
                raise AirflowFailException(f"given up after {self.deadline:.0f} s: {told}")
            if now - arrived_at >= self.on_worker:
                return PokeReturnValue(is_done=False)
            time.sleep(min(LONGEST, max(SHORTEST, age * GROWTH)))

    def age(self, context: Context) -> float:
        """Return the seconds since this try began."""
        state: Any = context["task_state_store"].get(f"begun_in_try_{context['ti'].try_number}")
        return float(time.time() - state["at"])
