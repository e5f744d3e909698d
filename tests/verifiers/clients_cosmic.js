// Cosmic's own client, cosmicjs 3.4.4, unmodified: it asks COSMIC_API_URL. Reads one JSON line {config, calls: [[method, params], …]} from
// standard input and prints what each call resolved to, a line each; {"rejected":"…"} for one that threw.
'use strict';
const Cosmic = require('cosmicjs');

const { config, calls } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const bucket = Cosmic(config).bucket(config);

(async () => {
  for (const [method, params] of calls) {
    try {
      console.log(JSON.stringify((await bucket[method](params)) ?? null));
    } catch (error) {
      console.log(JSON.stringify({ rejected: error.message }));
    }
  }
})();
