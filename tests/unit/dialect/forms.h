// What the formats' tests share: rendering for a made-up subscription, and looking at what came out.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "dialect/style.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

namespace forms {

using namespace trot;

inline const Style& style(const std::string& text) {
    const Style* found = find_style(text);
    if (found == nullptr) fail_msg("no style %s", text.c_str());
    return *found;
}

inline const Format& format(const std::string& name) { return *style(name).format; }

inline std::vector<Secret> secrets_of(std::initializer_list<const char*> texts) {
    std::vector<Secret> out;
    for (const char* text : texts) out.emplace_back(std::string(text));
    return out;
}

inline std::unique_ptr<Renderer> renderer(const std::string& of, std::vector<Secret> secrets,
                                          std::string_view name = "warehouse",
                                          std::string_view url = "https://warehouse.example/hooks") {
    Recipient recipient{535, name, url, style(of).options, std::move(secrets), {}};
    auto made = style(of).format->renderer(recipient);
    if (!made) fail_msg("%s: %s", of.c_str(), made.fault().text.c_str());
    return std::move(made).value();
}

inline Fields sign(const std::string& of, const std::vector<Secret>& secrets, DeliveryView delivery, int64_t at_s,
                   std::string_view body) {
    delivery.at_s = at_s;
    Fields out;
    renderer(of, secrets)->headers(delivery, body, out);
    return out;
}

inline std::string body(const std::string& of, const EventView& event, const std::vector<Secret>& secrets = {}) {
    return renderer(of, secrets)->body(event, {});
}

inline const std::string& header(const Fields& fields, const char* name) {
    const std::string* value = find_field(fields, name);
    if (value == nullptr) fail_msg("no header %s", name);
    return *value;
}

// "Name: value" a line.
inline std::string lines(const Fields& fields) {
    std::string out;
    for (const Field& field : fields) out += field.name + ": " + field.value + "\n";
    return out;
}

inline void expect(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

inline void refused(const Result<void>& result, const char* part) {
    assert_false(result.ok());
    if (result.fault().text.find(part) == std::string::npos)
        fail_msg("\"%s\" lacks \"%s\"", result.fault().text.c_str(), part);
}

}  // namespace forms
