#include "capture/payload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "capture/redact.h"
#include "plan/shape.h"
#include "store/store.h"

namespace trot {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;  // JSON key, JSON value

// -?(0|[1-9][0-9]{0,17}): goes into JSON as a number without a change of its meaning.
bool plain_integer(std::string_view text) {
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    if (text.empty() || text.size() > 18 || (text.front() == '0' && text.size() > 1)) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(const Value& value) { return value.json && value.json->kind == JsonKind::number; }

// A text of the exchange may be meant as a number, unless the hook says that it is none; one of the file says what it
// is.
std::string as_json(const Value& value, const Source& source, Facts& facts) {
    if (is_redacted_source(source, facts.exchange().plan->capture.redact)) return "\"[redacted]\"";
    if (source.quoted && (!value.json || is_number(value))) return json_quote(value.as_text());
    if (value.json) return std::string(value.json->raw);
    if (source.part == Source::Part::literal || source.part == Source::Part::response_text ||
        source.part == Source::Part::request_text)
        return json_quote(value.text);
    return plain_integer(value.text) ? value.text : json_quote(value.text);
}

// The key's last step: what a value is called when it becomes a member.
std::string member_name(const Source& source) {
    if (source.part == Source::Part::status) return "status";
    const bool pointer = source.part == Source::Part::response || source.part == Source::Part::request ||
                         source.of_item() || (source.part == Source::Part::query && source.key.front() == '/');
    if (!pointer) return source.key;
    std::string name;
    const std::string_view last = std::string_view(source.key).substr(source.key.rfind('/') + 1);
    for (size_t i = 0; i < last.size(); ++i) {
        const bool escape = last[i] == '~' && i + 1 < last.size();
        name += escape ? (last[++i] == '1' ? '/' : '~') : last[i];
    }
    return name;
}

std::string object_of(const Members& members) {
    std::string out = "{";
    for (const auto& [key, value] : members) {
        if (out.size() > 1) out += ',';
        out += key;
        out += ':';
        out += value;
    }
    out += '}';
    return out;
}

void put(Members& members, std::string key, std::string value) {
    for (auto& member : members) {
        if (member.first == key) {
            member.second = std::move(value);
            return;
        }
    }
    members.emplace_back(std::move(key), std::move(value));
}

// A whole body: JSON and form as JSON, anything else as its bytes.
bool whole_body(const Source& source, const Body& body, Facts& facts, Payload& out) {
    switch (body.state) {
        case Body::State::json: {
            // The document's own bytes, without white space around it.
            std::string_view text = body.bytes;
            const std::string_view space = " \t\r\n";
            text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
            text = text.substr(0, text.find_last_not_of(space) + 1);
            out.reader = facts.reader_of(body);
            if (out.reader != nullptr)
                out.body = text;
            else
                out.bytes = text;
            return true;
        }
        case Body::State::form:
            out.bytes = facts.find(source).json->raw;
            return true;
        case Body::State::opaque:
            out.bytes = body.bytes;
            out.flags |= event_opaque;
            return true;
        default:
            return false;
    }
}

const Body* body_of(Source::Part part, Facts& facts) {
    using Part = Source::Part;
    if (part == Part::response || part == Part::response_text) return &facts.response();
    if (part == Part::request || part == Part::request_text || part == Part::form) return &facts.request();
    return nullptr;
}

bool is_whole_body(const Source& source) {
    return source.key.empty() && (source.part == Source::Part::response || source.part == Source::Part::request);
}

// What an unreadable body means for the event.
uint32_t unreadable_flag(const Body& body, const Exchange& exchange, bool answer) {
    if (body.state == Body::State::undecodable) return event_unmapped;
    if (answer && exchange.ended_early && !exchange.response_truncated) return event_partial_answer;
    return event_truncated;
}

uint32_t flag_of(const Source& source, Facts& facts) {
    const Body* body = body_of(source.part, facts);
    if (body == nullptr || body->readable()) return 0;
    return unreadable_flag(*body, facts.exchange(), body == &facts.response());
}

uint32_t flags_of(const Sources& sources, Facts& facts) {
    uint32_t flags = 0;
    for (const Source& source : sources) flags |= flag_of(source, facts);
    return flags;
}

Payload only_id(const ResourceId& id, uint32_t flags) {
    return {id.json.empty() ? std::string("null") : "{\"id\":" + id.json + "}", flags};
}

bool shape_json(const Shape& shape, Facts& facts, std::string& out, uint32_t& flags);

void object_json(const Shape& shape, Facts& facts, std::string& out, uint32_t& flags) {
    out += '{';
    bool some = false;
    for (size_t i = 0; i < shape.children.size(); ++i) {
        const size_t before = out.size();
        if (some) out += ',';
        out += shape.names[i];
        out += ':';
        if (shape_json(shape.children[i], facts, out, flags))
            some = true;
        else
            out.resize(before);
    }
    out += '}';
}

void array_json(const Shape& shape, Facts& facts, std::string& out, uint32_t& flags) {
    out += '[';
    for (size_t i = 0; i < shape.children.size(); ++i) {
        if (i > 0) out += ',';
        if (!shape_json(shape.children[i], facts, out, flags)) out += "null";
    }
    out += ']';
}

// Whether both are there, with the same text. False (and nothing appended) when one cannot be read.
bool same_json(const Shape& shape, Facts& facts, std::string& out, uint32_t& flags) {
    std::string texts[2];
    bool there = true;
    const Sources* const both[] = {&shape.sources, &shape.children.front().sources};
    for (size_t i = 0; i < 2; ++i) {
        const Value value = facts.find(*both[i]);
        if (value.state == Value::State::unreadable) {
            flags |= flags_of(*both[i], facts);
            return false;
        }
        there = there && value.there();
        texts[i] = value.as_text();
    }
    out += there && texts[0] == texts[1] ? "true" : "false";
    return true;
}

// Appends the JSON of a shape; false (and nothing appended) when it is not there.
bool shape_json(const Shape& shape, Facts& facts, std::string& out, uint32_t& flags) {
    const Source* source = nullptr;
    switch (shape.kind) {
        case Shape::Kind::literal:
            out += shape.json;
            return true;
        case Shape::Kind::object:
            object_json(shape, facts, out, flags);
            return true;
        case Shape::Kind::array:
            array_json(shape, facts, out, flags);
            return true;
        case Shape::Kind::same:
            return same_json(shape, facts, out, flags);
        default:
            break;
    }
    const Value value = facts.find(shape.sources, &source);
    if (value.state == Value::State::unreadable) {
        flags |= flags_of(shape.sources, facts);
        return false;
    }
    if (shape.kind == Shape::Kind::present || shape.kind == Shape::Kind::absent)
        out += value.there() == (shape.kind == Shape::Kind::present) ? "true" : "false";
    else if (value.there())
        out += as_json(value, *source, facts);
    else
        return false;
    return true;
}

// Members of objects, later ones win; a value that is no object joins under its own name.
Payload merged(const Hook& hook, Facts& facts, const ResourceId& id) {
    Payload out;
    Members members;
    JsonReader reader;
    std::string json;
    for (const Shape& shape : hook.payload.children) {
        json.clear();
        if (!shape_json(shape, facts, json, out.flags)) continue;
        reader.load(json);
        if (reader.find("").kind == JsonKind::object) {
            for (const JsonMember& member : reader.members(""))
                put(members, std::string(member.key), std::string(member.value.raw));
            continue;
        }
        const Source* source = nullptr;
        if (shape.kind == Shape::Kind::sources) (void)facts.find(shape.sources, &source);
        if (source != nullptr && !member_name(*source).empty()) put(members, json_quote(member_name(*source)), json);
    }
    if (members.empty()) return only_id(id, out.flags);
    out.bytes = object_of(members);
    return out;
}

// An element by itself, without looking into it.
bool whole_item(const Source& source, std::string_view item, Payload& out) {
    if (source.part != Source::Part::item || !source.key.empty() || item.empty()) return false;
    out.bytes = item;
    return true;
}

// One alternative of `first`: false when it is not there, or null: nothing to tell, the next one may.
bool take(const Shape& shape, Facts& facts, std::string_view item, Payload& out, bool& missed) {
    if (shape.kind != Shape::Kind::sources) return shape_json(shape, facts, out.bytes, out.flags);
    for (const Source& source : shape.sources) {
        const Body* body = body_of(source.part, facts);
        if (is_whole_body(source)) {
            if (whole_body(source, *body, facts, out)) return true;
        } else if (whole_item(source, item, out)) {
            return true;
        } else {
            const Value value = facts.find(source);
            const bool null = value.json && value.json->kind == JsonKind::null;
            if (value.there() && !null) {
                out.bytes = as_json(value, source, facts);
                return true;
            }
        }
        out.flags |= flag_of(source, facts);
        missed = missed || (body != nullptr && body->readable() && !body->bytes.empty());
    }
    return false;
}

Payload first_there(const Hook& hook, Facts& facts, const ResourceId& id, std::string_view item) {
    Payload out;
    bool missed = false;
    for (const Shape& shape : hook.payload.children)
        if (take(shape, facts, item, out, missed)) return out;
    // An empty answer (204) has nothing to give; a body without the place that the hook names is a mistake to be seen.
    return only_id(id, out.flags | (missed ? event_unmapped : 0U));
}

}  // namespace

ResourceId read_id(const Hook& hook, Facts& facts) {
    ResourceId id;
    id.wanted = !hook.id.empty();
    const Source* source = nullptr;
    const Value value = facts.find(hook.id, &source);
    if (!value.there() || is_redacted_source(*source, facts.exchange().plan->capture.redact)) return id;
    if (value.json) {
        const JsonKind kind = value.json->kind;
        if (kind == JsonKind::string || kind == JsonKind::number) {
            id.text = value.as_text();
            if (!id.text.empty()) id.json = as_json(value, *source, facts);
        }
        return id;
    }
    const bool location = source->part == Source::Part::header &&
                          (equal_nocase(source->key, "location") || equal_nocase(source->key, "content-location"));
    id.text = location ? last_segment(value.text) : value.text;
    if (!id.text.empty()) id.json = !source->quoted && plain_integer(id.text) ? id.text : json_quote(id.text);
    return id;
}

Payload build_payload(const Hook& hook, Facts& facts, const ResourceId& id, std::string_view item) {
    if (hook.payload.kind == Shape::Kind::first) return first_there(hook, facts, id, item);
    if (hook.payload.kind == Shape::Kind::merged) return merged(hook, facts, id);
    Payload out;
    shape_json(hook.payload, facts, out.bytes, out.flags);
    return out;
}

std::shared_ptr<const std::string> build_context(const Hook& hook, Facts& facts, JsonReader& scratch) {
    if (hook.taken_along.children.empty()) return nullptr;
    std::string json;
    uint32_t flags = 0;  // what could not be read is not there: the payload's flags say so of the event
    object_json(hook.taken_along, facts, json, flags);
    if (json == "{}") return nullptr;
    return std::make_shared<const std::string>(redact(std::move(json), facts.exchange().plan->capture.redact, scratch));
}

std::string take_redacted(Payload payload, const std::vector<std::string>& names, JsonReader& scratch) {
    if (payload.reader != nullptr) return redact_loaded(payload.body, names, *payload.reader, scratch);
    return redact(std::move(payload.bytes), names, scratch);
}

}  // namespace trot
