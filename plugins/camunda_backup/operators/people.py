"""Where a person decides: before anything is deleted, and whether the restored cluster is accepted."""

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup.clusters import AnyCluster
from camunda_backup.links import PicturesLink
from camunda_backup.restores import numbers_table
from camunda_backup.visual.pictures import picture_markdown

APPROVE, ACCEPT, REJECT = "Approve", "Accept", "Reject"


class ApproveRestore(HITLOperator):
    """Show the plan to a person and go on when they approve; nothing has been changed until then.

    Not asked when the run's param ``approve`` is off. Returns who answered, and when.

    :param cluster: the cluster file
    :param question: what is asked; default: whether its data may be deleted
    """

    def __init__(self, *, cluster: AnyCluster, question: str | None = None, **kwargs: Any) -> None:
        super().__init__(
            subject=question or f"Restore {cluster.name}? Its data will be deleted.",
            body="{{ ti.xcom_pull(task_ids='plan')['text'] }}",
            options=[APPROVE, REJECT],
            response_timeout=cluster.restore_limits.approval,
            **kwargs,
        )

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, unless the run says not to."""
        if context["params"]["approve"]:
            super().execute(context)
        self.log.info("The run was started with approve off: nobody is asked")
        return {"by": None}

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take the answer; raises AirflowFailException for a no and for none."""
        return _answer(self, context, event, "nothing was changed", super().execute_complete)


class SignOff(HITLOperator):
    """Show what was verified, with the pictures, to the person who accepts or rejects the restored cluster.

    Returns who answered, and when.

    :param cluster: the cluster file
    """

    operator_extra_links = (PicturesLink(),)

    def __init__(self, *, cluster: AnyCluster, **kwargs: Any) -> None:
        super().__init__(
            subject=f"Accept the restored {cluster.name}?",
            options=[ACCEPT, REJECT],
            response_timeout=cluster.restore_limits.sign_off,
            **kwargs,
        )
        self.cluster = cluster

    def execute(self, context: Context) -> None:
        """Ask."""
        self.body = sign_off_text(context["ti"])
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take the answer; raises AirflowFailException for a no and for none."""
        after = f"{self.cluster.name} runs as it was restored"
        return _answer(self, context, event, after, super().execute_complete)


def sign_off_text(ti: Any) -> str:
    """Return what a person should know before they accept a restore, as Markdown."""
    plan, counted, identity = (ti.xcom_pull(task_ids=task) for task in ("plan", "check_counts", "check_identity"))
    signed_in = ", ".join(identity["signed_in"])
    return f"""\
Backup **{plan["backup_id"]}** of {plan["created_at"]} was restored. Every component is healthy, every partition takes
commands and exports, and signing in works ({signed_in}).

{numbers_table(plan["counts"], counted["restored"], counted["shown"])}

{picture_markdown(ti.xcom_pull(task_ids="take_pictures"))}
"""


def _answer(
    operator: HITLOperator, context: Context, event: dict[str, Any], after: str, complete: Any
) -> dict[str, Any]:
    if event.get("error_type") == "timeout":
        raise AirflowFailException(f"nobody answered within {operator.response_timeout}; {after}")
    told = complete(context, event)
    by = told["responded_by_user"]
    answer = {"by": by and by["name"], "at": told["responded_at"].isoformat()}
    if REJECT in told["chosen_options"]:
        raise AirflowFailException(f"rejected by {answer['by']}; {after}")
    operator.log.info("%s by %s", told["chosen_options"][0], answer["by"])
    return answer
