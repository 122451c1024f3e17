// One call of the AWS SDK for JavaScript for each line of standard input: docs/client-contract.md
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { NoAuthSigner } from "@smithy/core";
import { NormalizedSchema } from "@smithy/core/schema";

const packageOf = (service) => `@aws-sdk/client-${service}`;
const clients = new Map();

async function answer(request) {
  for (const [name, value] of Object.entries(request.environment ?? {})) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  let client;
  try {
    if (request.prepare === "session") return { ok: true }; // this SDK has none
    const sdk = await import(packageOf(request.service)).catch(() => null);
    if (!sdk) return { not_offered: `no package ${packageOf(request.service)}` };
    client = clients.get(request.client) ?? clientOf(sdk, request);
    if (request.client !== undefined) clients.set(request.client, client);
    if (request.prepare) return { ok: true };
    const Command = sdk[`${request.operation}Command`];
    if (!Command) return { not_offered: `the package has no operation ${request.operation}` };
    await call(sdk, client, Command, request);
    return { ok: true };
  } catch (error) {
    return { ok: false, error_type: error.name, error: error.message };
  } finally {
    if (request.client === undefined) client?.destroy();
  }
}

async function call(sdk, client, Command, { operation, parameters, paginate }) {
  const input = native(NormalizedSchema.of(new Command({}).schema[4]), parameters);
  const pages = sdk[`paginate${operation}`];
  if (paginate && pages) {
    for await (const _ of pages({ client }, input));
    return;
  }
  if (operation === "InvokeModelWithBidirectionalStream") input.body = events();
  const output = await client.send(new Command(input));
  for (const value of Object.values(output)) {
    if (value?.[Symbol.asyncIterator]) for await (const _ of value); // a stream, read to its end
  }
}

async function* events() {
  for (const text of ["hello", "goodbye"]) {
    yield { chunk: { bytes: new TextEncoder().encode(JSON.stringify({ text })) } };
  }
}

function clientOf(sdk, { settings = {}, log_level }) {
  const { keys, token, preference } = settings;
  const config = {};
  for (const name of ["profile", "region", "endpoint"]) {
    if (settings[name]) config[name] = settings[name];
  }
  if (keys) {
    config.credentials = {
      accessKeyId: keys.aws_access_key_id,
      secretAccessKey: keys.aws_secret_access_key,
      sessionToken: keys.aws_session_token,
    };
  }
  if (token) config.token = { token };
  if (preference === "sigv4") config.authSchemePreference = ["sigv4"];
  if (preference === "bearer") config.authSchemePreference = ["httpBearerAuth"];
  if (preference === "anonymous") Object.assign(config, anonymous);
  if (log_level) config.logger = logger(log_level);
  const name = Object.keys(sdk).find((key) => /^Bedrock\w*Client$/.test(key));
  return new sdk[name](config);
}

const anonymous = {
  httpAuthSchemeProvider: () => [{ schemeId: "smithy.api#noAuth" }],
  httpAuthSchemes: [
    {
      schemeId: "smithy.api#noAuth",
      identityProvider: () => async () => ({}),
      signer: new NoAuthSigner(),
    },
  ],
};

function logger(level) {
  const names = ["trace", "debug", "info", "warn", "error"];
  const first = Math.max(names.indexOf(level.toLowerCase()), 0);
  const write = (...parts) => console.error(...parts);
  return Object.fromEntries(names.map((name, i) => [name, i < first ? () => {} : write]));
}

// JSON as the SDK takes it: base64 of a blob becomes bytes, and a timestamp a Date.
function native(schema, value) {
  if (value === null || value === undefined) return value;
  if (schema.isBlobSchema()) return Buffer.from(value, "base64");
  if (schema.isTimestampSchema()) return new Date(typeof value === "number" ? value * 1000 : value);
  if (schema.isListSchema()) return value.map((item) => native(schema.getValueSchema(), item));
  const entries = (of) => Object.entries(value).map(([key, item]) => [key, native(of(key), item)]);
  if (schema.isMapSchema()) return Object.fromEntries(entries(() => schema.getValueSchema()));
  if (schema.isStructSchema()) {
    return Object.fromEntries(entries((key) => schema.getMemberSchema(key)));
  }
  return value;
}

if (process.argv.includes("--version")) {
  const require = createRequire(import.meta.url);
  console.log(require(`${packageOf("bedrock-runtime")}/package.json`).version);
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim()) console.log(JSON.stringify(await answer(JSON.parse(line))));
  }
  for (const client of clients.values()) client.destroy();
}
