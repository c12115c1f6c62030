// The official Node client, end to end against a gateway in front of the simulator. `test_node_client.py` starts both,
// says in the environment where they are, and reports each test of this file by its name.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';

import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const { BASE_URL, ADMIN_URL, SIMULATOR_URL, CLIENT_KEY } = process.env;
const CHAT_MODEL = 'gpt-4o-mini';
const COMPLETION_MODEL = 'gpt-3.5-turbo-instruct';
const EMBEDDING_MODEL = 'text-embedding-3-small';
const BOUND_MS = 30_000; // On hanging; says nothing about speed.
const PATIENCE_MS = 1000; // Of a client that gives up: long enough for its request to have reached the provider.

const client = new OpenAI({ baseURL: BASE_URL, apiKey: CLIENT_KEY, maxRetries: 0, timeout: BOUND_MS });

const user = (content) => [{ role: 'user', content }];
const words = (count) => user(`Write ${count} words.`);
const wordsIn = (text) => text.split(/\s+/).filter(Boolean).length;
const textOf = (chunks) => chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content ?? '')).join('');
const finishReasonsOf = (chunks) =>
  chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.finish_reason)).filter(Boolean);

let labels = 0;
// A fault's name with a label of its own, so that the simulator counts its requests apart.
const fresh = (model) => `${model}@node-${process.pid}-${++labels}`;

async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

// What comes before the error, and the error; a stream that ends well fails the test.
async function untilError(stream) {
  const items = [];
  try {
    for await (const item of stream) items.push(item);
  } catch (error) {
    return [items, error];
  }
  assert.fail(`the stream ended as if complete, after ${items.length} events`);
}

async function refusal(request, options) {
  try {
    await client.chat.completions.create({ model: CHAT_MODEL, messages: user('Hello'), ...request }, options);
  } catch (error) {
    return error;
  }
  assert.fail('the request was not refused');
}

async function until(condition) {
  const end = performance.now() + BOUND_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < end, 'what was waited for has not come');
    await sleep(10);
  }
}

async function seenUpstream(model) {
  const { requests } = await (await fetch(`${SIMULATOR_URL}/simulator/requests`)).json();
  return requests.filter((one) => one.model === model);
}

async function untilCancelledUpstream(model) {
  assert.ok((await seenUpstream(model)).length > 0, 'the provider was asked');
  await until(async () => (await seenUpstream(model)).every((one) => one.outcome === 'caller gone'));
  await until(async () => {
    const page = await (await fetch(`${ADMIN_URL}/metrics`)).text();
    const gauges = page.match(/^penstock_(exchanges_in_flight|upstream_connections\{[^}]*state="busy"[^}]*\}) .*$/gm);
    assert.ok(gauges.length > 1, 'exchanges, and connections by backend');
    return gauges.every((line) => Number(line.split(' ').at(-1)) === 0);
  });
}

// --- chat

