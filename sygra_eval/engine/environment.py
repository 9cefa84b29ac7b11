"""In what a run runs: noted at its start, as a report is written elsewhere and later."""

import os
import platform
from collections.abc import Mapping
from typing import Any

import sygra_eval
from sygra_eval.engine.setting import Setting


def noted_environment(setting: Setting) -> dict[str, Any]:
    """Return what the event of a start keeps: versions, the host's kind, what each model allows.

    Nothing in it names the host or its user.
    """
    models = setting.gateway.models
    return {
        "environment": {
            "sygra_eval": sygra_eval.__version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": str(os.cpu_count() or 0),
        },
        "limits": {
            name: {
                "in_flight": getattr(models.get(name), "max_in_flight", None),
                "rpm": spec.rpm,
                "tpm": spec.tpm,
            }
            for name, spec in setting.suite.models.items()
        },
    }


def environment_in(started: Mapping[str, Any]) -> dict[str, str]:
    """Return what a start noted; earlier versions noted nothing."""
    noted = started.get("environment")
    return dict(noted) if isinstance(noted, Mapping) else {}
