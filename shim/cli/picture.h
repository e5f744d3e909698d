// Picture: how a store and its hosts are, and what is wrong with them: from the store itself, and from the files that
// running hosts leave beside it each second. Callers: status. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json.h"
#include "record.h"

namespace trot::cli {

struct HostFile {
    Json facts;
    int64_t age_s = 0;  // since it was written
};

struct Picture {
    std::string store;
    Record figures, subscriptions;
    std::vector<HostFile> hosts;        // that run
    std::vector<std::string> troubles;  // none: all is well
};

Picture look(const std::string& store);  // throws Failure

int64_t counter(const HostFile& host, const char* name);
int64_t since_ms(std::string_view rfc3339);  // so long ago
// What the leader says of an endpoint; null while nobody leads, or when it is one of very many that are well.
const json_t* endpoint_of(const Picture& picture, std::string_view name);

}  // namespace trot::cli
