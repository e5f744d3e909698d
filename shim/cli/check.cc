// trotline check, trotline guard: questions to the configuration.
#include <fmt/format.h>

#include "commands.h"
#include "door.h"
#include "say.h"

namespace trot::cli {
namespace {

// "3 hooks": how many values a setting has.
std::string counted(const trot_plan* plan, const char* key, const char* noun) {
    size_t count = 0;
    for (trot_text name{}; trot_plan_setting(plan, key, count, &name) == 1; ++count) continue;
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

int check(const CheckArgs& args) {
    Plan plan;
    try {
        plan = load_plan(args.config);
    } catch (const Failure& mistakes) {
        if (mistakes.code() != exit_no) throw;
        put_line(mistakes.what());  // they are the answer
        return exit_no;
    }
    for (size_t nth = 0;; ++nth) {
        const trot_text warning = trot_plan_warning(plan.get(), nth);
        if (warning.len == 0) break;
        warn(fmt::format("warning: {}", view(warning)));
    }
    put_line(fmt::format("ok: {}, {}", counted(plan.get(), "hooks", "hook"),
                         counted(plan.get(), "subscriptions", "subscription")));
    return exit_fine;
}

int guard(const GuardArgs& args) {
    const Plan plan = args.config.empty() ? Plan() : load_plan(args.config);
    bool all = true;
    for (const std::string& value : args.values) {
        trot_fault why = empty_fault();
        const int code = trot_guard(plan.get(), text_of(value), &why);
        if (code != TROT_OK && code != TROT_EREFUSED) throw Failure(exit_of(code), words_of(code, why));
        put_line(code == TROT_OK ? "allow" : fmt::format("block: {}", why.text));
        all = all && code == TROT_OK;
    }
    return all ? exit_fine : exit_no;
}

}  // namespace trot::cli
