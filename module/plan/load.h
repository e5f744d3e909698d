// File → RawConfig → Plan. Reports every mistake at once, each as "file:line:column: what is wrong, what would be
// right"; has no side effect (safe as root, before fork, in `nginx -t`). Callers: the door, tests. Threads: any; not on
// a loop (reads files).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace trot {

// What the loader must know of dialects without including them (they are a room on the same floor that knows plan). The
// door passes dialect's shipped_vocabulary().
struct Vocabulary {
    std::vector<std::string_view> formats;
    // Does the secret fit the format? Null accepts every one.
    std::function<Result<void>(std::string_view format, const Secret&)> check_secret;
    // Header names (lower case) that the format itself sets.
    std::function<std::vector<std::string_view>(std::string_view format)> reserved;
    // TOML text of a shipped dialect; empty when unknown.
    std::function<std::string_view(std::string_view name)> dialect;
    std::vector<std::string_view> dialects;
};

// The file and all that it includes. Fault{Code::config}: text is one mistake a line.
Result<PlanPtr> load_plan(const std::string& path, const Vocabulary& words);

// The same for a text; `name` stands for the file in messages, relative includes and secret files are looked up beside
// it.
Result<PlanPtr> parse_plan(std::string_view text, const std::string& name, const Vocabulary& words);

// Every key the loader knows, dotted ("hook[].match"), for the test that conf/trotline.toml documents each of them.
std::vector<std::string> known_keys();
// Those that only dialect files know: of [option.NAME], [[unseen]] and [[hook]].
std::vector<std::string> known_dialect_keys();

}  // namespace trot
