// Content codings and forms: no crash, never more than the cap, never more fields than allowed.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/form.h"
#include "codec/inflate.h"

// input: first byte chooses; for forms the type ends at a line feed
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace trot;
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    static const char* const codings[] = {"gzip", "deflate", "br", "gzip, br", "deflate, gzip", "identity"};
    const size_t choice = data[0] % 8;
    if (choice < 6) {
        const size_t cap = 65536;
        const Result<Decoded> out = decode_content(codings[choice], body, cap);
        if (out && out.value().bytes.size() > cap) abort();
        return 0;
    }
    const size_t end = body.find('\n');
    const std::string_view type =
        choice == 6 ? std::string_view("application/x-www-form-urlencoded") : body.substr(0, end);
    const std::string_view rest = choice == 6 || end == std::string_view::npos ? body : body.substr(end + 1);
    if (parse_form(type, rest, 50).size() > 50) abort();
    return 0;
}
