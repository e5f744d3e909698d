// ShareActor's own clients, unmodified, against our API: one JSON line in ({library, url, key, bearer, endpoint}), one out with what
// each call gave. Any call that fails where it should not ends with exit code 1.
'use strict';

const fs = require('node:fs');

const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
const hook = { endpoint: asked.endpoint, event_type: 'order.created' };
const status = (call) => call.then(() => 200, (error) => error.status);

async function kvass() {
  const Kvass = require('@kvass.ai/core-sdk');
  // It is a singleton, and joins endpoint and path as they are.
  const sdk = new Kvass({ apiKey: asked.key, bearerToken: asked.bearer, endpoint: `${asked.url}/` });
  const create = (body) => new Promise((resolve, reject) => {
    sdk.webhook().create({ body }, (error, made) => (error ? reject(error) : resolve(made)));
  });
  const out = {};
  const made = await create(hook);
  out.create = { ...made };
  out.id = made.id;
  out.get = await sdk.webhook(made.id).get({ json: true });
  out.ids = (await sdk.webhook().getAll({ urlParams: { size: 100, page: 0 } })).map((each) => each.id || each._id.$oid);
  out.update = await made.update({ body: { endpoint: `${asked.endpoint}/moved` }, json: true });
  out.wrong = await status(create({ event_type: 'order.created' }));
  out.del = await sdk.webhook(made.id).del({ json: true });
  out.gone = await status(sdk.webhook(made.id).refresh({}));
  const events = await sdk.event().getAll({ json: true });
  out.events = events.map((each) => each.kind);
  out.event = (await sdk.event(events[0]._id.$oid).get({ json: true })).kind;
  out.searched = (await sdk.event().search({ query: 'order', json: true })).map((each) => each.kind);
  sdk.refreshBearerToken('wrong');
  out.stranger = await status(sdk.webhook().getAll({}));
  return out;
}

async function builton() {
  const Builton = require('@builton/node-sdk');
  const sdk = new Builton({ apiKey: asked.key, bearerToken: asked.bearer, endpoint: asked.url });
  const out = {};
  const made = await sdk.webhooks.create(hook);
  out.create = Object.fromEntries(Object.entries(made).filter(([, value]) => typeof value !== 'function'));
  out.id = made.id;
  out.get = await sdk.webhooks.get(made.id, { json: true });
  const all = await sdk.webhooks.getAll({});
  out.total = Number(all.paginationTotal);
  out.ids = all.current.map((each) => each.id);
  await all.next();
  out.found = (await sdk.webhooks.search(made.id)).current.map((each) => each.id);
  out.update = await sdk.webhooks.update(made.id, { endpoint: `${asked.endpoint}/moved` }, { json: true });
  await made.refresh();
  out.wrong = await status(sdk.webhooks.create({ event_type: 'order.created' }));
  out.del = await sdk.webhooks.del(made.id, { json: true });
  out.gone = await status(sdk.webhooks.get(made.id));
  const events = (await sdk.events.getAll({})).current;
  out.events = events.map((each) => each.kind);
  out.event = (await sdk.events.get(events[0].id)).kind;
  out.searched = (await sdk.events.search('order')).current.map((each) => each.kind);
  sdk.refreshBearerToken('wrong');
  out.stranger = await status(sdk.webhooks.getAll({}));
  return out;
}

({ kvass, builton })[asked.library]().then((out) => console.log(JSON.stringify(out)), (error) => {
  console.error(error.stack, error.response && error.response.text);
  process.exit(1);
});
