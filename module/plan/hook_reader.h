// HookReader: what [[hook]], [[job]] and [[snapshot]] have in common: which exchanges (match, status, when), which
// elements, which values. Callers: their table readers. Threads: one load, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/dialect_options.h"
#include "plan/shape.h"
#include "plan/tables.h"

namespace trot {

class HookReader {
  public:
    // options: null when not in a dialect. The hook must outlive the reader.
    HookReader(const RawValue& table, const KeyList& keys, const DialectOptions* options, Loading& load, Hook& out)
        : section_(table, keys, load.report, nullptr), report_(load.report), options_(options), out_(out) {}

    Section& section() { return section_; }
    const DialectOptions* options() const { return options_; }

    void read_match();  // before what speaks of path parameters
    void read_items();
    void read_status();  // by default 2xx
    void read_when();
    void read_conditions_of(const RawValue& when, std::vector<Condition>& out);
    void read_sources(std::string_view key, Sources& out);
    // `shape_key` as payload: a list at the top is alternatives, or with `merge` parts. `args`: an array of exactly
    // these.
    void read_payload(std::string_view shape_key, bool with_args);
    bool read_wording(std::string_view key, Wording& out);
    bool take_wording(const RawValue& value, std::string_view what, Wording& out);
    void read_name(std::string otherwise);  // and `source`

    // `context`: a table of names, each a shape.
    void read_context();

    // Sources that this hook cannot have: an item without items, a parameter that is not in its paths, a state that it
    // does not name. What options stand for is put in.
    void check_reach(Sources& sources, const Mark& at);

  private:
    std::string_view noun() const;  // for messages
    void add_route(Route route);
    void read_line(RawMember line, std::vector<Condition>& out);
    void take_sources(const RawValue& value, std::string_view what, Sources& out);
    Shape default_payload() const;
    void put_option(Source& source, const Mark& at);

    Section section_;
    Report& report_;
    const DialectOptions* options_;
    Hook& out_;
    std::vector<std::string> params_;
};

// A hook's place in its file, and whether the dialect's options want it.
Hook begin_hook(const RawValue& table, Loading& load, const HookFile& file, Does does);
bool is_wanted(const RawValue& table, Loading& load, const HookFile& file);

}  // namespace trot
