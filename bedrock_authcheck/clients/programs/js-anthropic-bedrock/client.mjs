// One call of Anthropic's client for Amazon Bedrock: docs/client-contract.md
import { readFileSync } from "node:fs";
import { json } from "node:stream/consumers";
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";

const OPERATIONS = ["InvokeModel", "InvokeModelWithResponseStream"];

if (process.argv.includes("--version")) {
  const manifest = "node_modules/@anthropic-ai/bedrock-sdk/package.json"; // not exported
  console.log(JSON.parse(readFileSync(new URL(manifest, import.meta.url))).version);
} else {
  console.log(JSON.stringify(await answer(await json(process.stdin))));
}

async function answer({ service, operation, parameters, settings = {} }) {
  if (service !== "bedrock-runtime" || !OPERATIONS.includes(operation)) {
    return { not_offered: `the package has no call that makes ${operation}` };
  }
  try {
    const client = new AnthropicBedrock(options(settings));
    const message = question(parameters);
    if (operation === "InvokeModel") await client.messages.create(message);
    else for await (const _ of await client.messages.create({ ...message, stream: true }));
    return { ok: true };
  } catch (error) {
    return { ok: false, error_type: error.name, error: text(error) };
  }
}

function options({ keys, token, region, endpoint }) {
  return {
    ...(region && { awsRegion: region }),
    ...(endpoint && { baseURL: endpoint }),
    ...(token && { apiKey: token }),
    ...(keys && {
      awsAccessKey: keys.aws_access_key_id,
      awsSecretKey: keys.aws_secret_access_key,
      awsSessionToken: keys.aws_session_token,
    }),
  };
}

// InvokeModel's body is a message of Anthropic's API already.
function question({ modelId, body }) {
  const hello = { max_tokens: 16, messages: [{ role: "user", content: "hello" }] };
  const given = JSON.parse(Buffer.from(body ?? "", "base64").toString() || "{}");
  return { ...hello, ...given, model: modelId };
}

// The error and what it was caused by, as Node prints them.
function text(error) {
  return error.cause ? `${error.message} ${text(error.cause)}` : error.message;
}
