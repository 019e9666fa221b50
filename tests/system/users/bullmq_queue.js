// bullmq: jobs through a queue and a worker, with progress, a retry, a delay, priorities and a parent with children.
'use strict';
const assert = require('assert');
const {FlowProducer, Queue, QueueEvents, Worker} = require('bullmq');

const url = new URL(process.env.URL);
const connection = {host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null};

async function work(job) {
  if (job.name === 'add') {
    await job.updateProgress(50);
    return job.data.a + job.data.b;
  }
  if (job.name === 'second time' && job.attemptsMade === 0) throw new Error('as it should');
  if (job.name === 'total') {
    return Object.values(await job.getChildrenValues()).reduce((sum, each) => sum + each, 0);
  }
  return job.attemptsMade;
}

(async () => {
  const queue = new Queue('work', {connection});
  const events = new QueueEvents('work', {connection});
  await events.waitUntilReady();
  const progress = new Promise((resolve) => events.once('progress', resolve));
  const worker = new Worker('work', work, {connection});

  const began = Date.now();
  const later = await queue.add('add', {a: 1, b: 1}, {delay: 1000});
  const first = await queue.add('add', {a: 2, b: 3});
  assert.strictEqual(await first.waitUntilFinished(events, 10000), 5);
  assert.deepStrictEqual((await progress).data, 50);

  const again = await queue.add('second time', {}, {attempts: 2, backoff: {type: 'fixed', delay: 50}});
  assert.strictEqual(await again.waitUntilFinished(events, 10000), 1);

  const many = await queue.addBulk([...Array(20).keys()].map((n) => (
    {name: 'add', data: {a: n, b: n}, opts: {priority: 1 + n % 3}})));
  const sums = await Promise.all(many.map((job) => job.waitUntilFinished(events, 10000)));
  assert.deepStrictEqual(sums, [...Array(20).keys()].map((n) => 2 * n));

  const flow = new FlowProducer({connection});
  const tree = await flow.add({name: 'total', queueName: 'work', children: [
    {name: 'add', queueName: 'work', data: {a: 1, b: 2}},
    {name: 'add', queueName: 'work', data: {a: 3, b: 4}},
  ]});
  assert.strictEqual(await tree.job.waitUntilFinished(events, 10000), 10);

  assert.strictEqual(await later.waitUntilFinished(events, 10000), 2);
  assert(Date.now() - began >= 1000);
  const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'delayed', 'active');
  assert.deepStrictEqual(counts, {completed: 26, failed: 0, waiting: 0, delayed: 0, active: 0});
  await queue.obliterate({force: true});

  for (const each of [worker, events, queue, flow]) await each.close();
  console.log('all well');
})().catch((problem) => { console.error(problem); process.exit(1); });
