// ioredis: a command of Lua, by its hash and by its text; pipelines, transactions, messages, a scan, and waiting.
'use strict';
const assert = require('assert');
const Redis = require('ioredis');

(async () => {
  const client = new Redis(process.env.URL);
  const other = new Redis(process.env.URL);

  client.defineCommand('raise', {
    numberOfKeys: 1,
    lua: "local now = redis.call('INCRBY', KEYS[1], ARGV[1]) return {KEYS[1], now, redis.status_reply('FINE')}",
  });
  assert.deepStrictEqual(await client.raise('n', 5), ['n', 5, 'FINE']);
  await other.script('FLUSH');
  assert.deepStrictEqual(await client.raise('n', 2), ['n', 7, 'FINE']);
  assert.deepStrictEqual(await client.pipeline().raise('n', 1).get('n').exec(), [[null, ['n', 8, 'FINE']], [null, '8']]);
  // A server that has forgotten the script is given its text, in the middle of a pipeline too.
  await other.script('FLUSH');
  assert.deepStrictEqual(await client.pipeline().get('n').raise('n', 1).exec(), [[null, '8'], [null, ['n', 9, 'FINE']]]);
  assert.deepStrictEqual((await client.raiseBuffer('n', 1))[0], Buffer.from('n'));

  const results = await client.pipeline().set('k', 'v').lpush('k', 1).get('k').exec();
  assert.strictEqual(results[0][1], 'OK');
  assert(results[1][0].message.startsWith('WRONGTYPE'), results[1][0]);
  assert.strictEqual(results[2][1], 'v');

  await client.watch('k');
  await other.set('k', 'changed');
  assert.strictEqual(await client.multi().set('k', 'mine').exec(), null);
  assert.deepStrictEqual(await client.multi().set('k', 'mine').get('k').exec(), [[null, 'OK'], [null, 'mine']]);

  const subscriber = new Redis(process.env.URL);
  const messages = [];
  subscriber.on('message', (channel, text) => messages.push([channel, text]));
  const last = new Promise((resolve) => subscriber.on('pmessage', (...words) => resolve(words)));
  assert.strictEqual(await subscriber.subscribe('news', 'weather'), 2);
  await subscriber.psubscribe('n*');
  assert.strictEqual(await client.publish('weather', 'rain'), 1);
  assert.strictEqual(await client.publish('news', 'hello'), 2);
  assert.deepStrictEqual(await last, ['n*', 'news', 'hello']);
  assert.deepStrictEqual(messages, [['weather', 'rain'], ['news', 'hello']]);
  await subscriber.unsubscribe('news', 'weather');
  await subscriber.punsubscribe('n*');

  await client.mset(Object.fromEntries([...Array(500).keys()].map((n) => ['scan:' + n, n])));
  const found = new Set();
  for await (const keys of client.scanStream({match: 'scan:*', count: 50})) keys.forEach((key) => found.add(key));
  assert.strictEqual(found.size, 500);

  const waiting = subscriber.blpop('list', 10);
  await client.rpush('list', 'x');
  assert.deepStrictEqual(await waiting, ['list', 'x']);
  await client.xadd('stream', '*', 'field', 'value');
  const [[name, [[, fields]]]] = await client.xread('COUNT', 1, 'STREAMS', 'stream', '0');
  assert.deepStrictEqual([name, fields], ['stream', ['field', 'value']]);

  for (const each of [client, other, subscriber]) await each.quit();
  console.log('all well');
})().catch((problem) => { console.error(problem); process.exit(1); });
