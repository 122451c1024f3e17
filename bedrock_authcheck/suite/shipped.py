"""The cassettes that ship: the recording plan, recorded from the simulated service.

`python -m bedrock_authcheck.suite.shipped` in a checkout makes them anew. Nothing leaves this
machine, and the credentials are canaries.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.recording.cassette import CassetteError, Origin
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.plan import Plan
from bedrock_authcheck.recording.probes import add_fakes
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.session import Recorder, Settings
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.suite.planned import (
    LEVELS,
    ask,
    loopback_of,
    not_offered,
    shipped_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def record_simulated(folder: Path, plan: Plan | None = None) -> Iterator[Path]:
    """Record the plan from the simulated service into a folder; yields each file.

    Steps that the installed botocore lacks are left out. CassetteError where one cannot be
    recorded, or a live recording is there: no file is torn then, those before it are new.
    """
    plan = plan or Plan()
    with running() as (loop, endpoint), Environment(loop, endpoint, plan.region) as environment:
        environment.provide(*LEVELS)
        in_play = InPlay(environment.keyring.credentials)
        add_fakes(in_play)
        settings = Settings(loopback_of(endpoint, plan.region), environment.variables)
        for step in plan.steps:
            if not_offered(step):
                continue
            path = folder / f"{step.name}.yaml"
            keep_live(path)
            endpoint.open(Ledger(environment.keyring, plan.region))
            recorder = Recorder(path, settings, in_play, adds=False)
            with isolated(environment), recorder.running():
                ask(step, plan.region)
            recorder.write()
            yield path


def keep_live(path: Path) -> None:
    """Refuse, by CassetteError, to replace what AWS answered by what is only said of it."""
    known = read_cassette(path).provenance if path.exists() else None
    if known is not None and known.origin is Origin.AWS:
        raise CassetteError(f"{path} is recorded from AWS: delete it to have a simulated one")


def main(arguments: list[str]) -> int:
    """Record into the folder that is named, or where the cassettes that ship are."""
    folder = Path(*arguments[:1]) if arguments else shipped_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for path in record_simulated(folder):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
