"""A service that answers questions: FastAPI in front, Amazon Bedrock behind."""

from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Question(BaseModel):
    """What is asked."""

    text: str


@cache
def bedrock() -> Any:
    """Make the client at the first request: not at import, before anybody could configure it."""
    return boto3.client("bedrock-runtime")


@app.post("/ask")
def ask(question: Question) -> dict[str, str]:
    """Ask the model; 502 where Bedrock refuses, 503 where there is no credential."""
    message = {"role": "user", "content": [{"text": question.text}]}
    try:
        answer = bedrock().converse(modelId="my.model-v1:0", messages=[message])
    except ClientError as error:
        raise HTTPException(502, error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise HTTPException(503, type(error).__name__) from error
    return {"text": answer["output"]["message"]["content"][0]["text"]}
