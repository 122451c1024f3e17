"""The services that the suite talks to, and how clients are told where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """One AWS service: its service model's name, its service id and its SigV4 scope service.

    `other_scopes` are scope services that it is reported to take as well.
    Source: `serviceId` and `signingName` of the service models that botocore ships.
    """

    name: str
    service_id: str
    signing_name: str
    other_scopes: tuple[str, ...] = ()

    @property
    def endpoint_variable(self) -> str:
        """The variable that sends clients elsewhere (AWS SDKs and Tools reference guide)."""
        return f"AWS_ENDPOINT_URL_{self.service_id.upper().replace(' ', '_')}"


BEDROCK: Final = tuple(
    ServiceFacts(name, service_id, signing_name)
    for name, service_id, signing_name in (
        ("bedrock", "Bedrock", "bedrock"),
        ("bedrock-runtime", "Bedrock Runtime", "bedrock"),
        ("bedrock-agent", "Bedrock Agent", "bedrock"),
        ("bedrock-agent-runtime", "Bedrock Agent Runtime", "bedrock"),
        ("bedrock-data-automation", "Bedrock Data Automation", "bedrock"),
        ("bedrock-data-automation-runtime", "Bedrock Data Automation Runtime", "bedrock"),
        ("bedrock-agentcore", "Bedrock AgentCore", "bedrock-agentcore"),
        ("bedrock-agentcore-control", "Bedrock AgentCore Control", "bedrock-agentcore"),
    )
)
"""Amazon Bedrock and what shares its name; the catalogue lists their operations."""
BEDROCK_NAMES: Final = frozenset(facts.name for facts in BEDROCK)

OTHERS: Final = (
    ServiceFacts("sts", "STS", "sts"),
    ServiceFacts("s3", "S3", "s3"),
    ServiceFacts("sagemaker-runtime", "SageMaker Runtime", "sagemaker"),
)
"""Services that must never see a Bedrock token (LIMIT-6)."""

TOKEN_SERVICES: Final = (
    ServiceFacts("sso", "SSO", "awsssoportal"),
    ServiceFacts("sso-oidc", "SSO OIDC", "sso-oauth"),
    ServiceFacts("signin", "Signin", "signin"),
)
"""Services that hand out credentials, beside STS."""

MANTLE: Final = ServiceFacts("bedrock-mantle", "Bedrock Mantle", "bedrock-mantle", ("bedrock",))
"""The endpoint that speaks the APIs of OpenAI and Anthropic: no service model describes it.

The service authorization reference names `bedrock-mantle`; that `bedrock` works too is reported
(litellm#31476) and denied (litellm#31475). No SDK of AWS reads its endpoint variable: its clients
take a base URL.
"""

SERVICES: Final = {facts.name: facts for facts in (*BEDROCK, MANTLE, *OTHERS, *TOKEN_SERVICES)}
