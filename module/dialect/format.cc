#include "dialect/format.h"

#include <array>

#include "dialect/cockpit.h"
#include "dialect/cosmic.h"
#include "dialect/datocms.h"
#include "dialect/shareactor.h"
#include "dialect/shipped.h"
#include "dialect/standard.h"
#include "dialect/woocommerce.h"
#include "dialect/woocommerce_ping.h"

namespace trot {
namespace {

std::array<const Format*, 6> formats() {
    return {&standard_format(),   &woocommerce_format(), &cosmic_format(),
            &shareactor_format(), &datocms_format(),     &cockpit_format()};
}

}  // namespace

const std::vector<OptionRule>& Format::options() const {
    static const std::vector<OptionRule> none;
    return none;
}

std::string Renderer::batch(const std::vector<std::string_view>& bodies) {
    std::string out = "[";
    for (const std::string_view body : bodies) (out += out.size() > 1 ? "," : "") += body;
    return out + "]";
}

const Format* find_format(std::string_view name) {
    for (const Format* format : formats())
        if (format->name() == name) return format;
    // Only its API sends it, so it is none of those that can be chosen.
    return name == woocommerce_ping_name ? &woocommerce_ping_format() : nullptr;
}

std::vector<std::string_view> format_names() {
    std::vector<std::string_view> names;
    for (const Format* format : formats()) names.push_back(format->name());
    return names;
}

Vocabulary shipped_vocabulary() {
    Vocabulary words;
    words.formats = format_names();
    words.check_secret = [](std::string_view name, const Secret& secret) -> Result<void> {
        const Format* format = find_format(name);
        if (format == nullptr) return Fault{Code::config, "there is no format \"" + std::string(name) + "\""};
        return format->check_secret(secret);
    };
    words.reserved = [](std::string_view name) {
        const Format* format = find_format(name);
        return format == nullptr ? std::vector<std::string_view>() : format->reserved();
    };
    words.options = [](std::string_view name) {
        const Format* format = find_format(name);
        return format == nullptr ? std::vector<OptionRule>() : format->options();
    };
    words.policy = [](std::string_view name) {
        const Format* format = find_format(name);
        return format == nullptr ? FormatPolicy() : format->policy();
    };
    words.batches = [](std::string_view name, const FormatOptions& options) {
        const Format* format = find_format(name);
        return format != nullptr && format->batches(options);
    };
    words.dialect = [](std::string_view name) -> std::string_view {
        for (const Shipped& shipped : shipped_dialects())
            if (shipped.name == name) return shipped.text;
        return {};
    };
    for (const Shipped& shipped : shipped_dialects()) words.dialects.push_back(shipped.name);
    return words;
}

}  // namespace trot
