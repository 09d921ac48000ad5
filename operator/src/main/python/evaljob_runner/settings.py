"""The container's environment, read once."""
import os
from dataclasses import dataclass
from typing import Mapping, Optional

from .failures import PREFLIGHT_FAILED, StageFailure

STAGES = {"prefetch": "Prefetch", "infer": "Infer", "score": "Score"}

# Only the launcher may speak to the report endpoint.
_LAUNCHER_ONLY = (
    "EVALJOB_REPORT_URL", "EVALJOB_REPORT_TOKEN_FILE", "EVALJOB_REPORT_CA_FILE",
    "EVALJOB_TERMINATION_LOG", "EVALJOB_PLAN", "EVALJOB_PLAN_DIGEST", "EVALJOB_JUDGE_KEY")


@dataclass(frozen=True)
class Settings:
    """Paths and identities of this container; see the container contract."""

    environment: Mapping[str, str]
    stage: str
    plan_file: str
    plan_digest: Optional[str]
    workspace: Optional[str]
    cache: Optional[str]
    volumes: str
    tmp: str
    termination_log: Optional[str]
    attempt: int
    pod_name: str
    pod_uid: str
    report_url: Optional[str]
    token_file: Optional[str]
    ca_file: Optional[str]
    grace_seconds: float
    progress_seconds: float
    stall_seconds: float
    final_report_seconds: float
    shared_memory_folder: str

    @staticmethod
    def read(stage, environment):
        """Reads the variables of one stage (`prefetch`, `infer` or `score`)."""
        plan_file = environment.get("EVALJOB_PLAN")
        if not plan_file:
            raise StageFailure(
                PREFLIGHT_FAILED, "EVALJOB_PLAN is not set; it must name the plan file")
        return Settings(
            environment=dict(environment),
            stage=STAGES[stage],
            plan_file=plan_file,
            plan_digest=environment.get("EVALJOB_PLAN_DIGEST") or None,
            workspace=_path(environment, "EVALJOB_WORKSPACE"),
            cache=_path(environment, "EVALJOB_CACHE"),
            volumes=environment.get("EVALJOB_VOLUMES") or "/mnt/evaljob",
            tmp=_path(environment, "EVALJOB_TMP") or os.getcwd(),
            termination_log=environment.get("EVALJOB_TERMINATION_LOG") or None,
            attempt=int(_number(environment, "EVALJOB_ATTEMPT", 1)),
            pod_name=environment.get("EVALJOB_POD_NAME", ""),
            pod_uid=environment.get("EVALJOB_POD_UID", ""),
            report_url=environment.get("EVALJOB_REPORT_URL") or None,
            token_file=environment.get("EVALJOB_REPORT_TOKEN_FILE") or None,
            ca_file=environment.get("EVALJOB_REPORT_CA_FILE") or None,
            grace_seconds=_number(environment, "EVALJOB_GRACE_SECONDS", 30),
            progress_seconds=_number(environment, "EVALJOB_PROGRESS_SECONDS", 2),
            stall_seconds=_number(environment, "EVALJOB_STALL_SECONDS", 0),
            final_report_seconds=_number(environment, "EVALJOB_FINAL_REPORT_SECONDS", 600),
            shared_memory_folder=environment.get("EVALJOB_SHARED_MEMORY", "/dev/shm"),
        )

    def child_environment(self):
        """This process's environment without what only the launcher may use."""
        return {name: value for name, value in self.environment.items()
                if name not in _LAUNCHER_ONLY}


def _path(environment, name):
    value = environment.get(name)
    return os.path.abspath(value) if value else None


def _number(environment, name, default):
    value = environment.get(name)
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise StageFailure(PREFLIGHT_FAILED, "%s: %s is not a number of zero or more; correct it"
                           % (name, value[:40]))
    return number
