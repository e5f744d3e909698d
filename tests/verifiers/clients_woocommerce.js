// WooCommerce's own clients from npm, as their users drive them, against the management API of a running Trotline.
// Reads one JSON object {client, url, key, secret, version, hook} from standard input and answers with one JSON line: the
// steps' results in their order.
'use strict';
const { default: WooCommerceRestApi } = require('@woocommerce/woocommerce-rest-api');
const WooCommerceAPI = require('woocommerce-api');

const { client, url, key, secret, version, hook } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const credentials = { url, consumerKey: key, consumerSecret: secret };

// Each gives {status, data, headers} for a call, whatever the status.
const clients = {
  rest: () => {
    const api = new WooCommerceRestApi({ ...credentials, version: `wc/${version}` });
    return wrapped(api);
  },
  'rest-legacy': () => wrapped(new WooCommerceRestApi({ ...credentials, wpAPIPrefix: 'wc-api', version })),
  api: () => old(new WooCommerceAPI({ ...credentials, version })),
  'api-wp': () => old(new WooCommerceAPI({ ...credentials, wpAPI: true, version: `wc/${version}` })),
};

function wrapped(api) {
  const plain = (reply) => ({ status: reply.status, data: reply.data, headers: reply.headers });
  const call = (method) => (...args) =>
    api[method](...args).then(plain, (error) => {
      if (!error.response) throw error;
      return plain(error.response);
    });
  return { get: call('get'), post: call('post'), put: call('put'), delete: call('delete'), options: call('options') };
}

function old(api) {
  const plain = (reply) => ({ status: reply.statusCode, data: JSON.parse(reply.body || 'null'), headers: reply.headers });
  const query = (path, params = {}) =>
    path + (Object.keys(params).length ? '?' + Object.entries(params).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&') : '');
  return {
    get: (path, params) => api.getAsync(query(path, params)).then(plain),
    post: (path, data) => api.postAsync(path, data).then(plain),
    put: (path, data) => api.putAsync(path, data).then(plain),
    delete: (path, params) => api.deleteAsync(query(path, params)).then(plain),
    options: (path) => api.optionsAsync(path).then(plain),
  };
}

async function legacy(api) {
  const webhook = { name: 'An add to cart webhook', topic: 'action.woocommerce_add_to_cart', delivery_url: hook, secret: 'my-super-secret-private-key' };
  const create = await api.post('webhooks', { webhook });
  const id = create.data.webhook.id;
  return {
    create,
    second: await api.post('webhooks', { webhook: { topic: 'order.created', delivery_url: hook } }),
    get: await api.get(`webhooks/${id}`),
    list: await api.get('webhooks', { 'filter[limit]': 1, page: 2, status: 'active' }),
    count: await api.get('webhooks/count'),
    update: await api.put(`webhooks/${id}`, { webhook: { status: 'paused' } }),
    singular: await api.put(`webhook/${id}`, { webhook: { status: 'active' } }),
    deliveries: await api.get(`webhooks/${id}/deliveries`),
    refused: await api.post('webhooks', { webhook: { topic: 'bogus.thing', delivery_url: hook } }),
    delete: await api.delete(`webhooks/${id}`),
    gone: await api.get(`webhooks/${id}`),
  };
}

async function rest(api) {
  const webhook = { name: 'Order updated', topic: 'order.updated', delivery_url: hook };
  const create = await api.post('webhooks', webhook);
  const id = create.data.id;
  return {
    create,
    second: await api.post('webhooks', { topic: 'order.created', delivery_url: hook }),
    get: await api.get(`webhooks/${id}`),
    list: await api.get('webhooks', { per_page: 1, page: 2, order: 'asc' }),
    update: await api.put(`webhooks/${id}`, { status: 'paused' }),
    deliveries: await api.get(`webhooks/${id}/deliveries`),
    batch: await api.post('webhooks/batch', { create: [webhook, webhook], update: [{ id, status: 'active' }], delete: [id + 1] }),
    refused: await api.post('webhooks', { topic: 'bogus.thing', delivery_url: hook }),
    trash: await api.delete(`webhooks/${id}`),
    delete: await api.delete(`webhooks/${id}`, { force: true }),
    gone: await api.get(`webhooks/${id}`),
    options: await api.options('webhooks'),
  };
}

(client === 'rest' || client === 'api-wp' ? rest : legacy)(clients[client]()).then(
  (steps) => console.log(JSON.stringify(steps)),
  (error) => {
    console.error(error);
    process.exit(1);
  });
