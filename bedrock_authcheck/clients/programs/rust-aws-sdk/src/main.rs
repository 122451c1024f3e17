//! One call of the AWS SDK for Rust: docs/client-contract.md

mod operations;

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_bedrockruntime::config::{Credentials, Token};
use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt::Debug;

pub enum Failure {
    NotOffered(String),
    Failed { kind: String, text: String },
}

impl<E, R> From<SdkError<E, R>> for Failure
where
    E: Error + ProvideErrorMetadata + 'static,
    R: Debug + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let kind = match &error {
            SdkError::ConstructionFailure(_) => "ConstructionFailure",
            SdkError::TimeoutError(_) => "TimeoutError",
            SdkError::DispatchFailure(_) => "DispatchFailure",
            SdkError::ResponseError(_) => "ResponseError",
            other => other.code().unwrap_or("ServiceError"),
        };
        Failure::Failed {
            kind: kind.to_owned(),
            text: DisplayErrorContext(&error).to_string(),
        }
    }
}

/// An input that lacks something: the SDK refuses it before there is a request.
impl From<aws_smithy_types::error::operation::BuildError> for Failure {
    fn from(error: aws_smithy_types::error::operation::BuildError) -> Self {
        Failure::Failed {
            kind: "BuildError".to_owned(),
            text: error.to_string(),
        }
    }
}

#[tokio::main]
async fn main() {
    if std::env::args().any(|argument| argument == "--version") {
        return println!("{}", aws_sdk_bedrockruntime::meta::PKG_VERSION);
    }
    let request: Value = serde_json::from_reader(std::io::stdin()).expect("a call as JSON");
    let answer = match answered(&request).await {
        Ok(()) => json!({"ok": true}),
        Err(Failure::NotOffered(what)) => json!({"not_offered": what}),
        Err(Failure::Failed { kind, text }) => {
            json!({"ok": false, "error_type": kind, "error": text})
        }
    };
    println!("{answer}");
}

async fn answered(request: &Value) -> Result<(), Failure> {
    let config = configured(&request["settings"]).await;
    let operation = request["operation"].as_str().unwrap_or_default();
    let parameters = &request["parameters"];
    match request["service"].as_str().unwrap_or_default() {
        "bedrock" => operations::bedrock(&config, operation).await,
        "bedrock-runtime" => operations::runtime(&config, operation, parameters).await,
        "bedrock-agent" => operations::agent(&config, operation).await,
        "bedrock-agent-runtime" => operations::agent_runtime(&config, operation, parameters).await,
        "bedrock-data-automation" => operations::data_automation(&config, operation).await,
        "bedrock-data-automation-runtime" => {
            operations::data_automation_runtime(&config, operation, parameters).await
        }
        other => Err(Failure::NotOffered(format!("no crate for {other}"))),
    }
}

async fn configured(settings: &Value) -> SdkConfig {
    let text = |name: &str| settings[name].as_str().map(str::to_owned);
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = text("region") {
        loader = loader.region(Region::new(region));
    }
    if let Some(profile) = text("profile") {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = text("endpoint") {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(token) = text("token") {
        loader = loader.token_provider(Token::new(token, None));
    }
    if settings["keys"].is_object() {
        let key = |name: &str| settings["keys"][name].as_str().map(str::to_owned);
        loader = loader.credentials_provider(Credentials::new(
            key("aws_access_key_id").unwrap_or_default(),
            key("aws_secret_access_key").unwrap_or_default(),
            key("aws_session_token"),
            None,
            "code",
        ));
    }
    loader = match text("preference").as_deref() {
        Some("sigv4") => loader.auth_scheme_preference([AuthSchemeId::from("sigv4")]),
        Some("bearer") => loader.auth_scheme_preference([AuthSchemeId::from("httpBearerAuth")]),
        Some("anonymous") => loader.no_credentials(),
        _ => loader,
    };
    loader.load().await
}
