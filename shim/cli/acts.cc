// trotline redeliver, backfill, cancel, pause, resume, send-test: asked of the running host's admin API where the
// configuration names one, else written into the store, where a host finds it.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "ask_host.h"
#include "commands.h"
#include "door.h"
#include "json.h"
#include "record.h"
#include "say.h"
#include "table.h"

namespace trot::cli {
namespace {

std::string who() {
    const passwd* user = getpwuid(getuid());
    return fmt::format("`trotline`, user {}", user != nullptr ? user->pw_name : std::to_string(getuid()));
}

std::string beside(const std::string& file, const std::string& path) {
    const size_t slash = file.rfind('/');
    return path.empty() || path.front() == '/' || slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

// The running host's answer. Nothing where no admin API is configured, or nobody listens.
std::optional<HostAnswer> ask_running(const StoreArgs& where, const std::string& what, const std::string& request) {
    if (!where.store.empty()) return std::nullopt;
    if (where.config.empty() && access(default_config, F_OK) != 0) return std::nullopt;
    const Plan plan = load_plan(where.config);
    const std::string listen = setting(plan.get(), "admin.listen");
    if (listen.empty()) return std::nullopt;
    const std::string token = read_secret(beside(config_file(where.config), setting(plan.get(), "admin.token_file")));
    return ask_host(listen, token, "/" + what, request);
}

Json answer_of(const HostAnswer& answer) {
    Json body = parse_json(answer.body);
    if (answer.status >= 200 && answer.status <= 299 && body) return body;
    const std::string why = body ? std::string(text_at(body.get(), "error")) : answer.body;
    const Exit code = answer.status == 400                           ? exit_usage
                      : answer.status == 404 || answer.status == 409 ? exit_no
                                                                     : exit_unreachable;
    throw Failure(code, why.empty() ? fmt::format("the host answered {}", answer.status) : plain(why));
}

Json write_to_store(const StoreArgs& where, const std::string& what, const std::string& request) {
    const std::string store = store_of(where);
    const std::string by = who();
    trot_reply* raw = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_act(store.c_str(), what.c_str(), text_of(request), text_of(by), &raw, &fault);
    const Reply reply(raw);
    const bool no =
        code == TROT_EREFUSED || (code == TROT_ENOTFOUND && access((store + "/trotline.db").c_str(), F_OK) == 0);
    if (code != TROT_OK)
        throw Failure(no ? exit_no : code == TROT_EUSAGE ? exit_usage : exit_unreachable, words_of(code, fault));
    return parse_json(body_of(reply));
}

std::string steered(const json_t* answer, const std::string& what) {
    const std::string name = plain(text_at(answer, "subscription"));
    if (what == "send-test")
        return fmt::format(
            "{} of topic {} is on its way to {}; `trotline attempts --delivery {}` shows what it answers\n",
            text_at(answer, "delivery"), plain(text_at(answer, "topic")), name, text_at(answer, "delivery"));
    const int64_t pending = number_at(answer, "pending");
    const std::string why = plain(text_at(answer, "reason"));
    const std::string_view was = text_at(answer, "was");
    if (!json_is_true(json_object_get(answer, "changed")))
        return fmt::format("{} is {} already{}; deliveries that wait: {}\n", name, was,
                           why.empty() ? "" : fmt::format(" ({})", why), pending);
    if (what == "pause")
        return fmt::format(
            "{0} is paused: nothing goes out until `trotline resume {0}`, new deliveries wait; those that "
            "wait now: {1}\n",
            name, pending);
    std::string out =
        fmt::format("{} is active again (it was {}: {}); deliveries that go on: {}\n", name, was, why, pending);
    if (const std::string_view since = text_at(answer, "missed_since"); !since.empty())
        out += fmt::format(
            "what came meanwhile made no delivery; to get it: trotline backfill --subscription {} --since {}\n", name,
            since);
    return out;
}

std::string sentence_of(const json_t* answer, const std::string& what) {
    if (what == "pause" || what == "resume" || what == "send-test") return steered(answer, what);
    if (json_is_true(json_object_get(answer, "dry_run"))) {
        const bool events = json_object_get(answer, "at_most") != nullptr;
        const int64_t count = number_at(answer, events ? "at_most" : "deliveries");
        if (events) return fmt::format("at most {} events would be delivered\n", count);
        return fmt::format("{} deliveries would be {}\n", count, what == "cancel" ? "cancelled" : "sent again");
    }
    const int64_t task = number_at(answer, "task");
    if (json_is_true(json_object_get(answer, "cancelled"))) return fmt::format("task {} is cancelled\n", task);
    if (task == 0) return "nothing of that time is recorded: there is nothing to do\n";
    return fmt::format("task {} is taken; `trotline tasks` shows how far it is\n", task);
}

void carry_out(const ActArgs& args, const Json& request) {
    const std::string text = dump_json(request.get());
    const std::optional<HostAnswer> running = ask_running(args.where, args.what, text);
    const Json answer = running ? answer_of(*running) : write_to_store(args.where, args.what, text);
    put(args.json ? dump_json(answer.get()) + "\n" : sentence_of(answer.get(), args.what));
}

}  // namespace

int act(const ActArgs& args) {
    const Json request(json_object());
    const std::pair<const char*, const std::string*> texts[] = {
        {"event", &args.event}, {"state", &args.state}, {"subscription", &args.subscription},
        {"topic", &args.topic}, {"since", &args.since}, {"until", &args.until},
        {"to", &args.to}};
    for (const auto& [key, value] : texts)
        if (!value->empty()) json_object_set_new(request.get(), key, json_string(value->c_str()));
    if (args.task > 0) json_object_set_new(request.get(), "task", json_integer(args.task));
    if (args.dry_run) json_object_set_new(request.get(), "dry_run", json_true());
    for (const std::string& id : args.ids) {
        const Json one(json_deep_copy(request.get()));
        json_object_set_new(one.get(), "delivery", json_string(id.c_str()));
        carry_out(args, one);
    }
    if (args.ids.empty()) carry_out(args, request);
    return exit_fine;
}

}  // namespace trot::cli
