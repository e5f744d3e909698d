// trotline check, trotline guard: questions to the configuration.
#include <fmt/format.h>

#include <algorithm>

#include "commands.h"
#include "door.h"
#include "json.h"
#include "say.h"

namespace trot::cli {
namespace {

// "3 hooks": how many values a setting has.
std::string counted(const trot_plan* plan, const char* key, const char* noun) {
    size_t count = 0;
    for (trot_text name{}; trot_plan_setting(plan, key, count, &name) == 1; ++count) continue;
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// One endpoint, token server or upstream, as found on the network.
std::string online_line(const json_t* one) {
    const bool works = json_is_true(json_object_get(one, "works"));
    const std::string_view more = text_at(one, works ? "warning" : "right");
    return fmt::format("{}: {}: {} {}: {}{}{}", text_at(one, "at"), text_at(one, "of"), text_at(one, "key"),
                       text_at(one, "url"), works ? "ok: " : "", text_at(one, "says"),
                       more.empty() ? "" : fmt::format("; {}{}", works ? "" : "right would be ", more));
}

// False when some cannot be delivered to.
bool check_online(const trot_plan* plan) {
    trot_reply* raw = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_plan_probe(plan, &raw, &fault);
    const Reply reply(raw);
    if (code != TROT_OK && code != TROT_EREFUSED) throw Failure(exit_of(code), words_of(code, fault));
    std::string_view lines = body_of(reply);
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const Json one = parse_json(line);
        if (one && text_at(one.get(), "key") == "store")
            warn(fmt::format("warning: {}", text_at(one.get(), "says")));
        else if (one)
            put_line(online_line(one.get()));
    }
    return code == TROT_OK;
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
    if (args.online && !check_online(plan.get())) return exit_no;
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
