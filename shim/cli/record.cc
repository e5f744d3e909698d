#include "record.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "door.h"
#include "quick.h"
#include "say.h"

namespace trot::cli {

std::string store_of(const StoreArgs& args) {
    if (!args.store.empty()) return args.store;
    // Nobody says which: the configuration of this machine, or where `trotline run --upstream …` writes.
    if (args.config.empty() && access(default_config, F_OK) != 0) return default_store();
    try {
        const std::string url = setting(load_plan(args.config).get(), "store.url");
        return url.substr(std::min(url.find(':') + 1, url.size()));  // "sqlite:/var/lib/trotline"
    } catch (const Failure& failure) {
        // A secret in an environment that only the host has is the usual reason.
        throw Failure(failure.code(),
                      fmt::format("{}\nthe store can also be named by itself: --store DIR", failure.what()));
    }
}

Record query(const std::string& store, const char* what, const json_t* filter) {
    const std::string asked = filter == nullptr ? std::string() : dump_json(filter);
    trot_reply* raw = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_query(store.c_str(), what, text_of(asked), &raw, &fault);
    const Reply reply(raw);
    struct stat there {};
    if (code == TROT_ENOTFOUND && stat(store.c_str(), &there) == 0 && std::string_view(what) == "event")
        throw Failure(exit_no, words_of(code, fault));
    if (code != TROT_OK) throw Failure(code == TROT_EUSAGE ? exit_usage : exit_unreachable, words_of(code, fault));
    Record record;
    record.text = body_of(reply);
    std::string_view rest = record.text;
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        if (end > 0) record.lines.push_back(parse_json(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return record;
}

}  // namespace trot::cli
