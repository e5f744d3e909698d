// What a receiver's own code says of a delivery. Reads JSON lines {library, secret, headers, body_base64, url} from standard input and
// answers each with a line {"ok":true} or {"ok":false,"why":"…"}.
'use strict';
const crypto = require('node:crypto');
const readline = require('node:readline');
const { Webhook } = require('standardwebhooks');
const { Webhook: SvixWebhook } = require('svix');

// Loaded when it is asked for: some of these take a second.
const stripe = () => require('stripe')('sk_test_nothing');
const messages = () => require('http-message-signatures').httpbis;

// A public key of the key set, or the public half of "whpk_…".
function publicKey({ jwk, secret }) {
  const x = Buffer.from((secret || '').replace('whpk_', ''), 'base64').toString('base64url');
  return crypto.createPublicKey({ key: jwk || { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

async function shopify({ secret, headers, body }) {
  require('@shopify/shopify-api/adapters/node');
  const { shopifyApi, ApiVersion, LogSeverity } = require('@shopify/shopify-api');
  const api = shopifyApi({
    apiKey: 'k', apiSecretKey: secret, hostName: 'app.example', isEmbeddedApp: false, scopes: [],
    apiVersion: Object.values(ApiVersion).pop(), logger: { level: LogSeverity.Error, log: () => {} },
  });
  const verdict = await api.webhooks.validate({ rawBody: body.toString(), rawRequest: { method: 'POST', url: '/', headers } });
  if (!verdict.valid) throw new Error(`${verdict.reason} ${verdict.missingHeaders || ''}`);
}

// The digest is the receiver's to check: the library checks the signature over its header.
async function httpMessageSignature({ secret, headers, body, url, jwk }) {
  const digest = `sha-256=:${crypto.createHash('sha256').update(body).digest('base64')}:`;
  if (headers['content-digest'] !== digest) throw new Error('the digest does not fit');
  const shared = (secret || '').startsWith('whsec_');
  const key = shared
    ? { algs: ['hmac-sha256'], verify: async (data, signature) =>
        crypto.createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(data).digest().equals(signature) }
    : { algs: ['ed25519'], verify: async (data, signature) => crypto.verify(null, data, publicKey({ jwk, secret }), signature) };
  const good = await messages().verifyMessage({ keyLookup: async ({ alg }) => (key.algs.includes(alg) ? key : null) }, { method: 'POST', url, headers });
  if (good !== true) throw new Error('no matching signature');
}

const libraries = {
  standardwebhooks: ({ secret, headers, body }) => new Webhook(secret).verify(body, headers),
  svix: ({ secret, headers, body }) => new SvixWebhook(secret).verify(body, headers),
  // Standard Webhooks' own library knows no v1a: node's crypto by its specification.
  v1a: ({ secret, headers, body, jwk }) => {
    const text = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
    const signatures = headers['webhook-signature'].split(' ').filter((one) => one.startsWith('v1a,'));
    const key = publicKey({ jwk, secret });
    if (!signatures.some((one) => crypto.verify(null, text, key, Buffer.from(one.slice(4), 'base64')))) throw new Error('no matching signature');
  },
  stripe: ({ secret, headers, body }) => stripe().webhooks.constructEvent(body, headers['stripe-signature'], secret),
  github: async ({ secret, headers, body }) => {
    const { verify } = await import('@octokit/webhooks-methods');
    if (!(await verify(secret, body.toString(), headers['x-hub-signature-256']))) throw new Error('no matching signature');
  },
  shopify,
  // No signature: what it reads must be an event (or several) that is valid by its own schema.
  cloudevents: ({ headers, body }) => {
    const read = require('cloudevents').HTTP.toEvent({ headers, body: body.toString() });
    const events = Array.isArray(read) ? read : [read];
    if (!events.length) throw new Error('no event');
    for (const event of events) if (!event.validate()) throw new Error('no valid event');
  },
  'http-message-signatures': httpMessageSignature,
  // WooCommerce's documentation: base64 of HMAC-SHA256 over the raw body.
  woocommerce: ({ secret, headers, body }) => {
    const given = Buffer.from(headers['x-wc-webhook-signature'] || '', 'base64');
    const wanted = crypto.createHmac('sha256', secret).update(body).digest();
    if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) throw new Error('no matching signature');
  },
  // ShareActor's example of a receiver: hexdigest of HMAC-SHA256 over the raw body.
  shareactor: ({ secret, headers, body }) => {
    const wanted = crypto.createHmac('sha256', secret).update(body).digest('hex');
    if (headers['x-share-webhook-signature'] !== wanted) throw new Error('no matching signature');
  },
};

async function answer(line) {
  const { library, headers, body_base64, ...more } = JSON.parse(line);
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  try {
    await libraries[library]({ ...more, headers: lower, body: Buffer.from(body_base64, 'base64') });
    return { ok: true };
  } catch (error) {
    return { ok: false, why: error.message };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) console.log(JSON.stringify(await answer(line)));
})();
