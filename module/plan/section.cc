#include "plan/section.h"

#include <fmt/format.h>

#include "base/text.h"
#include "plan/tables.h"
#include "plan/units.h"

namespace trot {

std::string quoted(std::string_view text) {
    constexpr size_t most = 80;
    std::string out = "\"";
    for (const char c : text.substr(0, most)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    out += text.size() > most ? "…\"" : "\"";
    return out;
}

void wrong_type(const RawValue& value, std::string_view what, std::string_view wanted, Report& report) {
    report.mistake(value.at, fmt::format("'{}' must be {}, not {}", what, wanted, kind_name(value.kind)));
}

void refuse_unknown(const RawValue& table, const KeyList& keys, Report& report) {
    const std::string where = keys.table.empty() ? "at the top of the file" : fmt::format("in [{}]", keys.table);
    for (const RawMember& member : table.members) {
        if (std::find(keys.keys.begin(), keys.keys.end(), member.name) != keys.keys.end()) continue;
        std::string text = fmt::format("unknown key {} {}", quoted(member.name), where);
        const std::vector<std::string_view>& top = top_keys().keys;
        const std::string_view near = nearest(member.name, keys.keys);
        if (!near.empty())
            text += fmt::format(", did you mean '{}'?", near);
        else if (std::find(top.begin(), top.end(), member.name) != top.end())
            text += fmt::format(": '{}' belongs before the first [table] of the file", member.name);
        else
            text += fmt::format(", it knows: {}", fmt::join(keys.keys, ", "));
        report.mistake(member.at, text);
    }
}

Section::Section(const RawValue& table, const KeyList& keys, Report& report, Settings* settings)
    : table_(table), keys_(keys), report_(report), settings_(settings) {
    refuse_unknown(table, keys, report);
}

const RawValue* Section::find(std::string_view key) const {
    const RawMember* member = table_.find(key);
    return member ? &member->value : nullptr;
}

void Section::note(std::string_view key, std::vector<std::string> values) {
    if (!settings_) return;
    settings_->emplace_back(fmt::format("{}{}{}", keys_.table, keys_.table.empty() ? "" : ".", key), std::move(values));
}

bool Section::text(std::string_view key, std::string& out) {
    const RawValue* value = find(key);
    const bool right = value && value->kind == RawValue::Kind::text && value->text.find('\0') == std::string::npos;
    if (right)
        out = value->text;
    else if (value)
        wrong_type(*value, key, "a string without NUL", report_);
    note(key, {out});
    return right;
}

bool Section::flag(std::string_view key, bool& out) {
    const RawValue* value = find(key);
    const bool right = value && value->kind == RawValue::Kind::boolean;
    if (right)
        out = value->boolean;
    else if (value)
        wrong_type(*value, key, "true or false", report_);
    note(key, {out ? "true" : "false"});
    return right;
}

bool Section::number(std::string_view key, unsigned& out, unsigned low, unsigned high) {
    const RawValue* value = find(key);
    bool right = value && value->kind == RawValue::Kind::integer;
    if (value && !right) wrong_type(*value, key, "an integer", report_);
    if (right && (value->integer < low || value->integer > high)) {
        report_.mistake(value->at, fmt::format("'{}' is {}, it must be {} to {}", key, value->text, low, high));
        right = false;
    }
    if (right) out = static_cast<unsigned>(value->integer);
    note(key, {std::to_string(out)});
    return right;
}

bool Section::size(std::string_view key, uint64_t& out, uint64_t low, uint64_t high) {
    const RawValue* value = find(key);
    bool right = false;
    std::optional<uint64_t> bytes;
    if (value && value->kind == RawValue::Kind::integer && value->integer >= 0)
        bytes = static_cast<uint64_t>(value->integer);
    else if (value && value->kind == RawValue::Kind::text)
        bytes = parse_size(value->text);
    if (value && !bytes) {
        report_.mistake(value->at,
                        fmt::format("'{}' is {}, it must be a size: bytes, or a string like \"64KiB\", \"1MiB\", "
                                    "\"2GiB\"",
                                    key, value->text.empty() ? kind_name(value->kind) : quoted(value->text)));
    } else if (value && (*bytes < low || *bytes > high)) {
        report_.mistake(value->at, fmt::format("'{}' is {}, it must be {} to {}", key, spell_size(*bytes),
                                               spell_size(low), spell_size(high)));
    } else if (value) {
        out = *bytes;
        right = true;
    }
    note(key, {std::to_string(out)});
    return right;
}

bool read_duration(const RawValue& value, std::string_view what, int64_t& out_ms, int64_t low_ms, int64_t high_ms,
                   Report& report) {
    if (value.kind == RawValue::Kind::integer) {
        report.mistake(value.at, fmt::format("'{}' is {} without a unit, write \"{}s\" or \"{}ms\"", what, value.text,
                                             value.text, value.text));
        return false;
    }
    if (value.kind != RawValue::Kind::text) {
        wrong_type(value, what, "a duration like \"15s\"", report);
        return false;
    }
    const std::optional<int64_t> ms = parse_duration(value.text);
    if (!ms) {
        report.mistake(value.at,
                       fmt::format("'{}' is {}, it must be a duration like \"500ms\", \"15s\", \"1h30m\", \"7d\"", what,
                                   quoted(value.text)));
        return false;
    }
    if (*ms < low_ms || *ms > high_ms) {
        report.mistake(value.at, fmt::format("'{}' is {}, it must be {} to {}", what, quoted(value.text),
                                             spell_duration(low_ms), spell_duration(high_ms)));
        return false;
    }
    out_ms = *ms;
    return true;
}

bool Section::duration(std::string_view key, int64_t& out_ms, int64_t low_ms, int64_t high_ms) {
    const RawValue* value = find(key);
    const bool right = value && read_duration(*value, key, out_ms, low_ms, high_ms, report_);
    note(key, {std::to_string(out_ms)});
    return right;
}

bool Section::duration_or_none(std::string_view key, int64_t& out_ms, int64_t low_ms, int64_t high_ms) {
    const RawValue* value = find(key);
    if (value == nullptr || value->kind != RawValue::Kind::text || value->text != "none")
        return duration(key, out_ms, low_ms, high_ms);
    out_ms = 0;
    note(key, {"0"});
    return true;
}

bool Section::choice(std::string_view key, std::string& out, const std::vector<std::string_view>& names) {
    const RawValue* value = find(key);
    bool right = value && value->kind == RawValue::Kind::text;
    if (value && !right) wrong_type(*value, key, fmt::format("one of: {}", fmt::join(names, ", ")), report_);
    if (right && std::find(names.begin(), names.end(), value->text) == names.end()) {
        const std::string_view near = nearest(value->text, names);
        report_.mistake(value->at,
                        fmt::format("'{}' is {}, {}", key, quoted(value->text),
                                    near.empty() ? fmt::format("it must be one of: {}", fmt::join(names, ", "))
                                                 : fmt::format("did you mean \"{}\"?", near)));
        right = false;
    }
    if (right) out = value->text;
    note(key, {out});
    return right;
}

bool Section::texts(std::string_view key, std::vector<std::string>& out) {
    const RawValue* value = find(key);
    bool right = value != nullptr;
    std::vector<std::string> read;
    const auto take = [&](const RawValue& one) {
        if (one.kind == RawValue::Kind::text && one.text.find('\0') == std::string::npos) {
            read.push_back(one.text);
        } else {
            wrong_type(one, key, "a list of strings", report_);
            right = false;
        }
    };
    if (value && value->kind == RawValue::Kind::list)
        for (const RawValue& one : value->list) take(one);
    else if (value)
        take(*value);
    if (right) out = std::move(read);
    note(key, out);
    return right;
}

}  // namespace trot
