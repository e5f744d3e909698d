// Files of a configuration: the first one and what it includes, joined into one RawConfig. Callers: load.cc.
// Threads: one load, one thread; reads files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// A regular file's text, at most 16 MiB.
Result<std::string> read_config_file(const std::string& path);

// Parses `text` as file `name` and joins what its `include` lists (globs, sorted, relative to the file). Tables are
// joined key by key, a key that is set twice is a mistake; [[hook]] and [[subscription]] line up in the order of the
// files.
RawValue join_files(std::string_view text, const std::string& name, Report& report);

}  // namespace trot
