//! The operations that this program makes, each as a person would write it.

use crate::Failure;
use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::error::InvokeModelWithBidirectionalStreamInputError;
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, ContentBlock, ConversationRole, CountTokensInput,
    GuardrailContentSource, InvokeModelTokensRequest, InvokeModelWithBidirectionalStreamInput,
    Message,
};
use serde_json::Value;

fn absent(operation: &str) -> Result<(), Failure> {
    Err(Failure::NotOffered(format!(
        "this program makes no {operation}"
    )))
}

fn text(parameters: &Value, name: &str) -> String {
    parameters[name].as_str().unwrap_or_default().to_owned()
}

fn blob(parameters: &Value, name: &str) -> Blob {
    Blob::new(aws_smithy_types::base64::decode(text(parameters, name)).unwrap_or_default())
}

fn messages(parameters: &Value) -> Result<Vec<Message>, Failure> {
    let given = parameters["messages"].as_array().into_iter().flatten();
    given.map(message).collect()
}

fn message(given: &Value) -> Result<Message, Failure> {
    let blocks = given["content"].as_array().into_iter().flatten();
    let content = blocks.map(|block| ContentBlock::Text(text(block, "text")));
    let role = ConversationRole::from(text(given, "role").as_str());
    let built = Message::builder()
        .role(role)
        .set_content(Some(content.collect()));
    Ok(built.build()?)
}

pub async fn bedrock(config: &SdkConfig, operation: &str) -> Result<(), Failure> {
    let client = aws_sdk_bedrock::Client::new(config);
    match operation {
        "GetModelInvocationLoggingConfiguration" => {
            client
                .get_model_invocation_logging_configuration()
                .send()
                .await?;
        }
        "ListFoundationModels" => drop(client.list_foundation_models().send().await?),
        "ListGuardrails" => drop(client.list_guardrails().send().await?),
        "ListInferenceProfiles" => drop(client.list_inference_profiles().send().await?),
        _ => return absent(operation),
    }
    Ok(())
}

pub async fn runtime(config: &SdkConfig, operation: &str, given: &Value) -> Result<(), Failure> {
    let client = aws_sdk_bedrockruntime::Client::new(config);
    let model = text(given, "modelId");
    match operation {
        "ApplyGuardrail" => {
            client
                .apply_guardrail()
                .guardrail_identifier(text(given, "guardrailIdentifier"))
                .guardrail_version(text(given, "guardrailVersion"))
                .source(GuardrailContentSource::from(text(given, "source").as_str()))
                .set_content(Some(vec![]))
                .send()
                .await?;
        }
        "Converse" => {
            let asked = client.converse().model_id(model);
            asked.set_messages(Some(messages(given)?)).send().await?;
        }
        "ConverseStream" => {
            let asked = client.converse_stream().model_id(model);
            let mut answer = asked.set_messages(Some(messages(given)?)).send().await?;
            while answer.stream.recv().await?.is_some() {}
        }
        "CountTokens" => {
            let body = blob(&given["input"]["invokeModel"], "body");
            let input = InvokeModelTokensRequest::builder().body(body).build()?;
            let asked = client.count_tokens().model_id(model);
            asked
                .input(CountTokensInput::InvokeModel(input))
                .send()
                .await?;
        }
        "InvokeModel" => {
            let asked = client.invoke_model().model_id(model);
            asked.body(blob(given, "body")).send().await?;
        }
        "InvokeModelWithBidirectionalStream" => converse_both_ways(&client, model).await?,
        "InvokeModelWithResponseStream" => {
            let asked = client.invoke_model_with_response_stream().model_id(model);
            let mut answer = asked.body(blob(given, "body")).send().await?;
            while answer.body.recv().await?.is_some() {}
        }
        "ListAsyncInvokes" => drop(client.list_async_invokes().send().await?),
        _ => return absent(operation),
    }
    Ok(())
}

async fn converse_both_ways(
    client: &aws_sdk_bedrockruntime::Client,
    model: String,
) -> Result<(), Failure> {
    let events = [r#"{"text": "hello"}"#, r#"{"text": "goodbye"}"#].map(|text| {
        let part = BidirectionalInputPayloadPart::builder().bytes(Blob::new(text));
        let event = InvokeModelWithBidirectionalStreamInput::Chunk(part.build());
        Ok::<_, InvokeModelWithBidirectionalStreamInputError>(event)
    });
    let asked = client
        .invoke_model_with_bidirectional_stream()
        .model_id(model);
    let mut answer = asked
        .body(futures_util::stream::iter(events).into())
        .send()
        .await?;
    while answer.body.recv().await?.is_some() {}
    Ok(())
}

pub async fn agent(config: &SdkConfig, operation: &str) -> Result<(), Failure> {
    let client = aws_sdk_bedrockagent::Client::new(config);
    match operation {
        "ListAgents" => drop(client.list_agents().send().await?),
        "ListFlows" => drop(client.list_flows().send().await?),
        "ListKnowledgeBases" => drop(client.list_knowledge_bases().send().await?),
        "ListPrompts" => drop(client.list_prompts().send().await?),
        _ => return absent(operation),
    }
    Ok(())
}

pub async fn agent_runtime(
    config: &SdkConfig,
    operation: &str,
    given: &Value,
) -> Result<(), Failure> {
    let client = aws_sdk_bedrockagentruntime::Client::new(config);
    match operation {
        "GetSession" => {
            let session = text(given, "sessionIdentifier");
            client
                .get_session()
                .session_identifier(session)
                .send()
                .await?;
        }
        "InvokeAgent" => {
            let mut answer = client
                .invoke_agent()
                .agent_id(text(given, "agentId"))
                .agent_alias_id(text(given, "agentAliasId"))
                .session_id(text(given, "sessionId"))
                .send()
                .await?;
            while answer.completion.recv().await?.is_some() {}
        }
        "ListSessions" => drop(client.list_sessions().send().await?),
        _ => return absent(operation),
    }
    Ok(())
}

pub async fn data_automation(config: &SdkConfig, operation: &str) -> Result<(), Failure> {
    let client = aws_sdk_bedrockdataautomation::Client::new(config);
    match operation {
        "ListBlueprints" => drop(client.list_blueprints().send().await?),
        "ListDataAutomationProjects" => drop(client.list_data_automation_projects().send().await?),
        _ => return absent(operation),
    }
    Ok(())
}

pub async fn data_automation_runtime(
    config: &SdkConfig,
    operation: &str,
    given: &Value,
) -> Result<(), Failure> {
    let client = aws_sdk_bedrockdataautomationruntime::Client::new(config);
    match operation {
        "GetDataAutomationStatus" => {
            let asked = client.get_data_automation_status();
            asked
                .invocation_arn(text(given, "invocationArn"))
                .send()
                .await?;
        }
        _ => return absent(operation),
    }
    Ok(())
}
