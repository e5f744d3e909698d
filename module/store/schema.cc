#include "store/schema.h"

namespace trot {

namespace {

// SPELL(prefix, column) in the views: the id as people see it (crypto/ids.h), 13 letters of 5 bits.
std::string spelled(std::string sql) {
    static const std::string mark = "SPELL(";
    for (size_t at = sql.find(mark); at != std::string::npos; at = sql.find(mark)) {
        const size_t comma = sql.find(", ", at);
        const size_t end = sql.find(')', at);
        const std::string prefix = sql.substr(at + mark.size(), comma - at - mark.size());
        const std::string column = sql.substr(comma + 2, end - comma - 2);
        std::string text = "'" + prefix + "'";
        for (int shift = 60; shift >= 0; shift -= 5)
            text += " || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((" + column + " >> " + std::to_string(shift) +
                    ") & 31) + 1, 1)";
        sql.replace(at, end + 1 - at, text);
    }
    return sql;
}

constexpr const char* tables_v1 = R"sql(
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
  number      INTEGER PRIMARY KEY,
  topic       TEXT NOT NULL,
  resource    TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  action      TEXT NOT NULL,
  hook        TEXT NOT NULL,
  at_ms       INTEGER NOT NULL,
  flags       INTEGER NOT NULL,
  method      TEXT NOT NULL,
  path        TEXT NOT NULL,
  status      INTEGER NOT NULL,
  capture     BLOB NOT NULL,
  item        INTEGER NOT NULL,
  payload     BLOB NOT NULL,
  previous    BLOB
);

CREATE TABLE deliveries (
  number       INTEGER PRIMARY KEY,
  event        INTEGER NOT NULL,
  subscription INTEGER NOT NULL,
  format       TEXT NOT NULL,
  state        INTEGER NOT NULL,
  due_ms       INTEGER NOT NULL,
  attempts     INTEGER NOT NULL,
  last_status  INTEGER NOT NULL,
  last_error   TEXT NOT NULL,
  finished_ms  INTEGER NOT NULL
);
CREATE INDEX deliveries_open ON deliveries (state, subscription, due_ms) WHERE state = 0 OR state = 2;
CREATE INDEX deliveries_event ON deliveries (event);

CREATE TABLE attempts (
  delivery    INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status      INTEGER NOT NULL,
  error       TEXT NOT NULL,
  answer      BLOB NOT NULL,
  PRIMARY KEY (delivery, number)
) WITHOUT ROWID;

CREATE TABLE subscriptions (
  number     INTEGER PRIMARY KEY,
  origin     TEXT NOT NULL,
  name       TEXT NOT NULL,
  url        TEXT NOT NULL,
  topics     TEXT NOT NULL,
  format     TEXT NOT NULL,
  state      INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  failures   INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  UNIQUE (origin, name)
);

CREATE TABLE jobs (
  number   INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  kind     INTEGER NOT NULL,
  at_ms    INTEGER NOT NULL,
  method   TEXT NOT NULL,
  path     TEXT NOT NULL,
  exchange BLOB NOT NULL
);
CREATE INDEX jobs_age ON jobs (at_ms);

CREATE TABLE snapshots (
  number INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  at_ms  INTEGER NOT NULL,
  state  BLOB NOT NULL
);

CREATE TABLE hydrations (
  event   INTEGER PRIMARY KEY,
  target  TEXT NOT NULL,
  pointer TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  due_ms  INTEGER NOT NULL
);

INSERT INTO meta (key, value) VALUES
  ('schema_version', 1),
  ('created_ms', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  ('cursor', 0),
  ('last_delivery', 0),
  ('events', 0),
  ('snapshot_bytes', 0),
  ('probe', 0);

CREATE VIEW v_events AS
  SELECT SPELL(evt_, number) AS id, number,
         strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at,
         topic, resource, resource_id, action, hook, method, path, status, flags, length(payload) AS bytes,
         CAST(payload AS TEXT) AS payload
  FROM events;

CREATE VIEW v_deliveries AS
  SELECT SPELL(dlv_, d.number) AS id, d.number, SPELL(evt_, d.event) AS event, s.name AS subscription, d.format,
         CASE d.state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' WHEN 3 THEN 'cancelled'
                      ELSE d.state END AS state,
         strftime('%Y-%m-%dT%H:%M:%fZ', d.due_ms / 1000.0, 'unixepoch') AS due,
         d.attempts, d.last_status, d.last_error,
         CASE d.finished_ms WHEN 0 THEN NULL
              ELSE strftime('%Y-%m-%dT%H:%M:%fZ', d.finished_ms / 1000.0, 'unixepoch') END AS finished
  FROM deliveries d LEFT JOIN subscriptions s ON s.number = d.subscription;
)sql";

// Columns that came later may hold NULL: rows that are carried over from a damaged older file have none.
constexpr const char* step_v2 = R"sql(
ALTER TABLE events ADD COLUMN context BLOB;
ALTER TABLE deliveries ADD COLUMN logged INTEGER;
ALTER TABLE attempts ADD COLUMN head BLOB;
ALTER TABLE subscriptions ADD COLUMN filter TEXT;
ALTER TABLE subscriptions ADD COLUMN since INTEGER;
ALTER TABLE subscriptions ADD COLUMN generation INTEGER;
CREATE INDEX deliveries_logged ON deliveries (subscription) WHERE logged = 1;
CREATE INDEX subscriptions_state ON subscriptions (origin, state);
CREATE INDEX subscriptions_origin ON subscriptions (origin);
CREATE INDEX subscriptions_generation ON subscriptions (generation) WHERE generation IS NOT NULL;

CREATE TABLE managed (
  number   INTEGER PRIMARY KEY,
  title    TEXT NOT NULL,
  document BLOB NOT NULL,
  settings BLOB NOT NULL
);

CREATE TABLE nonces (
  name     TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('generation', 0);
)sql";

constexpr const char* step_v3 = R"sql(
ALTER TABLE events ADD COLUMN origin BLOB;
ALTER TABLE deliveries ADD COLUMN lane TEXT;
ALTER TABLE deliveries ADD COLUMN sequence INTEGER;
ALTER TABLE deliveries ADD COLUMN first_event INTEGER;
ALTER TABLE deliveries ADD COLUMN opened_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN batch INTEGER;
ALTER TABLE deliveries ADD COLUMN shape INTEGER;
ALTER TABLE deliveries ADD COLUMN uncounted INTEGER;
ALTER TABLE deliveries ADD COLUMN deaths INTEGER;
ALTER TABLE deliveries ADD COLUMN task INTEGER;
ALTER TABLE subscriptions ADD COLUMN failing_ms INTEGER;
CREATE INDEX deliveries_gathering ON deliveries (subscription, due_ms) WHERE state = 4;
CREATE INDEX deliveries_lane ON deliveries (subscription, lane, number) WHERE lane IS NOT NULL AND finished_ms = 0;
CREATE INDEX deliveries_first ON deliveries (first_event) WHERE first_event > 0;
CREATE INDEX deliveries_batch ON deliveries (batch) WHERE batch > 0;

CREATE TABLE lanes (
  subscription INTEGER NOT NULL,
  lane         TEXT NOT NULL,
  sequence     INTEGER NOT NULL,
  at_ms        INTEGER NOT NULL,
  PRIMARY KEY (subscription, lane)
) WITHOUT ROWID;
CREATE INDEX lanes_age ON lanes (at_ms);

CREATE TABLE shapes (
  number INTEGER PRIMARY KEY,
  spec   TEXT NOT NULL UNIQUE
);

CREATE TABLE tasks (
  number       INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL,
  subscription INTEGER NOT NULL,
  filter       TEXT NOT NULL,
  at_event     INTEGER NOT NULL,
  until_event  INTEGER NOT NULL,
  made         INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL
);

DROP VIEW v_deliveries;
CREATE VIEW v_deliveries AS
  SELECT SPELL(dlv_, d.number) AS id, d.number, SPELL(evt_, d.event) AS event, s.name AS subscription, d.format,
         CASE d.state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' WHEN 3 THEN 'cancelled'
                      WHEN 4 THEN 'gathering' WHEN 5 THEN 'queued' ELSE d.state END AS state,
         strftime('%Y-%m-%dT%H:%M:%fZ', d.due_ms / 1000.0, 'unixepoch') AS due,
         d.attempts, d.last_status, d.last_error,
         CASE d.finished_ms WHEN 0 THEN NULL
              ELSE strftime('%Y-%m-%dT%H:%M:%fZ', d.finished_ms / 1000.0, 'unixepoch') END AS finished,
         d.lane, nullif(d.sequence, 0) AS sequence
  FROM deliveries d LEFT JOIN subscriptions s ON s.number = d.subscription;
)sql";

}  // namespace

const std::string& schema_v3() {
    static const std::string sql = spelled(step_v3);
    return sql;
}

const std::string& schema_v2() {
    static const std::string sql = step_v2;
    return sql;
}

const std::string& schema_v1() {
    static const std::string sql = spelled(tables_v1);
    return sql;
}

}  // namespace trot
