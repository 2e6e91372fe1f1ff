// The Node clients: openai, @anthropic-ai/sdk and the Vercel AI SDK. Jobs and results are those of jobs.py.
// The packages are looked up below the folder given as the first argument.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.argv[2]}/package.json`);
const TOOL = {
  name: 'get_weather',
  description: 'The weather of the coming days.',
  schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city', 'days'],
    additionalProperties: false,
  },
};
const FUNCTION = { name: TOOL.name, description: TOOL.description, parameters: TOOL.schema };

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
const add = (result, text) => {
  if (text) result.pieces.push(text);
};
const call = (result, name, input, id) =>
  result.calls.push({ name, arguments: typeof input === 'string' ? parsed(input) : input, id });

async function openaiChat(job, result) {
  const OpenAI = require('openai').OpenAI;
  const client = new OpenAI({ baseURL: `${job.base}/v1`, apiKey: job.key, maxRetries: job.retries ?? 0, timeout: 60000 });
  if (job.api === 'responses') return openaiResponses(client, job, result);
  const { data, response } = await client.chat.completions
    .create({
      model: job.model,
      messages: [{ role: 'user', content: job.prompt }],
      temperature: 0,
      ...(job.tools ? { tools: [{ type: 'function', function: FUNCTION }] } : {}),
      ...(job.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    })
    .withResponse();
  result.cache = response.headers.get('cache-status');
  if (!job.stream) {
    const choice = data.choices[0];
    add(result, choice.message.content);
    result.reasoning += choice.message.reasoning_content ?? '';
    for (const c of choice.message.tool_calls ?? []) call(result, c.function.name, c.function.arguments, c.id);
    result.finish = choice.finish_reason;
    result.usage = data.usage;
    result.model = data.model;
    return;
  }
  const calls = [];
  for await (const chunk of data) {
    if (chunk.usage) result.usage = chunk.usage;
    result.model = chunk.model;
    for (const choice of chunk.choices) {
      add(result, choice.delta.content);
      result.reasoning += choice.delta.reasoning_content ?? '';
      for (const part of choice.delta.tool_calls ?? []) {
        calls[part.index] ??= { id: part.id, name: part.function.name, text: '' };
        calls[part.index].text += part.function.arguments ?? '';
      }
      result.finish = choice.finish_reason ?? result.finish;
    }
  }
  for (const c of calls) call(result, c.name, c.text, c.id);
}

async function openaiResponses(client, job, result) {
  const { data, response } = await client.responses
    .create({
      model: job.model,
      input: job.prompt,
      temperature: 0,
      store: false,
      stream: job.stream,
      ...(job.tools ? { tools: [{ type: 'function', ...FUNCTION, strict: true }] } : {}),
    })
    .withResponse();
  result.cache = response.headers.get('cache-status');
  let answer = data;
  if (job.stream) {
    answer = null;
    for await (const event of data) {
      if (event.type === 'response.output_text.delta') add(result, event.delta);
      else if (event.type === 'response.completed' || event.type === 'response.incomplete') answer = event.response;
      else if (event.type === 'error' || event.type === 'response.failed') {
        result.error = { class: event.type, status: null, message: JSON.stringify(event) };
      }
    }
    if (answer === null) return;
  } else add(result, data.output_text);
  for (const item of answer.output) {
    if (item.type === 'reasoning') result.reasoning += item.summary.map((part) => part.text).join('');
    if (item.type === 'function_call') call(result, item.name, item.arguments, item.call_id);
  }
  result.finish = answer.status;
  result.usage = answer.usage;
  result.model = answer.model;
}

async function anthropic(job, result) {
  const Anthropic = require('@anthropic-ai/sdk').Anthropic;
  const client = new Anthropic({ baseURL: job.base, apiKey: job.key, maxRetries: job.retries ?? 0, timeout: 60000 });
  const asked = {
    model: job.model,
    max_tokens: job.limit ?? 512,
    temperature: 0,
    messages: [{ role: 'user', content: job.prompt }],
    ...(job.tools
      ? { tools: [{ name: TOOL.name, description: TOOL.description, input_schema: TOOL.schema }] }
      : {}),
  };
  let message;
  if (job.stream) {
    // not messages.stream(): that keeps a broken answer to itself until asked for
    const { data, response } = await client.messages.create({ ...asked, stream: true }).withResponse();
    result.cache = response.headers.get('cache-status');
    message = await accumulate(data, result);
    if (message === null) return;
  } else {
    const { data, response } = await client.messages.create(asked).withResponse();
    result.cache = response.headers.get('cache-status');
    message = data;
    for (const block of data.content) if (block.type === 'text') add(result, block.text);
  }
  for (const block of message.content) {
    if (block.type === 'thinking') result.reasoning += `${block.thinking} ${block.signature}`;
    if (block.type === 'tool_use') call(result, block.name, block.input, block.id);
  }
  result.finish = message.stop_reason;
  result.usage = message.usage;
  result.model = message.model;
}

async function accumulate(events, result) {
  let message = null;
  let ended = false;
  for await (const event of events) {
    if (event.type === 'message_start') message = structuredClone(event.message);
    else if (event.type === 'content_block_start') message.content[event.index] = { ...event.content_block, json: '' };
    else if (event.type === 'content_block_delta') {
      if (event.delta.type === 'text_delta') add(result, event.delta.text);
      if (event.delta.type === 'thinking_delta') message.content[event.index].thinking += event.delta.thinking;
      if (event.delta.type === 'signature_delta') message.content[event.index].signature = event.delta.signature;
      if (event.delta.type === 'input_json_delta') message.content[event.index].json += event.delta.partial_json;
    } else if (event.type === 'content_block_stop') {
      const block = message.content[event.index];
      if (block.type === 'tool_use') block.input = parsed(block.json);
    } else if (event.type === 'message_delta') {
      message.stop_reason = event.delta.stop_reason;
      message.usage = { ...message.usage, ...event.usage };
    } else if (event.type === 'message_stop') ended = true;
  }
  return ended ? message : null;
}

function vercelModel(job) {
  switch (job.client) {
    case 'vercel-openai':
      return require('@ai-sdk/openai').createOpenAI({ baseURL: `${job.base}/v1`, apiKey: job.key }).responses(job.model);
    case 'vercel-compatible':
      return require('@ai-sdk/openai-compatible')
        .createOpenAICompatible({ name: 'halfpenny', baseURL: `${job.base}/v1`, apiKey: job.key, includeUsage: true })
        .chatModel(job.model);
    default:
      return require('@ai-sdk/anthropic').createAnthropic({ baseURL: `${job.base}/v1`, apiKey: job.key })(job.model);
  }
}

async function vercel(job, result) {
  const ai = require('ai');
  const failures = [];
  const asked = {
    model: vercelModel(job),
    prompt: job.prompt,
    temperature: 0,
    maxRetries: job.retries ?? 0,
    ...(job.client === 'vercel-openai' ? { providerOptions: { openai: { store: false } } } : {}),
    ...(job.tools
      ? { tools: { [TOOL.name]: ai.tool({ description: TOOL.description, inputSchema: ai.jsonSchema(TOOL.schema) }) } }
      : {}),
  };
  if (job.stream) {
    const stream = ai.streamText({ ...asked, onError: ({ error }) => failures.push(error) });
    for await (const part of stream.fullStream) {
      if (part.type === 'text-delta') add(result, part.text);
      else if (part.type === 'reasoning-delta') result.reasoning += part.text;
      else if (part.type === 'tool-call') call(result, part.toolName, part.input, part.toolCallId);
      else if (part.type === 'finish-step') {
        result.finish = part.finishReason;
        result.usage = used(part.usage);
        result.cache = part.response?.headers?.['cache-status'] ?? null;
        result.model = part.response?.modelId;
      }
    }
    if (failures.length) throw failures[0];
    return;
  }
  const answer = await ai.generateText(asked);
  add(result, answer.text);
  result.reasoning = answer.reasoningText ?? '';
  for (const c of answer.toolCalls) call(result, c.toolName, c.input, c.toolCallId);
  result.finish = answer.finishReason;
  result.usage = used(answer.usage);
  result.cache = answer.response.headers?.['cache-status'] ?? null;
  result.model = answer.response.modelId;
}

const used = (usage) => ({ input: usage?.inputTokens, output: usage?.outputTokens, total: usage?.totalTokens });

async function one(job) {
  const result = { pieces: [], calls: [], reasoning: '', finish: null, usage: null, cache: null, error: null };
  try {
    if (job.client === 'openai-node') await openaiChat(job, result);
    else if (job.client === 'anthropic-node') await anthropic(job, result);
    else await vercel(job, result);
  } catch (raised) {
    if (process.env.DRIVER_TRACE) console.error(raised);
    const error = raised?.lastError ?? raised;
    const status = error?.status ?? error?.statusCode ?? null;
    const name = error?.constructor?.name ?? typeof error;
    result.error = { class: name, status, message: String(error?.message ?? JSON.stringify(error)) };
    const headers = error?.headers ?? error?.responseHeaders;
    result.cache ??= headers?.get?.('cache-status') ?? headers?.['cache-status'] ?? null;
  }
  process.stdout.write(`${JSON.stringify({ id: job.id, text: result.pieces.join(''), ...result })}\n`);
}

globalThis.AI_SDK_LOG_WARNINGS = false;
process.on('unhandledRejection', (error) => console.error('unhandled', error));
process.stdout.write('{"ready": true}\n');
for await (const line of createInterface({ input: process.stdin })) one(JSON.parse(line));
