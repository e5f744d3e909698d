#include "dialect/style.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "url/percent.h"

namespace trot {
namespace {

constexpr std::string_view plain_besides = ":/";

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        const int byte = escaped_byte(text, at);
        if (byte < 0) return std::nullopt;
        out += static_cast<char>(byte);
        at += 2;
    }
    return out;
}

// Cuts the front of `text` off up to `mark`, which goes as well.
std::string_view cut(std::string_view& text, char mark) {
    const std::string_view front = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), front.size() + 1));
    return front;
}

const OptionRule* rule_of(const Format& format, std::string_view name) {
    for (const OptionRule& rule : format.options())
        if (rule.name == name) return &rule;
    return nullptr;
}

bool fits(const OptionRule& rule, const std::string& value) {
    switch (rule.kind) {
        case OptionRule::Kind::flag:
            return value == "true" || value == "false";
        case OptionRule::Kind::choice:
            return std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end();
        default:
            return rule.fits == nullptr || rule.fits(value);
    }
}

std::optional<FormatOption> read_option(const Format& format, std::string_view text) {
    FormatOption out;
    out.name = cut(text, '=');
    const OptionRule* rule = rule_of(format, out.name);
    if (rule == nullptr || rule->live) return std::nullopt;
    const bool list = rule->kind == OptionRule::Kind::texts;
    if (list && text.empty()) return out;
    do {
        const std::optional<std::string> value = decoded(list ? cut(text, ',') : text);
        if (!value || !fits(*rule, *value)) return std::nullopt;
        out.values.push_back(*value);
    } while (list && !text.empty());
    return out;
}

std::unique_ptr<Style> read_style(std::string_view text) {
    auto out = std::make_unique<Style>();
    out->text = text;
    out->format = find_format(cut(text, '?'));
    if (out->format == nullptr) return nullptr;
    while (!text.empty()) {
        std::optional<FormatOption> option = read_option(*out->format, cut(text, '&'));
        if (!option) return nullptr;
        out->options.push_back(std::move(*option));
    }
    out->shared = out->format->shares_bodies(out->options);
    return out;
}

}  // namespace

const Style* find_style(std::string_view text) {
    static std::mutex lock;
    static std::map<std::string, std::unique_ptr<Style>, std::less<>> known;
    const std::lock_guard<std::mutex> hold(lock);
    const auto found = known.find(text);
    if (found != known.end()) return found->second.get();
    std::unique_ptr<Style> made = read_style(text);
    if (!made) return nullptr;
    return known.emplace(std::string(text), std::move(made)).first->second.get();
}

std::string spell_style(const std::string& format, const FormatOptions& options) {
    std::string out = format;
    const Format* found = find_format(format);
    if (found == nullptr) return out;
    char mark = '?';
    for (const OptionRule& rule : found->options()) {
        const std::vector<std::string>* values = rule.live ? nullptr : option_values(options, rule.name);
        if (values == nullptr) continue;
        (out += mark) += rule.name;
        mark = '&';
        char between = '=';
        for (const std::string& value : *values) {
            out += between;
            put_escaped(out, value, plain_besides);
            between = ',';
        }
        if (values->empty()) out += '=';
    }
    return out;
}

FormatOptions live_options(const Format& format, const FormatOptions& options) {
    FormatOptions out;
    for (const FormatOption& one : options)
        if (const OptionRule* rule = rule_of(format, one.name); rule != nullptr && rule->live) out.push_back(one);
    return out;
}

const std::vector<std::string>* option_values(const FormatOptions& options, std::string_view name) {
    for (const FormatOption& one : options)
        if (one.name == name) return &one.values;
    return nullptr;
}

std::string_view option(const FormatOptions& options, std::string_view name, std::string_view otherwise) {
    const std::vector<std::string>* values = option_values(options, name);
    return values == nullptr || values->empty() ? otherwise : std::string_view(values->front());
}

}  // namespace trot
