// One POST to the admin API of a running host. Callers: acts. Threads: one; blocks at most a quarter of a minute.
#pragma once

#include <optional>
#include <string>

namespace trot::cli {

struct HostAnswer {
    int status = 0;
    std::string body;
};

// listen: as [admin] listen has it. Nothing when nobody listens there. Throws Failure when somebody does and gives no
// proper answer.
std::optional<HostAnswer> ask_host(const std::string& listen, const std::string& token, const std::string& path,
                                   const std::string& body);

}  // namespace trot::cli
