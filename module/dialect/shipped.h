// The dialects compiled in: conf/dialects/*.toml as text, so that `dialects = ["woocommerce"]` needs no file next to
// the library. The source file is made at build time by conf/dialects/embed.cmake. Callers: shipped_vocabulary()
// (format.h), tests. Threads: immutable.
#pragma once

#include <string_view>
#include <vector>

namespace trot {

struct Shipped {
    std::string_view name;  // "woocommerce"
    std::string_view text;  // TOML; see plan/load.h for what a dialect file may hold
};

const std::vector<Shipped>& shipped_dialects();  // sorted by name

}  // namespace trot
