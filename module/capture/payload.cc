#include "capture/payload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/store.h"
#include "url/target.h"

namespace trot {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;  // JSON key, JSON value

// -?(0|[1-9][0-9]{0,17}): goes into JSON as a number without a change of its meaning.
bool plain_integer(std::string_view text) {
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    if (text.empty() || text.size() > 18 || (text.front() == '0' && text.size() > 1)) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string as_json(const Value& value) {
    if (value.json) return std::string(value.json->raw);
    return plain_integer(value.text) ? value.text : json_quote(value.text);
}

// The key's last step: what a value is called when it becomes a member.
std::string member_name(const Source& source) {
    if (source.part == Source::Part::status) return "status";
    const bool pointer = source.part == Source::Part::response || source.part == Source::Part::request ||
                         source.part == Source::Part::item || source.part == Source::Part::request_item;
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

std::string form_object(const Fields& fields) {
    Members members;
    for (const Field& field : fields) put(members, json_quote(field.name), json_quote(field.value));
    return object_of(members);
}

// A whole body: JSON and form as JSON, anything else as its bytes.
bool whole_body(const Body& body, Payload& out) {
    switch (body.state) {
        case Body::State::json: {
            // The document's own bytes, without white space around it.
            std::string_view text = body.bytes;
            const std::string_view space = " \t\r\n";
            text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
            out.bytes = text.substr(0, text.find_last_not_of(space) + 1);
            return true;
        }
        case Body::State::form:
            out.bytes = form_object(body.fields);
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
    if (part == Source::Part::response) return &facts.response();
    if (part == Source::Part::request || part == Source::Part::form) return &facts.request();
    return nullptr;
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
    return unreadable_flag(*body, facts.exchange(), source.part == Source::Part::response);
}

Payload only_id(const ResourceId& id, uint32_t flags) {
    return {id.json.empty() ? std::string("null") : "{\"id\":" + id.json + "}", flags};
}

Payload default_payload(Facts& facts, const ResourceId& id, std::string_view item) {
    Payload out;
    if (!item.empty()) {
        out.bytes = item;
        return out;
    }
    const Body& body = facts.response();
    if (whole_body(body, out)) return out;
    return only_id(id, body.readable() ? 0 : unreadable_flag(body, facts.exchange(), true));
}

Payload from_members(const Hook& hook, Facts& facts) {
    Payload out;
    Members members;
    for (const auto& [name, source] : hook.payload_members) {
        const Value value = facts.find(source);
        if (value.there())
            members.emplace_back(json_quote(name), as_json(value));
        else
            out.flags |= flag_of(source, facts);
    }
    out.bytes = object_of(members);
    return out;
}

// Members of objects, later sources win; a value that is no object joins under its own name.
Payload merged(const Hook& hook, Facts& facts, const ResourceId& id) {
    Payload out;
    Members members;
    JsonReader reader;
    for (const Source& source : hook.payload) {
        const Value value = facts.find(source);
        const Body* body = source.key.empty() ? body_of(source.part, facts) : nullptr;
        if (body != nullptr && body->state == Body::State::form) {
            for (const Field& field : body->fields) put(members, json_quote(field.name), json_quote(field.value));
        } else if (!value.there()) {
            out.flags |= flag_of(source, facts);
        } else if (value.json && value.json->kind == JsonKind::object) {
            reader.load(value.json->raw);
            for (const JsonMember& member : reader.members(""))
                put(members, std::string(member.key), std::string(member.value.raw));
        } else if (!source.key.empty() || source.part == Source::Part::status) {
            put(members, json_quote(member_name(source)), as_json(value));
        }
    }
    if (members.empty()) return only_id(id, out.flags);
    out.bytes = object_of(members);
    return out;
}

Payload first_there(const Hook& hook, Facts& facts, const ResourceId& id) {
    Payload out;
    bool readable_content = false;
    for (const Source& source : hook.payload) {
        const Body* body = body_of(source.part, facts);
        if (body != nullptr && source.key.empty()) {
            if (whole_body(*body, out)) return out;
        } else {
            const Value value = facts.find(source);
            const bool null = value.json && value.json->kind == JsonKind::null;  // nothing to tell: the next source may
            if (value.there() && !null) {
                out.bytes = as_json(value);
                return out;
            }
        }
        out.flags |= flag_of(source, facts);
        readable_content = readable_content || (body != nullptr && body->readable() && !body->bytes.empty());
    }
    // An empty answer (204) has nothing to give; a body without the place that the hook names is a mistake to be seen.
    return only_id(id, out.flags | (readable_content ? event_unmapped : 0U));
}

std::string last_segment(std::string_view location) {
    std::string_view path = path_of(location);
    path = path.substr(0, path.find('#'));
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    return percent_decode(path.substr(path.rfind('/') + 1), false);
}

}  // namespace

ResourceId read_id(const Hook& hook, Facts& facts) {
    ResourceId id;
    id.wanted = hook.id.set();
    const Value value = facts.find(hook.id);
    if (!value.there()) return id;
    if (value.json) {
        const JsonKind kind = value.json->kind;
        if (kind == JsonKind::string || kind == JsonKind::number) {
            id.text = value.as_text();
            if (!id.text.empty()) id.json = value.json->raw;
        }
        return id;
    }
    const bool location = hook.id.part == Source::Part::header &&
                          (equal_nocase(hook.id.key, "location") || equal_nocase(hook.id.key, "content-location"));
    id.text = location ? last_segment(value.text) : value.text;
    if (!id.text.empty()) id.json = plain_integer(id.text) ? id.text : json_quote(id.text);
    return id;
}

Payload build_payload(const Hook& hook, Facts& facts, const ResourceId& id, std::string_view item) {
    if (!hook.payload_members.empty()) return from_members(hook, facts);
    if (hook.payload.empty()) return default_payload(facts, id, item);
    return hook.merge ? merged(hook, facts, id) : first_there(hook, facts, id);
}

}  // namespace trot
