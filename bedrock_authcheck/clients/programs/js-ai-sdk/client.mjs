// One call of the AI SDK's Amazon Bedrock provider: docs/client-contract.md
import { createRequire } from "node:module";
import { json } from "node:stream/consumers";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { generateText, streamText } from "ai";

if (process.argv.includes("--version")) {
  console.log(createRequire(import.meta.url)("@ai-sdk/amazon-bedrock/package.json").version);
} else {
  console.log(JSON.stringify(await answer(await json(process.stdin))));
}

async function answer(request) {
  const call = { Converse: converse, ConverseStream: converseStream }[request.operation];
  if (request.service !== "bedrock-runtime" || !call) {
    return { not_offered: `the package has no call that makes ${request.operation}` };
  }
  try {
    await call(ask(provider(request.settings ?? {}), request.parameters));
    return { ok: true };
  } catch (error) {
    return { ok: false, error_type: error.name, error: error.message };
  }
}

async function converse(question) {
  await generateText(question);
}

async function converseStream(question) {
  let failure;
  const stream = streamText({ ...question, onError: ({ error }) => (failure = error) });
  await stream.consumeStream({ onError: (error) => (failure ??= error) });
  if (failure) throw failure;
}

function provider({ keys, token, region, endpoint }) {
  return createAmazonBedrock({
    ...(region && { region }),
    ...(endpoint && { baseURL: endpoint }),
    ...(token && { apiKey: token }),
    ...(keys && {
      accessKeyId: keys.aws_access_key_id,
      secretAccessKey: keys.aws_secret_access_key,
      sessionToken: keys.aws_session_token,
    }),
  });
}

// Converse's parameters in the words of the AI SDK.
function ask(bedrock, { modelId, messages = [] }) {
  const turns = messages.map(({ role, content }) => ({
    role,
    content: content.map(({ text }) => ({ type: "text", text })),
  }));
  const hello = [{ role: "user", content: [{ type: "text", text: "hello" }] }];
  return { model: bedrock(modelId), messages: turns.length ? turns : hello };
}
