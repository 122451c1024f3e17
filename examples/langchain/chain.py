"""A chain of LangChain with Amazon Bedrock at its end."""

from langchain_aws import ChatBedrockConverse
from langchain_core.prompts import ChatPromptTemplate


def translate(text: str, language: str) -> str:
    """Translate a text."""
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Translate into {language}."), ("human", "{text}")]
    )
    model = ChatBedrockConverse(model="my.model-v1:0", provider="anthropic")
    return (prompt | model).invoke({"language": language, "text": text}).text
