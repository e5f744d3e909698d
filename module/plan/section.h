// Section: typed reading of one table. It refuses keys it does not know, wrong types and values out of range, and notes
// the value in force (default or set) for Plan::settings. Callers: the table readers. Threads: one load, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// The keys of one table, spelled as known_keys() and messages name it: "store", "hook[]", "" for the top.
struct KeyList {
    std::string_view table;
    std::vector<std::string_view> keys;
};

using Settings = std::vector<std::pair<std::string, std::vector<std::string>>>;

// Says of each member of `table` that `keys` does not have what was probably meant.
void refuse_unknown(const RawValue& table, const KeyList& keys, Report& report);

class Section {
  public:
    // settings may be null: then nothing is noted. The table may be empty: then all values are defaults.
    Section(const RawValue& table, const KeyList& keys, Report& report, Settings* settings);

    Report& report() { return report_; }
    const Mark& at() const { return table_.at; }

    // The value of a key, or nullptr; for keys with a grammar of their own.
    const RawValue* find(std::string_view key) const;

    // Each reads the key into `out` when it is there and right. False: absent, or wrong and reported.
    bool text(std::string_view key, std::string& out);
    bool flag(std::string_view key, bool& out);
    bool number(std::string_view key, unsigned& out, unsigned low, unsigned high);
    bool size(std::string_view key, uint64_t& out, uint64_t low, uint64_t high);
    bool duration(std::string_view key, int64_t& out_ms, int64_t low_ms, int64_t high_ms);
    // … or "none", which is 0.
    bool duration_or_none(std::string_view key, int64_t& out_ms, int64_t low_ms, int64_t high_ms);
    bool choice(std::string_view key, std::string& out, const std::vector<std::string_view>& names);
    bool texts(std::string_view key, std::vector<std::string>& out);  // a single string is a list of one

    void note(std::string_view key, std::vector<std::string> values);

  private:
    const RawValue& table_;
    const KeyList& keys_;
    Report& report_;
    Settings* settings_;
};

// A string that spells a duration, else a mistake at its place. low/high as above.
bool read_duration(const RawValue& value, std::string_view what, int64_t& out_ms, int64_t low_ms, int64_t high_ms,
                   Report& report);

// "'x' must be WANTED, not an integer".
void wrong_type(const RawValue& value, std::string_view what, std::string_view wanted, Report& report);

// A value for messages: quoted, cut when long, control bytes replaced.
std::string quoted(std::string_view text);

}  // namespace trot
