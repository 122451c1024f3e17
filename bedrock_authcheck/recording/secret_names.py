"""Names under which secrets stand in JSON, XML, forms, queries and INI files."""

from __future__ import annotations

from typing import Final

SECRET_NAMES: Final = {
    **dict.fromkeys(("secretaccesskey", "awssecretaccesskey", "secretkey"), "secret"),
    **dict.fromkeys(("sessiontoken", "awssessiontoken", "awssecuritytoken"), "session token"),
    **dict.fromkeys(("accesstoken", "workloadaccesstoken"), "access token"),
    **dict.fromkeys(("idtoken", "webidentitytoken", "samlassertion"), "identity token"),
    **dict.fromkeys(("apikey", "apikeyvalue", "xapikey"), "API key"),
    # What the service models of Bedrock AgentCore and of Bedrock call sensitive.
    **dict.fromkeys(("bearertoken", "basicauthtoken", "usertoken", "walletauthtoken"), "token"),
    **dict.fromkeys(("applicationtoken", "paymenttoken"), "token"),
    **dict.fromkeys(("apikeysecret", "appsecret", "walletsecret"), "client secret"),
    **dict.fromkeys(("privatekey", "authorizationprivatekey"), "private key"),
    "workloadidentitytoken": "identity token",
    "paymentcredential": "credentials",
    "awsbearertokenbedrock": "token",
    "refreshtoken": "refresh token",
    "clientsecret": "client secret",
    "servicepassword": "password",
    "servicecredentialsecret": "token",
    "password": "password",
    "passphrase": "password",
    "authorizationtoken": "authorization token",
}
"""What a value is, by its name as `normal_name` writes it.

Names that are secrets in one service and plain data in another are not among them: `token`,
`code`, `nextToken`, `credentials`.
"""


def normal_name(name: str) -> str:
    """Write a name as SECRET_NAMES has it: `client_secret`, `Client-Secret` are `clientsecret`."""
    return name.lower().replace("_", "").replace("-", "")
