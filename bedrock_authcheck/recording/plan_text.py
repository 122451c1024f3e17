"""The recording plan as a person reads it before it is run: steps, cost, IAM policy."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.recording.plan import (
    ATTEMPTS,
    INPUT_PRICE,
    INPUT_TOKENS,
    OUTPUT_PRICE,
    OUTPUT_TOKENS,
    Plan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TITLES: Final = ("step", "service", "operation", "authenticated by", "sent by", "rules", "at most")
_TEXT: Final = """\
pytest --bedrock-authcheck --record asks AWS for this, in {region} with the model
{model}
(ini keys authcheck_record_region, authcheck_record_model):

{table}

It costs USD {most:.2f} at most, if
- {billed} steps, those that a model could answer, are charged {attempts} times each (what failed is
  sent once more), the probes among them as if AWS had let them in;
- each has {tokens[0]} tokens of input and {tokens[1]} of output: it sends `Hi` and asks for 1;
- a million tokens cost USD {prices[0]:.0f} of input and {prices[1]:.0f} of output, as the dearest
  text models do on demand; small ones cost a tenth of it or less.
Listing, counting tokens and refusals are free of charge, as AWS's documents have it.

IAM policy that the identity of the token and that of the IAM credentials need. Its last
statement allows what the token is refused on, so that nothing but the token can be the reason:

{policy}"""


def plan_text(plan: Plan) -> str:
    """Write the whole plan: a table of its steps, what it costs at most, the policy it needs."""
    return _TEXT.format(
        region=plan.region,
        model=plan.model,
        table="\n".join(_table(plan)),
        most=math.ceil(plan.largest_cost * 100) / 100,
        billed=sum(step.billed for step in plan.steps),
        attempts=ATTEMPTS,
        tokens=(INPUT_TOKENS, OUTPUT_TOKENS),
        prices=(INPUT_PRICE, OUTPUT_PRICE),
        policy=json.dumps(policy(plan), indent=2),
    )


def _table(plan: Plan) -> Iterator[str]:
    rows = [
        (
            step.name,
            step.service,
            step.operation,
            str(step.auth),
            "raw HTTP" if step.raw else "boto3",
            " ".join(step.rules),
            f"USD {step.largest_cost:.4f}" if step.billed else "free",
        )
        for step in plan.steps
    ]
    widths = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    for cells in (_TITLES, *rows):
        padded = (cell.ljust(room) for cell, room in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()


def policy(plan: Plan) -> dict[str, Any]:
    """Write the IAM policy that the plan needs, for the token's identity and for the IAM one.

    What the token is refused on is allowed as well: else the refusal could be the policy's.
    """
    of_model = {step.action for step in plan.steps if "modelId" in step.parameters}
    refused = {step.action for step in plan.steps if step.raw} - of_model
    others = {step.action for step in plan.steps} - of_model - refused
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Model", of_model, [*_models(plan)]),
            _allow("TokenAndModelList", {"bedrock:CallWithBearerToken", *others}, "*"),
            _allow("WhereTheTokenIsRefused", refused, "*"),
        ],
    }


def _models(plan: Plan) -> Iterator[str]:
    partition = "aws-us-gov" if plan.region.startswith("us-gov-") else "aws"
    if plan.model.startswith("arn:"):
        yield plan.model
    elif plan.model != plan.base_model:
        yield f"arn:{partition}:bedrock:{plan.region}:*:inference-profile/{plan.model}"
    # A profile sends the request on to another Region, where it must be allowed as well.
    yield f"arn:{partition}:bedrock:*::foundation-model/{plan.base_model}"


def _allow(sid: str, actions: Iterable[str], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}
