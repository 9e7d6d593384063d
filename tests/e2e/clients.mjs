// OpenAI's own Node client against a running server: node clients.mjs URL ASSETS, with `openai` in NODE_PATH's folder.
import { createRequire } from "node:module";
import fs from "node:fs";

const require = createRequire(process.env.YANXING_NODE_MODULES + "/");
const { OpenAI } = require("openai");
const [url, assets] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "/v1", apiKey: "none", timeout: 600_000, maxRetries: 0 });
let failed = 0;

async function check(what, run) {
  let shown = "";
  let holds = false;
  try {
    shown = await run();
    holds = Boolean(shown);
  } catch (error) {
    shown = String(error);
  }
  failed += holds ? 0 : 1;
  console.log((holds ? "ok   " : "FAIL ") + what + ": " + String(shown).slice(0, 200));
}

const messages = [{ role: "user", content: "What is the weather in Paris?" }];
const tools = [{ type: "function", function: { name: "get_weather", description: "Current weather in a city", parameters: {
  type: "object", properties: { city: { type: "string" } }, required: ["city"] } } }];
const chat = { model: "light", messages, max_tokens: 100, temperature: 0 };
const form = { type: "json_schema", json_schema: { name: "n", strict: true, schema: { type: "object",
  properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false } } };

await check("node chat", async () => (await client.chat.completions.create({ ...chat, max_tokens: 8 })).choices[0].message.content);
await check("node chat stream", async () => {
  let text = "";
  for await (const event of await client.chat.completions.create({ ...chat, max_tokens: 8, stream: true })) {
    text += event.choices[0]?.delta?.content ?? "";
  }
  return text;
});
for (const tool_choice of ["auto", "required", { type: "function", function: { name: "get_weather" } }]) {
  await check("node tools", async () => {
    const { message } = (await client.chat.completions.create({ ...chat, tools, tool_choice })).choices[0];
    return JSON.parse(message.tool_calls[0].function.arguments).city;
  });
}
await check("node tools stream", async () => {
  let reply = "";
  for await (const event of await client.chat.completions.create({ ...chat, tools, tool_choice: "required", stream: true })) {
    reply += event.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? "";
  }
  return JSON.parse(reply).city;
});
await check("node json_schema", async () => Number.isInteger(JSON.parse((await client.chat.completions.create({
  ...chat, response_format: form })).choices[0].message.content).n));
await check("node completions", async () => (await client.completions.create({ model: "light", prompt: "One,", max_tokens: 4 })).choices[0].text);
await check("node responses", async () => (await client.responses.create({ model: "light", input: "Hi", max_output_tokens: 8 })).output_text);
await check("node responses stream", async () => {
  let last = "";
  for await (const event of await client.responses.create({ model: "light", input: "Hi", max_output_tokens: 8, stream: true })) {
    last = event.type;
  }
  return last === "response.completed";
});
await check("node embeddings", async () => (await client.embeddings.create({ model: "embedding", input: "a cat" })).data[0].embedding.length > 10);
await check("node models", async () => (await client.models.list()).data[0].id);
await check("node transcription", async () => (await client.audio.transcriptions.create({
  model: "whisper-1", language: "zh", file: fs.createReadStream(assets + "/say_zh.wav") })).text);
await check("node speech", async () => (await (await client.audio.speech.create({
  model: "tts-1", voice: "alloy", input: "好的。", response_format: "wav" })).arrayBuffer()).byteLength > 1000);
process.exit(failed ? 1 : 0);
