#include "capture/source.h"

#include <algorithm>

#include "capture/body.h"
#include "capture/envelope.h"
#include "capture/form_json.h"
#include "capture/wording.h"
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
template <class List>
Value last_of(const List& fields, std::string_view name) {
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

// JSON and forms have sources of their own, by which redaction knows what is said: as a text they are not there.
Value body_text(const Body& body) {
    if (body.state == Body::State::opaque) return text_value(std::string(body.bytes));
    if (body.readable()) return {};
    Value value;
    value.state = Value::State::unreadable;
    return value;
}

size_t decoded_cap(uint64_t capture_cap) {
    return static_cast<size_t>(std::min<uint64_t>(capture_cap * 8, max_decoded));
}

}  // namespace

std::string last_segment(std::string_view location) {
    std::string_view path = path_of(location);
    path = path.substr(0, path.find('#'));
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    return percent_decode(path.substr(path.rfind('/') + 1), false);
}

Body& Facts::read_request() {
    if (!request_) {
        const size_t cap = decoded_cap(exchange_.plan->capture.request_cap);
        read_body({exchange_.request_body, &exchange_.request_fields, exchange_.request_truncated, true, cap},
                  readers_.request, request_.emplace());
    }
    return *request_;
}

const Body& Facts::request() { return read_request(); }

const Body& Facts::outer() {
    if (!response_) {
        const size_t cap = decoded_cap(exchange_.plan->capture.response_cap);
        const bool cut = exchange_.response_truncated || exchange_.ended_early;
        read_body({exchange_.response_body, &exchange_.response_fields, cut, false, cap}, readers_.response,
                  response_.emplace());
    }
    return *response_;
}

const Body& Facts::response() { return inside_ && inside_->body ? *inside_->body : outer(); }

JsonReader* Facts::reader_of(const Body& body) {
    if (response_ && &body == &*response_) return &readers_.response;
    if (request_ && &body == &*request_) return &readers_.request;
    return nullptr;
}

int Facts::status() {
    if (!inside_) return exchange_.status;
    if (inside_->broken) return 0;
    return inside_->status != 0 ? inside_->status : exchange_.status;
}

void Facts::enter(const RoutingContext& context) {
    if (context_ == &context) return;
    context_ = &context;
    inside_.reset();  // an envelope is recognised from the outside
    if (context.envelope.set()) inside_ = open_envelope(context.envelope, *this);
}

void Facts::set_previous(const Wording* known_as) {
    previous_name_ = known_as;
    previous_asked_ = false;
    previous_.reset();
}

const std::string* Facts::previous() {
    if (!previous_asked_ && previous_name_ != nullptr) {
        previous_asked_ = true;
        const std::optional<std::string> name = spell_name(*previous_name_, *this);
        if (name) {
            Result<std::optional<std::string>> found =
                memory_.snapshot(scoped_name(context_->scope, *name), exchange_.at_ms);
            if (found)
                previous_ = std::move(found).value();
            else
                fault_ = found.fault();
        }
        if (previous_) readers_.previous.load(*previous_);
    }
    return previous_ ? &*previous_ : nullptr;
}

Value Facts::in_previous(std::string_view pointer) {
    return previous() != nullptr ? json_value(readers_.previous.find(pointer)) : Value{};
}

void Facts::set_item(std::string_view item, std::string_view request_item, bool of_query) {
    set_previous(previous_name_);  // it may be the item's own
    item_ = item;
    request_item_ = request_item;
    item_of_query_ = of_query;
    item_loaded_ = request_item_loaded_ = false;
}

Value Facts::find_outside(std::string_view pointer) {
    const Body& body = outer();
    if (body.state == Body::State::json) return json_value(readers_.response.find(pointer));
    Value value;
    if (!body.readable()) value.state = Value::State::unreadable;
    return value;
}

Value Facts::in_response(const std::string& pointer) {
    return inside_ && inside_->body ? find_outside(inside_->pointer + pointer) : find_outside(pointer);
}

Value Facts::in_request(std::string_view pointer) {
    Body& body = read_request();
    if (body.state == Body::State::form && body.form_json.empty()) {
        body.form_json = form_json(body.fields);
        readers_.request.load(body.form_json);
    }
    if (body.state == Body::State::json || body.state == Body::State::form)
        return json_value(readers_.request.find(pointer));
    Value value;
    if (!body.readable()) value.state = Value::State::unreadable;
    return value;
}

