#include "capture/source.h"

#include <algorithm>

#include "capture/body.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr size_t max_decoded = 8U << 20;

Value text_value(std::string text) {
    Value value;
    value.state = Value::State::there;
    value.text = std::move(text);
    return value;
}

// The last pair of that name: duplicate keys, last wins (as PHP and most frameworks read them).
Value last_of(const Fields& fields, std::string_view name) {
    for (size_t i = fields.size(); i-- > 0;)
        if (fields[i].name == name) return text_value(fields[i].value);
    return {};
}

Value header_value(const Fields& fields, std::string_view name) {
    const std::string* value = find_field(fields, name);
    return value == nullptr ? Value{} : text_value(*value);
}

Value json_value(const JsonValue& found) {
    Value value;
    if (found.kind == JsonKind::missing) return value;
    value.state = Value::State::there;
    value.json = found;
    return value;
}

size_t decoded_cap(uint64_t capture_cap) {
    return static_cast<size_t>(std::min<uint64_t>(capture_cap * 8, max_decoded));
}

}  // namespace

const Body& Facts::request() {
    if (!request_) {
        const size_t cap = decoded_cap(exchange_.plan->capture.request_cap);
        request_ =
            read_body({exchange_.request_body, &exchange_.request_fields, exchange_.request_truncated, true, cap},
                      readers_.request);
    }
    return *request_;
}

const Body& Facts::response() {
    if (!response_) {
        const size_t cap = decoded_cap(exchange_.plan->capture.response_cap);
        const bool cut = exchange_.response_truncated || exchange_.ended_early;
        response_ =
            read_body({exchange_.response_body, &exchange_.response_fields, cut, false, cap}, readers_.response);
    }
    return *response_;
}

void Facts::set_item(std::string_view item, std::string_view request_item) {
    item_ = item;
    request_item_ = request_item;
    item_loaded_ = request_item_loaded_ = false;
}

Value Facts::in_body(const Body& body, JsonReader& reader, std::string_view pointer) {
    if (body.state == Body::State::json) return json_value(reader.find(pointer));
    Value value;
    if (!body.readable()) value.state = Value::State::unreadable;
    return value;
}

Value Facts::in_item(JsonReader& reader, std::string_view& text, bool& loaded, std::string_view pointer) {
    if (text.empty()) return {};
    if (!loaded) reader.load(text);
    loaded = true;
    return json_value(reader.find(pointer));
}

Value Facts::find(const Source& source) {
    switch (source.part) {
        case Source::Part::none:
            return {};
        case Source::Part::response:
            return in_body(response(), readers_.response, source.key);
        case Source::Part::request:
            return in_body(request(), readers_.request, source.key);
        case Source::Part::item:
            return in_item(readers_.item, item_, item_loaded_, source.key);
        case Source::Part::request_item:
            return in_item(readers_.request_item, request_item_, request_item_loaded_, source.key);
        case Source::Part::path:
            return params_ == nullptr ? Value{} : last_of(*params_, source.key);
        case Source::Part::query:
            if (!query_) query_ = parse_query(query_of(exchange_.target));
            return last_of(*query_, source.key);
        case Source::Part::form: {
            const Body& body = request();
            Value value = body.readable() ? last_of(body.fields, source.key) : Value{};
            if (!body.readable()) value.state = Value::State::unreadable;
            return value;
        }
        case Source::Part::header:
            return header_value(exchange_.response_fields, source.key);
        case Source::Part::request_header:
            return header_value(exchange_.request_fields, source.key);
        case Source::Part::status:
            return text_value(std::to_string(exchange_.status));
    }
    return {};
}

std::optional<std::vector<std::string_view>> Facts::array(const Source& source) {
    const bool in_answer = source.part == Source::Part::response;
    if (!in_answer && source.part != Source::Part::request) return std::nullopt;
    const Body& body = in_answer ? response() : request();
    JsonReader& reader = in_answer ? readers_.response : readers_.request;
    if (body.state != Body::State::json || reader.find(source.key).kind != JsonKind::array) return std::nullopt;
    return reader.elements(source.key);
}

std::string spell(const Source& source) {
    switch (source.part) {
        case Source::Part::none:
            return "none";
        case Source::Part::response:
            return "response:" + source.key;
        case Source::Part::request:
            return "request:" + source.key;
        case Source::Part::item:
            return "item:" + source.key;
        case Source::Part::request_item:
            return "request-item:" + source.key;
        case Source::Part::path:
            return "path:" + source.key;
        case Source::Part::query:
            return "query:" + source.key;
        case Source::Part::form:
            return "form:" + source.key;
        case Source::Part::header:
            return "header:" + source.key;
        case Source::Part::request_header:
            return "request-header:" + source.key;
        case Source::Part::status:
            return "status";
    }
    return {};
}

}  // namespace trot
