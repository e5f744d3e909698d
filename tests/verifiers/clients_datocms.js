// DatoCMS's own clients against a management API: node clients_datocms.js new|old BASE TOKEN URL. Prints one JSON object of what
// each call gave. The old client (1.0.5) builds its routes from a schema that it fetches: that one fetch is answered here, the client
// is as it came.
'use strict';

const [which, base, token, url] = process.argv.slice(2);

const wanted = {
  name: 'From a client',
  url,
  headers: { 'X-Foo': 'Bar' },
  events: [{ entity_type: 'item', event_types: ['update', 'create'], filters: [{ entity_type: 'item_type', entity_ids: ['44'] }] }],
  http_basic_user: 'user',
  http_basic_password: 'password',
  custom_payload: null,
};

async function caught(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return error;
  }
}

// Until a call of that webhook is there.
async function firstCall(list) {
  for (let tries = 0; tries < 100; tries += 1) {
    const calls = await list();
    if (calls.length > 0 && calls[0].status !== 'pending') return calls;
    await new Promise((done) => setTimeout(done, 300));
  }
  throw new Error('no call came');
}

async function change(itemType) {
  const body = JSON.stringify({ data: { type: 'item', attributes: { title: 'x' }, relationships: { item_type: { data: { type: 'item_type', id: itemType } } } } });
  const reply = await fetch(`${base}/items`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return reply.status;
}

async function newClient() {
  const { buildClient, ApiError } = require('@datocms/cma-client-node');
  const client = buildClient({ apiToken: token, baseUrl: base, autoRetry: true });
  const created = await client.webhooks.create(wanted);
  const listed = await client.webhooks.list();
  const found = await client.webhooks.find(created.id);
  const updated = await client.webhooks.update(created.id, { name: 'Renamed', auto_retry: true });
  const twice = await caught(client.webhooks.create({ ...wanted, name: 'Renamed' }));
  await change('44');
  await change('45');
  const calls = await firstCall(() => client.webhookCalls.list({ filter: { fields: { webhook_id: { eq: created.id } } }, page: { limit: 5 }, order_by: 'created_at_desc' }));
  const raw = await client.webhookCalls.rawList({ filter: { ids: calls[0].id } });
  const iterated = [];
  for await (const call of client.webhookCalls.listPagedIterator()) iterated.push(call.id);
  const call = await client.webhookCalls.find(calls[0].id);
  const resent = await client.webhookCalls.resendWebhook(calls[0].id);
  const destroyed = await client.webhooks.destroy(created.id);
  const gone = await caught(client.webhooks.find(created.id));
  const busy = await Promise.all(Array.from({ length: 40 }, () => client.webhooks.list()));
  return {
    created, listed, found, updated, calls, raw, iterated, call, destroyed,
    resent: resent === undefined,
    twice: { api: twice instanceof ApiError, found: Boolean(twice.findError('INVALID_FIELD', { field: 'name', code: 'VALIDATION_UNIQUE' })) },
    gone: { api: gone instanceof ApiError, code: gone.errors[0].attributes.code, status: gone.response.status },
    busy: busy.length,
  };
}

// What the client asks of https://site-api.datocms.com/docs/site-api-hyperschema.json, as far as it is about webhooks.
const identity = '{(%2Fschemata%2Fwebhook%23%2Fdefinitions%2Fwebhook%2Fdefinitions%2Fidentity)}';
const webhookBody = (required) => ({
  type: 'object',
  properties: {
    data: {
      type: 'object',
      properties: {
        type: { type: 'string' },
        attributes: {
          type: 'object',
          required,
          properties: { name: {}, url: {}, headers: {}, events: {}, http_basic_user: {}, http_basic_password: {} },
        },
      },
    },
  },
});
const hyperschema = {
  properties: {
    webhook: {
      links: [
        { rel: 'instances', href: '/webhooks', method: 'GET' },
        { rel: 'self', href: `/webhooks/${identity}`, method: 'GET' },
        { rel: 'create', href: '/webhooks', method: 'POST', schema: webhookBody(['name', 'url', 'headers', 'events']) },
        { rel: 'update', href: `/webhooks/${identity}`, method: 'PUT', schema: webhookBody([]) },
        { rel: 'destroy', href: `/webhooks/${identity}`, method: 'DELETE' },
      ],
    },
  },
};

async function oldClient() {
  const name = require.resolve('isomorphic-fetch', { paths: [require.resolve('datocms-client')] });
  const real = require(name);
  require.cache[name].exports = (address, options) => (String(address).endsWith('-hyperschema.json')
    ? Promise.resolve({ status: 200, json: () => Promise.resolve(JSON.parse(JSON.stringify(hyperschema))) })
    : real(address, options));
  const { SiteClient } = require('datocms-client');
  const client = new SiteClient(token, {}, base);
  const events = [{ entityType: 'item_type', eventTypes: ['update', 'create'], filter: { entityType: 'item_type', entityIds: ['42', '43'] } }];
  const created = await client.webhooks.create({ name: 'From the old one', url, headers: { 'X-Foo': 'Bar' }, events, httpBasicUser: 'user', httpBasicPassword: 'password' });
  const all = await client.webhooks.all();
  const found = await client.webhooks.find(created.id);
  const updated = await client.webhooks.update(created.id, { ...found, name: 'Renamed' });
  const destroyed = await client.webhooks.destroy(created.id);
  const gone = await caught(client.webhooks.find(created.id));
  return { created, all, found, updated, destroyed, gone: gone.message };
}

(which === 'new' ? newClient() : oldClient()).then(
  (out) => console.log(JSON.stringify(out)),
  (error) => {
    console.error(error.stack || error);
    process.exit(1);
  },
);