test('an answer is whole', async () => {
  const answer = await client.chat.completions.create({ model: CHAT_MODEL, messages: words(30) });
  assert.equal(wordsIn(answer.choices[0].message.content), 30);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test('every alphabet arrives unchanged both ways', async () => {
  const said = 'Grüße, 你好, नमस्ते, שלום, e\u0301, 👩🏽‍🚀, \u{1d11e}, \u2028 and \u0000';
  const model = fresh('fault-no-usage');
  const answer = await client.chat.completions.create({ model, messages: user(said) });
  const [seen] = await seenUpstream(model);
  assert.deepEqual(JSON.parse(seen.body).messages, user(said));
  assert.ok(answer.choices[0].message.content.includes('Grüße, 你好, नमस्ते, שלום, e\u0301, 👩🏽‍🚀, \u{1d11e},'));
});

test('a prompt of a megabyte arrives whole', async () => {
  const short = await client.chat.completions.create({ model: CHAT_MODEL, messages: user('penstock') });
  const long = await client.chat.completions.create({
    model: CHAT_MODEL,
    messages: user(Array(116_000).fill('penstock').join(' ')),
  });
  assert.equal(long.usage.prompt_tokens - short.usage.prompt_tokens, 115_999);
});

test('members that nobody knows reach the provider', async () => {
  const model = fresh('fault-no-usage');
  const unknown = { x_unknown: { nested: [1, 2.5, null, 'ü'] }, top_k: 40 };
  await client.chat.completions.create({ model, messages: user('Hello'), ...unknown });
  const [seen] = await seenUpstream(model);
  assert.deepEqual(JSON.parse(seen.body), { model, messages: user('Hello'), ...unknown });
});

test('the header x-ai-eg-model wins over the body', async () => {
  const model = fresh('fault-no-usage');
  const choosing = new OpenAI({
    baseURL: BASE_URL,
    apiKey: CLIENT_KEY,
    maxRetries: 0,
    defaultHeaders: { 'x-ai-eg-model': model },
  });
  const answer = await choosing.chat.completions.create({ model: 'no-such-model', messages: user('Hello') });
  assert.equal(answer.model, model);
  assert.equal((await seenUpstream(model)).length, 1);
});

test('an answer tells its backend and its request id', async () => {
  const request = client.chat.completions.create({ model: CHAT_MODEL, messages: user('Hello') });
  const { data, response, request_id: requestId } = await request.withResponse();
  assert.equal(response.headers.get('x-penstock-backend'), 'openai');
  assert.match(response.headers.get('x-penstock-request-id'), /^req_/);
  assert.equal(data._request_id, response.headers.get('x-request-id'));
  assert.equal(requestId, data._request_id);
});

// --- streams

test('a stream is whole, and without usage when none is asked for', async () => {
  const chunks = await all(
    await client.chat.completions.create({ model: CHAT_MODEL, messages: words(50), stream: true }),
  );
  assert.equal(wordsIn(textOf(chunks)), 50);
  assert.deepEqual(finishReasonsOf(chunks), ['stop']);
  assert.ok(chunks.every((chunk) => chunk.choices.length > 0 && !chunk.usage));
});

test('a stream ends with usage when it is asked for', async () => {
  const chunks = await all(
    await client.chat.completions.create({
      model: CHAT_MODEL,
      messages: words(50),
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
  assert.equal(wordsIn(textOf(chunks)), 50);
  const counted = chunks.filter((chunk) => chunk.usage);
  const pieces = chunks.filter((chunk) => chunk.choices[0]?.delta.content);
  assert.deepEqual(counted, [chunks.at(-1)]);
  assert.deepEqual(counted[0].choices, []);
  assert.equal(counted[0].usage.completion_tokens, pieces.length);
});

test('the streaming helper puts the answer together', async () => {
  const stream = client.chat.completions.stream({
    model: CHAT_MODEL,
    messages: words(50),
    stream_options: { include_usage: true },
  });
  let text = '';
  stream.on('content', (delta) => (text += delta));
  const answer = await stream.finalChatCompletion();
  assert.equal(wordsIn(text), 50);
  assert.equal(await stream.finalContent(), text);
  assert.equal(answer.choices[0].message.content, text);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.usage.completion_tokens > 0);
});

test('twenty streams at once get an answer each', async () => {
  const counts = Array.from({ length: 20 }, (_, index) => 20 + index);
  const found = await Promise.all(
    counts.map(async (count) => {
      const model = fresh('fault-slow-body-0.5s');
      return wordsIn(
        textOf(await all(await client.chat.completions.create({ model, messages: words(count), stream: true }))),
      );
    }),
  );
  assert.deepEqual(found, counts);
});

// --- tools and structured outputs

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const tools = [
  { type: 'function', function: { name: 'get_weather', description: 'The weather of a city', parameters } },
  { type: 'function', function: { name: 'get_time', description: 'The time in a city', parameters } },
];
const QUESTION = 'How is the weather in Paris, and what time is it there?';
const RESULTS = { get_weather: 'rain, 12 °C', get_time: '14:05' };

test('parallel calls are made, and their results are used', async () => {
  const messages = user(QUESTION);
  const asked = await client.chat.completions.create({ model: CHAT_MODEL, messages, tools });
  assert.equal(asked.choices[0].finish_reason, 'tool_calls');
  const calls = asked.choices[0].message.tool_calls;
  assert.deepEqual(calls.map((call) => call.function.name).sort(), ['get_time', 'get_weather']);
  for (const call of calls) assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');

  messages.push(asked.choices[0].message);
  for (const { id, function: called } of calls) {
    messages.push({ role: 'tool', tool_call_id: id, content: RESULTS[called.name] });
  }
  const answered = await client.chat.completions.create({ model: CHAT_MODEL, messages, tools });
  assert.equal(answered.choices[0].finish_reason, 'stop');
  for (const result of Object.values(RESULTS)) assert.ok(answered.choices[0].message.content.includes(`“${result}”`));
});

test('streamed arguments add up to those of the whole answer', async () => {
  const request = { model: CHAT_MODEL, messages: user(QUESTION), tools };
  const whole = await client.chat.completions.create(request);
  const calls = [];
  let pieces = 0;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    for (const delta of chunk.choices[0].delta.tool_calls ?? []) {
      pieces += 1;
      calls[delta.index] ??= { name: '', arguments: '' };
      calls[delta.index].name += delta.function.name ?? '';
      calls[delta.index].arguments += delta.function.arguments ?? '';
    }
  }
  assert.deepEqual(
    calls,
    whole.choices[0].message.tool_calls.map((call) => call.function),
  );
  assert.ok(pieces > calls.length, 'arguments come in more than one piece');
});

test('the streaming helper parses arguments', async () => {
  const stream = client.chat.completions.stream({
    model: CHAT_MODEL,
    messages: user('How is the weather in Paris?'),
    tools: [zodFunction({ name: 'get_weather', parameters: z.object({ city: z.string(), days: z.number().int() }) })],
  });
  const done = [];
  stream.on('tool_calls.function.arguments.done', (event) => done.push(event));
  const answer = await stream.finalChatCompletion();
  const [call] = answer.choices[0].message.tool_calls;
  assert.deepEqual(call.function.parsed_arguments, JSON.parse(call.function.arguments));
  assert.deepEqual(
    done.map((event) => [event.name, event.arguments]),
    [['get_weather', call.function.arguments]],
  );
});

test('the tool runner goes the whole round', async () => {
  const called = [];
  const runner = client.chat.completions.runTools({
    model: CHAT_MODEL,
    messages: user('How is the weather in Paris?'),
    tools: [
      zodFunction({
        name: 'get_weather',
        parameters: z.object({ city: z.string() }),
        function: (given) => (called.push(given), 'rain, 12 °C'),
      }),
    ],
  });
  assert.ok((await runner.finalContent()).includes('“rain, 12 °C”'));
  assert.equal(called.length, 1);
});

const Plant = z.object({
  title: z.string(),
  turbines: z.array(z.object({ kind: z.enum(['kaplan', 'pelton']), power_mw: z.number().min(1) })).min(2).max(3),
  river: z.string().nullable(),
});

test('parse returns what the schema describes', async () => {
  const answer = await client.chat.completions.parse({
    model: CHAT_MODEL,
    messages: user('Describe a power plant.'),
    response_format: zodResponseFormat(Plant, 'plant'),
  });
  const { content, parsed } = answer.choices[0].message;
  assert.deepEqual(parsed, Plant.parse(JSON.parse(content)));
  assert.ok(parsed.turbines.length >= 2);
});

test('the streaming helper ends with what the schema describes', async () => {
  const stream = client.chat.completions.stream({
    model: CHAT_MODEL,
    messages: user('Describe a power plant.'),
    response_format: zodResponseFormat(Plant, 'plant'),
  });
  const { content, parsed } = (await stream.finalChatCompletion()).choices[0].message;
  assert.deepEqual(parsed, Plant.parse(JSON.parse(content)));
});

// --- other endpoints

test('a completion is the same text whole and as a stream', async () => {
  const request = { model: COMPLETION_MODEL, prompt: 'Once upon', max_tokens: 40 };
  const whole = await client.completions.create(request);
  const chunks = await all(await client.completions.create({ ...request, stream: true }));
  assert.ok(whole.choices[0].text.length > 0);
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(''), whole.choices[0].text);
  assert.equal(chunks.at(-1).choices[0].finish_reason, whole.choices[0].finish_reason);
});

test('embeddings are the same in both encodings', async () => {
  const request = { model: EMBEDDING_MODEL, input: ['one', 'two'], dimensions: 256 };
  const numbers = await client.embeddings.create({ ...request, encoding_format: 'float' });
  const packed = await client.embeddings.create(request); // the client's default is base64
  assert.equal(packed.data.length, 2);
  for (const [index, { embedding }] of packed.data.entries()) {
    assert.equal(embedding.length, 256);
    assert.deepEqual(Array.from(embedding), Array.from(new Float32Array(numbers.data[index].embedding)));
  }
  assert.deepEqual(packed.usage, numbers.usage);
});

test('models are listed and retrieved', async () => {
  const names = (await all(client.models.list())).map((model) => model.id);
  assert.ok([CHAT_MODEL, COMPLETION_MODEL, EMBEDDING_MODEL].every((name) => names.includes(name)));
  assert.equal((await client.models.retrieve(CHAT_MODEL)).owned_by, 'tests');
  await assert.rejects(client.models.retrieve('no-such-model'), OpenAI.NotFoundError);
});

// --- errors

test('a model that nobody configured', async () => {
  const error = await refusal({ model: 'gpt-4o-minni' });
  assert.ok(error instanceof OpenAI.NotFoundError);
  assert.deepEqual([error.status, error.code, error.param], [404, 'model_not_found', 'model']);
  assert.equal(error.requestID, error.headers.get('x-penstock-request-id'));
});

test('a wrong client key, and none', async () => {
  for (const [authorization, code] of [['Bearer sk-of-somebody-else', 'invalid_api_key'], [null, 'missing_api_key']]) {
    const error = await refusal({}, { headers: { authorization } });
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.deepEqual([error.status, error.code], [401, code]);
  }
});

test('a rate limit shows when to come back', async () => {
  const error = await refusal({ model: 'fault-429-7s' });
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.equal(error.headers.get('retry-after'), '7');
});

test("the client's own retry waits as long as the provider says", async () => {
  const model = fresh('fault-429-1s-once');
  const begun = performance.now();
  const answer = await client.chat.completions.create({ model, messages: user('Hello') }, { maxRetries: 2 });
  assert.ok(performance.now() - begun >= 1000); // left to itself the client waits for half a second at most
  assert.ok(answer.choices[0].message.content);
  assert.equal((await seenUpstream(model)).length, 2);
});

for (const [fault, code] of [
  ['400', 'invalid_value'],
  ['context-length', 'context_length_exceeded'],
  ['content-filter', 'content_filter'],
]) {
  test(`a request that must be changed is not sent again: ${fault}`, async () => {
    const model = fresh(`fault-${fault}`);
    const error = await refusal({ model }, { maxRetries: 2 });
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, code);
    assert.equal((await seenUpstream(model)).length, 1);
  });
}

test('a member of a wrong type', async () => {
  const error = await refusal({ messages: 'Hello' });
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.equal(error.param, 'messages');
});

for (const [model, status, code] of [
  ['fault-500', 500, null],
  ['fault-529', 529, 'overloaded'],
  ['fault-reset-before-headers', 502, 'upstream_broke_off'],
  ['fault-not-json', 502, 'upstream_invalid'],
  ['key-rejected', 502, 'upstream_credential_rejected'],
  ['unreachable', 502, 'upstream_unreachable'],
  ['impatient/fault-silent-600s', 504, 'upstream_timeout'],
]) {
  test(`a provider that fails: ${model}`, async () => {
    for (const stream of [false, true]) {
      const error = await refusal({ model, stream });
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.deepEqual([error.status, error.code], [status, code]);
    }
  });
}

// --- streams that break, and callers who leave

for (const [model, code] of [
  ['fault-cut-mid-stream', 'upstream_broke_off'],
  ['fault-reset-mid-stream', 'upstream_broke_off'],
  ['fault-end-mid-stream', 'upstream_broke_off'],
  ['fault-half-event', 'upstream_invalid'],
  ['fault-malformed-event', 'upstream_invalid'],
  ['fault-error-event-mid-stream', 'server_error'],
  ['impatient/fault-stall-mid-stream-600s', 'upstream_timeout'],
]) {
  test(`a stream that breaks throws after its first part: ${model}`, async () => {
    const [chunks, error] = await untilError(
      await client.chat.completions.create({ model, messages: words(50), stream: true }),
    );
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.code, code);
    assert.ok(textOf(chunks).length > 0);
    assert.deepEqual(finishReasonsOf(chunks), []);
  });
}

