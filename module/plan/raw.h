// RawConfig: a configuration as it was written, each key and value with its place; nothing is judged yet. It hides
// toml++ from the rest of the loader. Callers: include.h, the table readers. Threads: one load, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/report.h"

namespace trot {

struct RawMember;

struct RawValue {
    enum class Kind { text, integer, real, boolean, date, list, table };
    Kind kind = Kind::table;
    Mark at;
    std::string text;  // a text's value; for numbers, booleans and dates how they would be written
    int64_t integer = 0;
    bool boolean = false;
    std::vector<RawValue> list;
    std::vector<RawMember> members;  // in the order of the file

    const RawMember* find(std::string_view name) const;
};

struct RawMember {
    std::string name;
    Mark at;  // of the key
    RawValue value;
};

// A string, a number or a boolean.
inline bool scalar(const RawValue& value) {
    return value.kind == RawValue::Kind::text || value.kind == RawValue::Kind::integer ||
           value.kind == RawValue::Kind::real || value.kind == RawValue::Kind::boolean;
}

std::string_view kind_name(RawValue::Kind kind);  // "a string", "a table", …

// The text of a file that was added to the report. False when it is no TOML; the mistake is in the report.
bool parse_raw(std::string_view text, uint32_t file, Report& report, RawValue& out);

}  // namespace trot
