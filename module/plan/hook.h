// Hook: one declaration that maps exchanges to topics, as the plan holds it. Part of plan.h; built by table_hook.cc.
// The language it comes from is documented in conf/trotline.toml. Threads: immutable after load.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "plan/route_template.h"

namespace trot {

enum class Guarantee { async, hold };  // DESIGN 1; `intent` is refused by the loader until it exists
enum class OnFault { open, reject };   // what a sick or full store means, decided before the request goes up

// Where a value comes from. Text form in the file: "response:/id" (JSON pointer into the answer's body), "request:/id",
// "item:/id" (into one batch item), "request-item:/id" (into the request's element that belongs to the item: same
// index, and the pointer of `request_items` or else of `items`, in the request's body), "path:NAME" (template
// parameter), "query:NAME" or "query:/POINTER" (the query read as a form), "form:NAME"
// (request body field), "header:NAME" (answer header), "request-header:NAME", "status", "response-text" and
// "request-text" (a whole body as text), "previous:/id" (into the state in which the hook's resource last went by),
// "=text" (that text), in a dialect's file "option:NAME" (what the operator decided; a literal once it is loaded).
// "link:SOURCE" is the last path segment of the URL there, "text:SOURCE" what is there as a
// string, also when it reads as a number.
struct Source {
    enum class Part {
        none,
        response,
        request,
        item,
        request_item,
        path,
        query,
        form,
        header,
        request_header,
        status,
        response_text,
        request_text,
        previous,
        literal,
        option
    };
    Part part = Part::none;
    std::string key;  // JSON pointer, name or text
    bool link = false;
    bool quoted = false;  // "text:"

    bool set() const { return part != Part::none; }
    bool of_item() const { return part == Part::item || part == Part::request_item; }
};

// Alternatives, "response:/a | request:/a | =text": the first one that is there and not null counts. Empty: not set.
using Sources = std::vector<Source>;

struct Regex;  // plan/regex.h

// One line of `when`: all must hold. Text form: "SOURCES" = value | [values] | {regex = "…"} | {present = true|false}
// | {not = value or [values]} | {contains = "…"} | {lacks = "…"} | {same = "SOURCES"} | {other = "SOURCES"}
// | {type = kind or [kinds]}.
struct Condition {
    enum class Test { equals, regex, present, absent, differs, contains, lacks, same, other, type };
    Sources sources;
    Sources twin;  // of `same` and `other`
    Test test = Test::equals;
    std::vector<std::string> values;     // as JSON text would read: strings bare, numbers and booleans as written
    std::shared_ptr<const Regex> regex;  // ECMAScript, search (not full match)
    std::string spelling;                // as in the file, for explain
};

// A `regex` is never run over a longer value (the condition then does not hold): a backtracking engine must not be fed
// megabytes by a client.
inline constexpr size_t max_regex_value = size_t{64} * 1024;

struct StatusRange {
    int low = 200;
    int high = 299;
};

// A topic, resource or action: text with values in it, "object.created.{response:/object/status | =published}".
struct Wording {
    struct Piece {
        std::string text;  // a literal, when `any` is empty
        Sources any;
    };
    std::string spelling;       // as in the file; the text itself when `pieces` is empty
    std::vector<Piece> pieces;  // empty: nothing is computed

    bool set() const { return !spelling.empty(); }
};

// What an event carries, as a tree.
// - sources: one value. Out of a body it is the body's own bytes; a text (path, query, form, header, status) is a
// number
//   when it reads as a plain integer (-?(0|[1-9][0-9]{0,17})), else a string; a literal is a string.
// - literal: JSON of the file. present, absent: a boolean about `sources`; same: whether they and those of the one
// child
//   have the same text.
// - object: `children` under `names`; a child that is not there is left out. array: a child that is not there is null.
// - first: the first of `children` that is there; merged: all of them in one object, the later ones win. These two
// stand
//   at the top only.
struct Shape {
    enum class Kind { sources, literal, present, absent, same, object, array, first, merged };
    Kind kind = Kind::sources;
    Sources sources;
    std::string json;                // of a literal
    std::vector<std::string> names;  // as JSON, with their quotes
    std::vector<Shape> children;
};

// What an exchange that a hook matches leads to.
enum class Does {
    event,      // [[hook]]: events
    put_aside,  // [[job]]: the answer only promises; the exchange waits for its result
    resolve,    // [job.result]: the answer holds that result
    remember,   // [[snapshot]]: the state of a resource, as it went by
    forget      // [[snapshot]] with `forget`: the resource is gone
};

// What the upstream is asked before an event goes out, where there is [hydrate]: its answer becomes the payload. Text
// form: "/orders/{path:id}", or { get = "/orders/{path:id}", payload = "/data", when = { … } }.
struct Hydrate {
    Wording get;                  // path and query; what is computed is percent-encoded, never more than one segment
    std::string pointer;          // JSON pointer into the answer; "" is all of it
    std::vector<Condition> when;  // else the event goes out as it is

    bool set() const { return get.set(); }
};

struct Hook {
    Does does = Does::event;
    std::string name;             // `name =`, else the first topic as written; for logs and explain
    std::vector<Wording> topics;  // an event for each, in this order
    Wording resource;             // not set: a topic up to its last '.'
    Wording action;               // not set: a topic after its last '.'
    std::vector<Route> routes;
    uint32_t context = 0;  // Plan::contexts: how its file reads requests
    std::vector<StatusRange> status;
    std::vector<Condition> when;
    Sources items;          // an array: events for each element; the first one that is there
    Sources request_items;  // the array that request-item: walks; not set: the same place in the request
    Sources id;             // may be empty: then resource_id is empty
    Shape payload;          // of a snapshot: the state
    Shape taken_along;      // of event: its context, an object, for filters and formats; without children there is none
    Hydrate hydrate;        // of event
    Wording known_as;       // of event: the snapshot that is `previous:`; of the others: of the job or the snapshot
    std::string answer_status, answer_body;  // of resolve: JSON pointers into the result; no status is this answer's
    bool before = false;                     // phase = "before": its events come before the others of the exchange
    std::string source;                      // which fact it rests on; for explain
    std::optional<Guarantee> guarantee;      // else the store's
    std::optional<OnFault> on_fault;
    std::string at;  // file:line:column
};

}  // namespace trot
