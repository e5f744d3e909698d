/* trotline.h: the door of Trotline, the one public header. What is not in it is not API.
 *
 * Trotline records the changes that pass through an HTTP server and delivers them as signed webhooks. A host (a server
 * that loads the library) needs seven calls for one exchange: judge, open, request, response, body, commit, reap.
 *
 * Conventions
 *  1. C11, pure C. Every function is noexcept: an exception or a failed allocation inside becomes a code.
 *  2. Objects are opaque. Inputs (trot_text, trot_field arrays, structs) are borrowed for the call; the library copies
 * what it keeps. Nothing malloc'd crosses: texts go into caller memory, answers are trot_reply objects freed by
 * trot_reply_drop().
 *  3. Every struct begins with `size`, set by the caller to its sizeof. Fields are only appended; a library reads at
 * most the size it knows, and bytes beyond that must be zero.
 *  4. A function that can fail returns TROT_OK (0) or a positive TROT_E… code. Codes are permanent. With a trot_fault
 * the text says what is wrong, where, and what would be right; fault may be NULL.
 *  5. Thread tags: [master] starts no thread, writes no file, safe before fork and as root. [loop] the engine's host
 * thread; never blocks. [any] any thread; never blocks unless also [blocks]. [blocks] may wait for disk or threads: not
 * on a loop.
 *  6. The only signal from the library is one readable descriptor (trot_engine_fd). It never calls the host.
 *  7. Completion law: each `user` pointer given to a successful trot_capture_commit or trot_manage_submit comes back
 * exactly once through trot_engine_reap, also after trot_engine_stop. The host frees its token then, never earlier.
 *  8. NULL objects: *_drop and *_abandon ignore NULL; every other function answers TROT_EUSAGE (or 0) for a NULL it
 * needs.
 *
 * Host duties: one engine a process, started after fork; the fd in the loop, level-triggered; an own deadline timer for
 * each held exchange (trot_verdict.hold_ms); detach a token instead of freeing it when a request dies;
 * trot_engine_quiesce at graceful stop and trot_engine_stop (at most 2,500 ms inside nginx: a worker is killed 3.16 s
 * after TERM, measured) at exit; drain the log.
 *
 * Version: SONAME is the major number. LEDGER.md beside the implementation has one dated line for each change.
 */
#ifndef TROTLINE_TROTLINE_H
#define TROTLINE_TROTLINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#pragma GCC visibility push(default) /* the library is compiled with everything else hidden */
#endif

