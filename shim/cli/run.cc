// trotline run, trotline dispatch: the standalone host, from a file or from a few options.
#include <fmt/format.h>

#include "commands.h"
#include "door.h"
#include "quick.h"
#include "say.h"
#include "shim/standalone/host.h"

namespace trot::cli {
namespace {

bool any_quick(const QuickPlan& quick) {
    return !(quick.upstream.empty() && quick.listen.empty() && quick.dialects.empty() && quick.hooks.empty() &&
             quick.allow.empty() && quick.topics.empty() && quick.deliver_to.empty() && quick.secret_file.empty() &&
             quick.store.empty());
}

// A receiver on this machine or in a private network is what people try first, and what the guard stops: say so at
// once.
void warn_of_guard(const trot_plan* plan, const std::string& url) {
    if (url.empty()) return;
    trot_fault why = empty_fault();
    if (trot_guard(plan, text_of(url), &why) == TROT_EREFUSED)
        warn(fmt::format(
            "deliveries to {} are blocked: {}. To allow a private network: --allow CIDR, as in --allow 127.0.0.1/32",
            url, why.text));
}

}  // namespace

int run(const RunArgs& args) {
    const bool quick = any_quick(args.quick);
    if (quick && !args.config.empty())
        throw Failure(exit_usage, "either -c FILE or the options that stand for one, not both");
    if (args.show && !quick)
        throw Failure(exit_usage, "--show prints the configuration that --upstream and its companions mean");
    HostOptions options;
    if (!quick) {
        options.config_path = config_file(args.config);
        return run_host(options);
    }
    options.config_text = quick_toml(args.quick);
    const Plan plan = parse_plan(options.config_text, options.config_name);
    if (args.show) {
        put(options.config_text);
        return exit_fine;
    }
    warn_of_guard(plan.get(), args.quick.deliver_to);
    return run_host(options);
}

int dispatch(const RunArgs& args) {
    HostOptions options;
    options.config_path = config_file(args.config);
    return run_dispatch_only(options);
}

}  // namespace trot::cli
