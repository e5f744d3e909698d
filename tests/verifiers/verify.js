// What a receiver's own code says of a delivery. Reads JSON lines {library, secret, headers, body_base64} from standard input and
// answers each with a line {"ok":true} or {"ok":false,"why":"…"}.
'use strict';
const crypto = require('node:crypto');
const readline = require('node:readline');
const { Webhook } = require('standardwebhooks');
const { Webhook: SvixWebhook } = require('svix');

const libraries = {
  standardwebhooks: ({ secret, headers, body }) => new Webhook(secret).verify(body, headers),
  svix: ({ secret, headers, body }) => new SvixWebhook(secret).verify(body, headers),
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

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { library, secret, headers, body_base64 } = JSON.parse(line);
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  try {
    libraries[library]({ secret, headers: lower, body: Buffer.from(body_base64, 'base64') });
    console.log(JSON.stringify({ ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ ok: false, why: error.message }));
  }
});
