#include "capture/exchange.h"

namespace trot {
namespace {

size_t field_bytes(const Fields& fields) {
    size_t sum = fields.size() * sizeof(Field);
    for (const Field& field : fields) sum += field.name.size() + field.value.size();
    return sum;
}

}  // namespace

size_t Exchange::bytes() const {
    return sizeof(Exchange) + capture.size() + method.size() + target.size() + host.size() + zone.size() +
           request_body.size() + response_body.size() + field_bytes(request_fields) + field_bytes(response_fields);
}

}  // namespace trot
