#include "capture/exchange.h"

namespace trot {
namespace {

size_t field_bytes(const Fields& fields) {
    size_t sum = fields.size() * sizeof(Field);
    for (const Field& field : fields) sum += field.name.size() + field.value.size();
    return sum;
}

// A page of a shop fits; a thousand of the largest that are kept make 32 MiB.
constexpr size_t large = 16384;

}  // namespace

void Exchange::add(Fields& to, std::string_view name, std::string_view value) {
    if (spare_.empty()) {
        to.push_back({std::string(name), std::string(value)});
        return;
    }
    Field& field = to.emplace_back(std::move(spare_.back()));
    spare_.pop_back();
    field.name.assign(name);
    field.value.assign(value);
}

void Exchange::clear() {
    for (std::string* text : {&capture, &method, &target, &host, &zone, &request_body, &response_body}) text->clear();
    credential.name.clear();
    credential.value.clear();
    for (Fields* fields : {&request_fields, &response_fields}) {
        for (Field& field : *fields) spare_.push_back(std::move(field));
        fields->clear();
    }
    request_truncated = response_truncated = ended_early = replayed = false;
    awaited = true;
    status = 0;
    at_ms = 0;
}

bool Exchange::is_large() const {
    return request_body.capacity() > large || response_body.capacity() > large || target.capacity() > large;
}

size_t Exchange::bytes() const {
    return sizeof(Exchange) + capture.size() + method.size() + target.size() + host.size() + zone.size() +
           request_body.size() + response_body.size() + field_bytes(request_fields) + field_bytes(response_fields) +
           credential.value.size();
}

}  // namespace trot
