// Options of a dialect: what its file leaves to the operator. The file declares [option.NAME], the operator sets it in
// [dialect.NAME], a hook says for which value it is there: only = { NAME = VALUE }. Callers: dialects.cc, the hook
// table's reader. Threads: one load, one thread.
// A hook may also have its value: the source "option:NAME".
#pragma once

#include <string>
#include <vector>

#include "plan/section.h"

namespace trot {

struct DialectOption {
    std::string name;
    std::vector<std::string> values;  // "true" and "false" of a boolean one
    bool boolean = false;
    bool free = false;  // any text
    std::string value;  // in force
};
using DialectOptions = std::vector<DialectOption>;

const KeyList& option_keys();

const DialectOption* find_option(const DialectOptions& options, std::string_view name);  // null: there is none

// The tables [option.NAME] of a dialect file, at their defaults.
DialectOptions read_options(const RawValue& table, Report& report);

// The operator's [dialect.NAME]: what is set is taken over.
void set_options(const RawValue& table, std::string_view dialect, DialectOptions& options, Report& report);

// Is a hook with this `only` wanted? A list of values means any of them.
bool wanted(const RawValue& only, const DialectOptions& options, Report& report);

}  // namespace trot
