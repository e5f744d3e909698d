#include "dispatch/hydration.h"

#include "json/redact.h"

namespace trot {
namespace {

Hydration without(Hydration::What what, std::string why) { return {what, {}, std::move(why)}; }

bool may_pass(int status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

}  // namespace

Hydration read_hydration(const SendResult& result, const std::string& pointer, const std::vector<std::string>& hidden,
                         JsonReader& reader) {
    using What = Hydration::What;
    const std::string detail = result.detail.empty() ? "" : ": " + result.detail;
    if (result.status == 0) {
        const bool ours = result.error == SendError::internal || result.error == SendError::too_large;
        return without(ours ? What::never : What::later, std::string(name_of(result.error)) + detail);
    }
    const std::string status = "status " + std::to_string(result.status);
    if (result.status < 200 || result.status > 299)
        return without(may_pass(result.status) ? What::later : What::never, status);
    // What is too large will be so again; an answer that broke may come whole the next time.
    if (!result.whole) return without(result.cut ? What::never : What::later, status + detail);
    reader.load(result.answer);
    if (!reader.valid()) return without(What::never, status + ", but the answer is not JSON");
    const JsonValue found = reader.find(pointer);
    if (found.kind != JsonKind::object && found.kind != JsonKind::array)
        return without(What::never,
                       status + ", but the answer has no object or array" + (pointer.empty() ? "" : " at " + pointer));
    return {What::payload, redact(std::string(found.raw), hidden, reader), {}};
}

int64_t hydration_wait_ms(unsigned tries) { return tries <= 1 ? 1000 : tries == 2 ? 5000 : 10000; }

}  // namespace trot