// A parameter by its name, or a place in the query read as a form: "/data/title" of ?data[title]=.
Value Facts::in_query(const std::string& key) {
    if (!query_) query_ = parse_query(query_of(exchange_.target));
    if (key.front() != '/') return last_of(*query_, key);
    if (query_json_.empty()) {
        FormFields fields;
        for (const Field& field : *query_) {
            FormField& one = fields.emplace_back();
            one.name = field.name;
            one.value = field.value;
        }
        query_json_ = form_json(fields);
        readers_.query.load(query_json_);
    }
    return json_value(readers_.query.find(key));
}

Value Facts::in_item(JsonReader& reader, std::string_view& text, bool& loaded, std::string_view pointer) {
    if (text.empty()) return {};
    if (!loaded) reader.load(text);
    loaded = true;
    return json_value(reader.find(pointer));
}

Value Facts::find_there(const Source& source) {
    switch (source.part) {
        case Source::Part::none:
        case Source::Part::option:  // a literal by now
            return {};
        case Source::Part::response:
            return in_response(source.key);
        case Source::Part::request:
            return in_request(source.key);
        case Source::Part::item: {
            Value value = in_item(readers_.item, item_, item_loaded_, source.key);
            const bool text = item_of_query_ && value.json && value.json->kind == JsonKind::string;
            return text ? text_value(value.as_text()) : value;  // which may be meant as a number
        }
        case Source::Part::request_item:
            return in_item(readers_.request_item, request_item_, request_item_loaded_, source.key);
        case Source::Part::path:
            return params_ == nullptr ? Value{} : last_of(*params_, source.key);
        case Source::Part::query:
            return in_query(source.key);
        case Source::Part::form: {
            const Body& body = request();
            Value value = body.readable() ? last_of(body.fields, source.key) : Value{};
            if (!body.readable()) value.state = Value::State::unreadable;
            return value;
        }
        case Source::Part::header:
            return header_value(inside_ && inside_->headers ? *inside_->headers : exchange_.response_fields,
                                source.key);
        case Source::Part::request_header:
            return header_value(exchange_.request_fields, source.key);
        case Source::Part::status:
            return text_value(std::to_string(status()));
        case Source::Part::response_text:
            return body_text(response());
        case Source::Part::request_text:
            return body_text(request());
        case Source::Part::previous:
            return in_previous(source.key);
        case Source::Part::literal:
            return text_value(source.key);
    }
    return {};
}

Value Facts::find(const Source& source) {
    Value value = find_there(source);
    if (!source.link || !value.there()) return value;
    value.text = last_segment(value.as_text());
    value.json.reset();
    return value.text.empty() ? Value{} : value;
}

Value Facts::find(const Sources& sources, const Source** which) {
    Value null;
    for (const Source& source : sources) {
        Value value = find(source);
        if (value.state == Value::State::missing) continue;
        const bool is_null = value.json && value.json->kind == JsonKind::null;
        if (!is_null || !null.there()) {
            if (which != nullptr) *which = &source;
            if (!is_null) return value;
            null = std::move(value);
        }
    }
    return null;
}

// "1,2" as a JSON array has it.
std::vector<std::string_view> Facts::listed(std::string_view text) {
    listed_.clear();
    for (;;) {
        const size_t comma = text.find(',');
        listed_.push_back(json_quote(text.substr(0, comma)));
        if (comma == std::string_view::npos) return {listed_.begin(), listed_.end()};
        text.remove_prefix(comma + 1);
    }
}

std::optional<std::vector<std::string_view>> Facts::array(const Source& source) {
    const Value value = find(source);
    if (source.part == Source::Part::query && value.there() && !value.json) return listed(value.text);
    if (!value.json || value.json->kind != JsonKind::array) return std::nullopt;
    if (source.part == Source::Part::query) return readers_.query.elements(source.key);
    if (source.part == Source::Part::request) return readers_.request.elements(source.key);
    return readers_.response.elements(inside_ && inside_->body ? inside_->pointer + source.key : source.key);
}

}  // namespace trot
