// The library's C door with owners that clean up and faults that become Failures. Callers: every command. Threads: as
// the calls'.
#pragma once

#include <trotline/trotline.h>

#include <memory>
#include <string>
#include <string_view>

#include "say.h"

namespace trot::cli {

struct DropPlan {
    void operator()(trot_plan* plan) const { trot_plan_drop(plan); }
};
struct DropReply {
    void operator()(trot_reply* reply) const { trot_reply_drop(reply); }
};
using Plan = std::unique_ptr<trot_plan, DropPlan>;
using Reply = std::unique_ptr<trot_reply, DropReply>;

inline trot_text text_of(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(trot_text text) { return {text.at, text.len}; }

trot_fault empty_fault();
// What the fault says, or words for its code.
std::string words_of(int code, const trot_fault& fault);
// Which exit code a code of the door becomes.
Exit exit_of(int code);

// The file that -c means ("" is /etc/trotline/trotline.toml). Throws Failure when nobody named one and that is not
// there.
std::string config_file(const std::string& path);
// The plan in a file ("" is /etc/trotline/trotline.toml). Throws Failure with every mistake, one a line.
Plan load_plan(const std::string& path);
// The plan in a text.
Plan parse_plan(const std::string& toml, const std::string& name);
// A setting's first value, or "".
std::string setting(const trot_plan* plan, const char* key);
// The body of a reply.
std::string_view body_of(const Reply& reply);

}  // namespace trot::cli
