#include "door.h"

#include <fmt/format.h>
#include <unistd.h>

#include "commands.h"

namespace trot::cli {
namespace {

Plan adopt(int code, trot_plan* raw, const trot_fault& fault) {
    Plan plan(raw);
    if (code == TROT_OK) return plan;
    // The fault has room for the first mistakes only; the library keeps the whole list.
    const char* all = code == TROT_ECONFIG ? trot_plan_mistakes() : nullptr;
    throw Failure(exit_of(code), all != nullptr ? std::string(all) : words_of(code, fault));
}

}  // namespace

trot_fault empty_fault() {
    trot_fault fault{};
    fault.size = sizeof fault;
    return fault;
}

std::string words_of(int code, const trot_fault& fault) {
    return fault.text[0] != '\0' ? std::string(fault.text) : fmt::format("the library answered code {}", code);
}

Exit exit_of(int code) {
    switch (code) {
        case TROT_OK:
            return exit_fine;
        case TROT_ECONFIG:
        case TROT_EREFUSED:
            return exit_no;
        case TROT_EUSAGE:
        case TROT_ENOTFOUND:
            return exit_usage;
        default:
            return exit_unreachable;
    }
}

std::string config_file(const std::string& path) {
    if (!path.empty()) return path;
    if (access(default_config, F_OK) != 0)
        throw Failure(exit_usage, fmt::format("which configuration? -c FILE ({} does not exist)", default_config));
    return default_config;
}

Plan load_plan(const std::string& path) {
    const std::string name = config_file(path);
    trot_plan* plan = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_plan_load(name.c_str(), &plan, &fault);
    return adopt(code, plan, fault);
}

Plan parse_plan(const std::string& toml, const std::string& name) {
    trot_plan* plan = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_plan_parse(text_of(toml), name.c_str(), &plan, &fault);
    return adopt(code, plan, fault);
}

std::string setting(const trot_plan* plan, const char* key) {
    trot_text value{};
    return trot_plan_setting(plan, key, 0, &value) == 1 ? std::string(view(value)) : std::string();
}

std::string_view body_of(const Reply& reply) {
    trot_text body{};
    trot_reply_read(reply.get(), nullptr, &body);
    return view(body);
}

}  // namespace trot::cli