test('the streaming helper rejects when the stream breaks', async () => {
  const stream = client.chat.completions.stream({ model: 'fault-cut-mid-stream', messages: words(50) });
  await assert.rejects(stream.finalChatCompletion(), OpenAI.APIError);
});

test('a client that gives up waiting', async () => {
  for (const fault of ['slow-headers-600s', 'slow-first-token-600s']) {
    const model = fresh(`fault-${fault}`);
    const stream = fault.includes('token');
    const error = await refusal({ model, stream }, { timeout: PATIENCE_MS });
    assert.ok(error instanceof OpenAI.APIConnectionTimeoutError);
    await untilCancelledUpstream(model);
  }
});

test('a client that breaks out of a stream', async () => {
  const model = fresh('fault-stall-mid-stream-600s');
  for await (const chunk of await client.chat.completions.create({ model, messages: words(50), stream: true })) {
    if (chunk.choices[0].delta.content) break;
  }
  await untilCancelledUpstream(model);
});

test('a client that aborts a stream', async () => {
  const model = fresh('fault-stall-mid-stream-600s');
  const stream = await client.chat.completions.create({ model, messages: words(50), stream: true });
  let chunks = 0;
  for await (const chunk of stream) {
    chunks += chunk.choices.length;
    stream.controller.abort();
  }
  assert.ok(chunks > 0);
  await untilCancelledUpstream(model);
});

test('a client that aborts a request by a signal', async () => {
  const model = fresh('fault-slow-body-600s');
  const leaving = new AbortController();
  const request = client.chat.completions.create({ model, messages: user('Hello') }, { signal: leaving.signal });
  const rejected = assert.rejects(request, OpenAI.APIUserAbortError);
  await until(async () => (await seenUpstream(model)).length > 0);
  leaving.abort();
  await rejected;
  await untilCancelledUpstream(model);
});

test('a client that aborts the streaming helper', async () => {
  const model = fresh('fault-stall-mid-stream-600s');
  const stream = client.chat.completions.stream({ model, messages: words(50) });
  stream.once('content', () => stream.abort());
  await assert.rejects(stream.finalChatCompletion(), OpenAI.APIUserAbortError);
  await untilCancelledUpstream(model);
});