#ifdef __cplusplus
#define TROT_NOEXCEPT noexcept
extern "C" {
#else
#define TROT_NOEXCEPT
#endif

#define TROT_ABI_MAJOR 1u
#define TROT_ABI_MINOR 2u
#define TROT_ABI ((TROT_ABI_MAJOR << 16) | TROT_ABI_MINOR)

typedef struct trot_plan trot_plan;       /* a validated configuration; immutable; counted */
typedef struct trot_engine trot_engine;   /* store, threads, queue of one process */
typedef struct trot_capture trot_capture; /* one exchange being gathered; the host's until committed or abandoned */
typedef struct trot_reply trot_reply;     /* an answer of the library: status, headers, body */

typedef struct {
    const char* at; /* NULL only when len is 0; not NUL-terminated */
    size_t len;
} trot_text;

typedef struct {
    trot_text name, value;
} trot_field;

typedef struct {
    uint32_t size;
    int32_t code;
    char text[4096]; /* NUL-terminated; a longer list of mistakes is cut at a line with the number left out */
} trot_fault;

enum {
    TROT_OK = 0,
    TROT_EABI = 1,    /* header and library do not fit */
    TROT_ECONFIG = 2, /* the configuration is wrong: text has one mistake a line, file:line:column: … */
    TROT_ESTORE =
        3, /* the store failed; of a completion: the change is in neither store nor spill file (counted, alarmed) */
    TROT_EFULL = 4,      /* the byte budget is used up */
    TROT_ESTOPPED = 5,   /* the engine stops or has stopped */
    TROT_ELATE = 6,      /* a deadline passed */
    TROT_ENOMEM = 7,     /* an allocation failed */
    TROT_EINTERNAL = 8,  /* a bug of ours; the log has more */
    TROT_EUSAGE = 9,     /* an argument is impossible */
    TROT_EREFUSED = 10,  /* guard or signature: no */
    TROT_ENOTFOUND = 11, /* no such thing */
    TROT_ENETWORK = 12,
    TROT_EDAMAGED = 13
};

/* What to do with an exchange. */
enum {
    TROT_IGNORE = 0,  /* no hook can match: do nothing more */
    TROT_CAPTURE = 1, /* gather it; the answer need not wait (guarantee "async") */
    TROT_HOLD = 2,    /* gather it; hold the answer's header and body until the commit is reaped or hold_ms passed */
    TROT_REJECT = 3   /* only from trot_capture_open: the store is sick and on_fault is "reject": answer 503 with
                         Retry-After, do not   touch the upstream */
};

/* What a commit knows of the exchange (bits). */
enum {
    TROT_PART_REQUEST = 1,  /* the request body is complete */
    TROT_PART_RESPONSE = 2, /* the answer's body is complete */
    TROT_ENDED_EARLY = 4    /* the answer's body broke off, or the client went before it came: the event is marked */
};

/* Log levels of trot_log_drain. */
enum { TROT_LOG_DEBUG = 0, TROT_LOG_INFO, TROT_LOG_NOTICE, TROT_LOG_WARNING, TROT_LOG_ERROR, TROT_LOG_ALARM };

typedef struct {
    uint32_t size;
    trot_text method;         /* as sent; case counts */
    trot_text target;         /* as it is sent to the upstream: origin or absolute form, not decoded */
    trot_text host;           /* Host field or :authority */
    trot_text zone;           /* a name of the host's for this place (nginx location); may be empty */
    const trot_field* fields; /* request headers as sent */
    size_t nfields;
    uint32_t secure; /* 1: it came over TLS; only management asks for it */
} trot_request;

typedef struct {
    uint32_t size;
    uint32_t status; /* 100 to 999 */
    const trot_field* fields;
    size_t nfields;
} trot_response;

typedef struct {
    uint32_t size;
    uint32_t action;      /* TROT_IGNORE, TROT_CAPTURE, TROT_HOLD, TROT_REJECT */
    uint32_t on_fault;    /* 0 open, 1 reject */
    uint32_t hold_ms;     /* the longest to hold; then let the answer go (an upstream's 2xx never becomes an error) */
    uint64_t request_cap; /* bytes of each body that are worth passing on; more is cut and marked */
    uint64_t response_cap;
} trot_verdict;

typedef struct {
    uint32_t size;
    uint32_t abi;        /* TROT_ABI of the header the host was compiled with */
    uint32_t dispatch;   /* 1: this process may deliver (one leader a store); 0: record only */
    uint32_t reserved;   /* 0 */
    trot_text host_name; /* for status and logs: "standalone", "nginx" */
} trot_options;

typedef struct {
    uint32_t size;
    int32_t
        code; /* TROT_OK: durable. TROT_ESTORE: lost, in neither store nor spill file, also when the engine stopped */
    void* user;
    trot_reply* reply; /* of trot_manage_submit, else NULL; the host's to drop */
    uint32_t spilled;  /* 1: durable in the spill file, events come when the store has healed */
    uint32_t events;   /* how many events the exchange made; 0 when no hook said yes */
    char ids[96];      /* their ids, comma separated, cut after the third; NUL-terminated */
    char topics[128];  /* their topics likewise */
} trot_done;

/* ---- version ---- */

/* The library's TROT_ABI. [any] */
uint32_t trot_abi(void) TROT_NOEXCEPT;
/* "0.1.0"; static. [any] */
const char* trot_version(void) TROT_NOEXCEPT;

/* ---- plan ---- */

/* Loads and validates a file and all that it includes. *out gets a plan with one count. Errors: TROT_ECONFIG with every
 * mistake in fault->text (a file that cannot be read is one), TROT_ENOMEM. Has no side effect. [master] reads files */
int trot_plan_load(const char* path, trot_plan** out, trot_fault* fault) TROT_NOEXCEPT;
/* The same for a text; name stands for the file in messages. [master] */
int trot_plan_parse(trot_text toml, const char* name, trot_plan** out, trot_fault* fault) TROT_NOEXCEPT;
/* All mistakes of the last failed load of this thread, whole, whatever their length; NULL when there is none. Valid
 * until this thread's next load. [any] */
const char* trot_plan_mistakes(void) TROT_NOEXCEPT;
/* One count more, and one less. [any] */
void trot_plan_keep(trot_plan* plan) TROT_NOEXCEPT;
void trot_plan_drop(trot_plan* plan) TROT_NOEXCEPT;
/* The nth warning ("file:line:column: …") or an empty text after the last; the plan's memory. [any] */
trot_text trot_plan_warning(const trot_plan* plan, size_t nth) TROT_NOEXCEPT;
/* The nth value of a setting by dotted key ("standalone.listen"), defaults included; 1 when there is one, 0 when not.
 * Numbers are decimal (bytes, milliseconds), booleans "true"/"false". *out is the plan's memory. [any] */
int trot_plan_setting(const trot_plan* plan, const char* key, size_t nth, trot_text* out) TROT_NOEXCEPT;
/* Could a hook want this exchange? Pure, about a microsecond, no lock, no allocation; a request that cannot be read is
 * ignored. Only method, target and the fields X-HTTP-Method-Override count. [any] */
int trot_plan_judge(const trot_plan* plan, const trot_request* request, trot_verdict* verdict) TROT_NOEXCEPT;
/* Dry run of one exchange against every hook: *out is JSON,
 * {"method","url","status","events":[{"topic","resource","action","resource_id",
 * "payload","previous","context","hydrate"}],"hooks":[{"hook","matched","why","source"}]}; previous only where the
 * resource's state before is known, context only of hooks that take something along, hydrate (what the upstream would
 * be asked for the payload) only of events that are hydrated, source only of hooks that name one. response may be NULL:
 * then only the request side is explained. The calls for one plan are a sequence, as if its exchanges had gone by in
 * this order: what one leaves for later ones (a job that waits for its result, the state of a resource), the next find.
 * [any][blocks] */
int trot_plan_explain(const trot_plan* plan, const trot_request* request, trot_text request_body,
                      const trot_response* response, trot_text response_body, trot_reply** out,
                      trot_fault* fault) TROT_NOEXCEPT;

/* ---- engine ---- */

/* Opens the store, starts the threads. The plan is kept (counted). A store that cannot be opened does not fail the
 * start: the proxy must run; captures spill or follow on_fault, and the log has an alarm. Errors: TROT_EABI,
 * TROT_EUSAGE (also for a second engine before the first was dropped), TROT_ENOMEM, TROT_EINTERNAL. After fork.
 * The threads have a file table of their own where the system allows it: the host's descriptors are its own alone.
 * [blocks] */
int trot_engine_start(trot_plan* plan, const trot_options* options, trot_engine** out, trot_fault* fault) TROT_NOEXCEPT;
/* Readable when trot_engine_reap or trot_log_drain has something. The engine's; do not close. -1 for NULL. [loop] */
int trot_engine_fd(const trot_engine* engine) TROT_NOEXCEPT;
/* Fills at most max completions (into[0].size must be set; it holds for all) and returns how many. Call until it
 * returns less than max. Also valid after trot_engine_stop. [loop] */
size_t trot_engine_reap(trot_engine* engine, trot_done* into, size_t max) TROT_NOEXCEPT;
/* Takes a new plan for dispatching and for captures opened from now on with a verdict of it. Store path and sync do not
 * change while running (a warning says so). [loop] */
int trot_engine_swap(trot_engine* engine, trot_plan* plan, trot_fault* fault) TROT_NOEXCEPT;
/* Gives up leading the dispatch soon and starts no new attempt; commits go on. [loop] */
void trot_engine_quiesce(trot_engine* engine) TROT_NOEXCEPT;
/* Writes what waits, at most drain_ms, joins the threads; what could not be written completes with TROT_ESTORE. Later
 * calls but reap, log_drain, status and drop answer TROT_ESTOPPED. [blocks] */
int trot_engine_stop(trot_engine* engine, uint32_t drain_ms) TROT_NOEXCEPT;
/* Frees it; stops first when the host did not. Completions not reaped are gone with it. [blocks] */
void trot_engine_drop(trot_engine* engine) TROT_NOEXCEPT;
/* JSON of health and counters, or the metrics in Prometheus text format. [any] */
int trot_engine_status(trot_engine* engine, trot_reply** out) TROT_NOEXCEPT;
int trot_engine_metrics(trot_engine* engine, trot_reply** out) TROT_NOEXCEPT;
/* The oldest log line into room bytes (NUL-terminated, cut when longer) and its level; returns its length, 0 when there
 * is none. [loop] */
size_t trot_log_drain(trot_engine* engine, char* into, size_t room, int* level) TROT_NOEXCEPT;

/* ---- capture ---- */

/* Opens a capture for a request that trot_plan_judge of the same plan did not ignore. The verdict is updated: action
 * TROT_REJECT (and no capture) when on_fault says reject and the store is sick or the budget used up; TROT_IGNORE (no
 * capture, counted) when it says open and nothing can be taken. Errors: TROT_ESTOPPED, TROT_ENOMEM. [loop] */
int trot_capture_open(trot_engine* engine, const trot_plan* plan, const trot_request* request, trot_verdict* verdict,
                      trot_capture** out) TROT_NOEXCEPT;
/* Appends bytes of the request body; what goes over the cap is dropped and marked. [loop] */
int trot_capture_request(trot_capture* capture, trot_text more) TROT_NOEXCEPT;
/* The answer's head, once. revised->action becomes TROT_IGNORE when its status makes every hook impossible (then
 * abandon it). [loop] */
int trot_capture_response(trot_capture* capture, const trot_response* response, trot_verdict* revised) TROT_NOEXCEPT;
/* Appends bytes of the answer's body, as the upstream sent them (content codings are undone later). [loop] */
int trot_capture_body(trot_capture* capture, trot_text more) TROT_NOEXCEPT;
/* Hands the exchange to the recorder and consumes the capture, also on error. On TROT_OK `user` comes back through
 * reap; NULL asks for no completion. Errors (user is not kept): TROT_EFULL, TROT_ESTOPPED, TROT_EUSAGE (no response was
 * given), TROT_ENOMEM. [loop] */
int trot_capture_commit(trot_capture* capture, uint32_t parts, void* user) TROT_NOEXCEPT;
/* Commit for threaded hosts: waits until it is durable, at most ms; TROT_ELATE then (it still goes on). Consumes.
 * [any][blocks] */
int trot_capture_wait(trot_capture* capture, uint32_t parts, uint32_t ms) TROT_NOEXCEPT;
/* Forgets it: the exchange made no change. [loop] */
void trot_capture_abandon(trot_capture* capture) TROT_NOEXCEPT;

/* ---- management ---- */

/* Is the request for a management API of the plan's ([[api]]), or for the published key set ([key_set])? 1 when it is:
 * a host that proxies whole sites answers it by trot_manage_submit instead of asking the upstream. Only target and host
 * count. Pure, no lock. [any] */
int trot_plan_manages(const trot_plan* plan, const trot_request* request) TROT_NOEXCEPT;
/* A management request: of an [[api]] or the key set where trot_plan_manages says so, else of the admin API (GET
 * /status, GET /metrics, …). The reply comes by reap with `user`. body is copied. [loop] */
int trot_manage_submit(trot_engine* engine, const trot_request* request, trot_text body, void* user) TROT_NOEXCEPT;
/* Points head (may be NULL) and body (may be NULL) into the reply. [any] */
void trot_reply_read(const trot_reply* reply, trot_response* head, trot_text* body) TROT_NOEXCEPT;
void trot_reply_drop(trot_reply* reply) TROT_NOEXCEPT;

/* ---- tools: what the command line shows, for every host ---- */

/* What the guard says of a URL or address under the plan's [egress] (NULL: defaults). TROT_OK allowed, TROT_EREFUSED
 * blocked; why gets the reason. Resolves names. [any][blocks] */
int trot_guard(const trot_plan* plan, trot_text value, trot_fault* why) TROT_NOEXCEPT;
/* What the plan's subscriptions meet on the network: name, guard, connection, TLS (chain, name, pins, days left) of
 * each url and token_url, of the active ones that APIs made (from the store, by endpoint), and of [hydrate] upstream;
 * nothing is sent. *out: one JSON object a line {"at","subscription","of","key":"url"|"token_url"|"upstream"|"store",
 * "url","works","says"}, with "right" (what would be) or "warning". "subscription" is missing where it is about none;
 * "of" says whose it is, for people; "store": the store cannot be read, "says" says why.
 * TROT_OK: all work; TROT_EREFUSED: some cannot, *out says which. [any][blocks] */
int trot_plan_probe(const trot_plan* plan, trot_reply** out, trot_fault* fault) TROT_NOEXCEPT;
/* The headers that a delivery of that format would carry ("Name: value" a line in *out). format: a name, or one with
 * options as deliveries spell them ("woocommerce?version=6.5.1", values percent-encoded, lists with commas). id: the
 * delivery's id; unix_s: 0 is now. Errors: TROT_ENOTFOUND no such format, TROT_EUSAGE the secret does not fit it. [any]
 */
int trot_sign(const char* format, trot_text secret, trot_text id, trot_text topic, int64_t unix_s, trot_text body,
              trot_reply** out, trot_fault* fault) TROT_NOEXCEPT;
/* Do the headers prove the body? unix_s: the time to judge timestamps by, 0 is now. Fields named "@method" and
 * "@target-uri" are no headers: they say what was asked, for formats that sign that too (http-signature). format: with
 * options as trot_sign has them. TROT_OK, TROT_EREFUSED with the reason. [any] */
int trot_verify(const char* format, trot_text secret, const trot_field* fields, size_t nfields, trot_text body,
                int64_t unix_s, trot_fault* fault) TROT_NOEXCEPT;
/* The public halves of the keys that sign the deliveries of the plan's own subscriptions at that time (0 is now), as a
 * JSON Web Key Set: what [key_set] serves. [any] */
int trot_plan_keys(const trot_plan* plan, int64_t unix_s, trot_reply** out) TROT_NOEXCEPT;
/* Reads a store, also beside a running host. what: "events", "event", "deliveries", "attempts", "subscriptions",
 * "tasks", "status". filter: JSON object
 * {"topic","subscription","state","since","until","after","event","delivery","limit","oldest_first"}, or empty. *out:
 * one JSON object a line. Errors: TROT_ENOTFOUND no store there, TROT_ESTORE, TROT_EUSAGE. [any][blocks] */
int trot_query(const char* store_dir, const char* what, trot_text filter, trot_reply** out,
               trot_fault* fault) TROT_NOEXCEPT;
/* What an operator asks for, written into the store, also beside a running host, which finds it within a second;
 * without one the next start does. what: "redeliver", "backfill", "cancel", "pause", "resume", "send-test"; request:
 * the JSON object that the admin API takes (README, "Dead letters"); by: who asks, for the record. *out:
 * {"task","kind"}, what a dry run counted, or how the subscription is. Errors: TROT_ENOTFOUND no store, delivery,
 * event, subscription or task of that name, TROT_EREFUSED it is in no state for that, TROT_EUSAGE, TROT_ESTORE.
 * [any][blocks] */
int trot_act(const char* store_dir, const char* what, trot_text request, trot_text by, trot_reply** out,
             trot_fault* fault) TROT_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
