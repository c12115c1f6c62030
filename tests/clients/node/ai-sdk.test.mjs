// An agent framework of Node, the AI SDK, runs its loop of tools against every provider: by its client for APIs that are
// compatible with OpenAI's, and by its own one for Anthropic's. `test_node_client.py` starts the gateway, says in the
// environment where it is and which models it has, and reports each test of this file by its name.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const { BASE_URL, CLIENT_KEY } = process.env;
const CHAT_MODELS = JSON.parse(process.env.CHAT_MODELS);
const QUESTION = 'How is the weather in Paris, and what time is it there?';

const compatible = createOpenAICompatible({
  name: 'penstock',
  baseURL: BASE_URL,
  apiKey: CLIENT_KEY,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: BASE_URL, apiKey: CLIENT_KEY });
const CLIENTS = { 'openai-compatible': compatible, anthropic };

globalThis.AI_SDK_LOG_WARNINGS = false;

// Two tools, and the list to which they add when they are called.
function tools() {
  const called = [];
  return {
    called,
    tools: {
      get_weather: tool({
        description: 'The weather of a city',
        inputSchema: z.object({ city: z.string(), days: z.number().int().min(1).max(7) }),
        execute: async ({ city, days }) => {
          assert.equal(typeof city, 'string');
          assert.ok(days >= 1 && days <= 7);
          called.push('get_weather');
          return 'rain, 12 °C';
        },
      }),
      get_time: tool({
        description: 'The time in a city',
        inputSchema: z.object({ city: z.string() }),
        execute: async () => {
          called.push('get_time');
          return { clock: '14:05' };
        },
      }),
    },
  };
}

for (const [name, client] of Object.entries(CLIENTS)) {
  for (const id of CHAT_MODELS) {
    const asked = { model: client(id), system: 'Be brief.', maxRetries: 0, stopWhen: stepCountIs(5) };

    test(`${name}: ${id} uses its tools`, async () => {
      const given = tools();
      const ran = await generateText({ ...asked, tools: given.tools, prompt: QUESTION });
      assert.deepEqual(given.called.toSorted(), ['get_time', 'get_weather']);
      assert.ok(ran.text.includes('rain, 12 °C') && ran.text.includes('14:05'));
      assert.equal(ran.steps.length, 2);
      assert.equal(ran.finishReason, 'stop');
      assert.ok(ran.totalUsage.inputTokens > 0 && ran.totalUsage.outputTokens > 0);

      const messages = [{ role: 'user', content: QUESTION }, ...ran.response.messages];
      const on = { role: 'user', content: 'What is the time now?' };
      const second = await generateText({ ...asked, tools: given.tools, messages: [...messages, on] });
      assert.equal(given.called.filter((one) => one === 'get_time').length, 2);
      assert.ok(second.text.includes('14:05'));
    });

    test(`${name}: ${id} streams`, async () => {
      const given = tools();
      const pieces = [];
      const ran = streamText({
        ...asked,
        tools: given.tools,
        prompt: QUESTION,
        onError: ({ error }) => assert.fail(error),
      });
      for await (const piece of ran.textStream) pieces.push(piece);
      assert.deepEqual(given.called.toSorted(), ['get_time', 'get_weather']);
      assert.ok(pieces.length > 3);
      assert.ok(pieces.join('').includes('14:05'));
      assert.equal(await ran.finishReason, 'stop');
    });

    test(`${name}: ${id} answers in a form`, async () => {
      const schema = z.object({ city: z.string(), floor: z.number().int() });
      const ran = await generateObject({ model: client(id), maxRetries: 0, schema, prompt: 'Where is he?' });
      assert.equal(typeof ran.object.city, 'string');
      assert.ok(Number.isInteger(ran.object.floor));
    });
  }
}
