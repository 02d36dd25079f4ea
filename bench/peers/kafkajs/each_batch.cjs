// kafkajs with a batch loop written by hand: check, chunk, send, resolve. No schema library.
'use strict';

const { Kafka, logLevel } = require('kafkajs');
const { Agent, request } = require('undici');

const CONCURRENT = 4; // partitions at once
const SESSION_MS = 10000; // the embedded broker lets a group wait half of it before it begins
const STATUSES = {
  initialized: 'INITIALIZED',
  in_progress: 'IN_PROGRESS',
  delivered: 'DELIVERED',
  cancelled: 'CANCELLED',
  abandoned: 'ABANDONED_SHOPPING_CART',
};
const CONTACT_FIELDS = ['firstName', 'lastName', 'languageCode', 'timeZone', 'town', 'postcode'];

const env = process.env;
const isText = (value) => typeof value === 'string' && value.length > 0;

function check(isRight, what) {
  if (!isRight) throw new Error(`${what} is missing or wrong`);
}

function orderItem(order) {
  check(isText(order.order_id), 'order_id');
  check(STATUSES[order.status] !== undefined, 'status');
  check(Number.isFinite(order.total), 'total');
  check(isText(order.date) && !Number.isNaN(Date.parse(order.date)), 'date');
  check(isText(order.user_id) || isText(order.email), 'user_id');
  return {
    externalOrderId: order.order_id,
    externalCustomerId: order.user_id,
    totalCost: order.total,
    status: STATUSES[order.status],
    date: order.date,
    currency: order.currency,
    email: order.email,
    firstName: order.first_name,
    lastName: order.last_name,
    items: order.items.map((line) => {
      check(isText(line.product_id) && Number.isInteger(line.quantity), 'items');
      return {
        externalItemId: line.product_id,
        name: line.name,
        quantity: line.quantity,
        cost: line.price,
        url: line.url,
      };
    }),
  };
}

function contactItem(contact) {
  check(isText(contact.user_id), 'user_id');
  const channels = [{ type: 'email', value: contact.email }];
  if (contact.phone) channels.push({ type: 'sms', value: contact.phone.replace('+', '') });
  return {
    externalCustomerId: contact.user_id,
    channels,
    firstName: contact.first_name,
    lastName: contact.last_name,
    languageCode: contact.language,
    timeZone: contact.time_zone,
    address: { town: contact.address.city, postcode: contact.address.postal_code },
  };
}

const ERRANDS = {
  orders: {
    path: '/v1/orders',
    size: 1000,
    item: orderItem,
    body: (items) => ({ orders: items }),
  },
  contacts: {
    path: '/v1/contacts',
    size: 3000,
    item: contactItem,
    body: (items) => ({
      contacts: items,
      dedupeOn: 'externalCustomerId',
      contactFields: CONTACT_FIELDS,
    }),
  },
};

const errand = ERRANDS[env.BENCH_WORK];
const dispatcher = new Agent({ connections: CONCURRENT });

async function send(items) {
  const { statusCode, body } = await request(env.BENCH_API + errand.path, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: JSON.stringify(errand.body(items)),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`the API answered ${statusCode}`);
}

async function eachBatch({ batch, resolveOffset, heartbeat, isRunning, isStale }) {
  const { messages } = batch;
  for (let from = 0; from < messages.length; from += errand.size) {
    if (!isRunning() || isStale()) return;
    const chunk = messages.slice(from, from + errand.size);
    await send(chunk.map((message) => errand.item(JSON.parse(message.value).data)));
    resolveOffset(chunk[chunk.length - 1].offset);
    await heartbeat();
  }
}

async function main() {
  const kafka = new Kafka({ brokers: [env.BENCH_BOOTSTRAP], logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: env.BENCH_GROUP, sessionTimeout: SESSION_MS });
  await consumer.connect();
  await consumer.subscribe({ topics: [env.BENCH_TOPIC], fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: CONCURRENT,
    eachBatch,
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
