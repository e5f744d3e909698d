#include "plan/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>

#include "plan/delivery_rules.h"
#include "plan/dialects.h"
#include "plan/hearing.h"
#include "plan/include.h"
#include "plan/key_set.h"
#include "plan/match.h"
#include "plan/shape_check.h"
#include "plan/tables.h"

namespace trot {

const KeyList& top_keys() {
    static const KeyList keys{"",
                              {"include", "dialects", "store", "capture", "egress", "admin", "standalone", "hydrate",
                               "hook", "job", "snapshot", "dialect", "delivery", "key_set", "subscription", "api"}};
    return keys;
}

std::vector<const RawValue*> tables_of(const RawValue& value, std::string_view name, Report& report) {
    std::vector<const RawValue*> out;
    if (value.kind != RawValue::Kind::list) {
        report.mistake(value.at,
                       fmt::format("'{}' is {}, each one is written as [[{}]]", name, kind_name(value.kind), name));
        return out;
    }
    for (const RawValue& one : value.list) {
        if (one.kind == RawValue::Kind::table)
            out.push_back(&one);
        else
            report.mistake(
                one.at, fmt::format("'{}' holds {}, each one is written as [[{}]]", name, kind_name(one.kind), name));
    }
    return out;
}

namespace {

class Loader {
  public:
    Loader(const RawValue& root, Report& report, const Vocabulary& words, Plan& plan)
        : root_(root), report_(report), load_{report, plan.settings, words, plan.egress.urls}, plan_(plan), none_() {
        none_.at = root.at;
    }

    void run() {
        refuse_unknown(root_, top_keys(), report_);
        read_store(table("store"), load_, plan_.store);
        read_capture(table("capture"), load_, plan_.capture, plan_.contexts.front());
        read_egress(table("egress"), load_, plan_.egress);
        read_admin(table("admin"), load_, plan_.admin);
        read_standalone(table("standalone"), load_, plan_.standalone);
        const RawValue* hydrate = root_.find("hydrate") ? &table("hydrate") : nullptr;
        read_hydrate(hydrate, load_, plan_.standalone, plan_.hydrate);
        read_all_hooks(root_, load_, {}, plan_.hooks);
        std::vector<Unseen> unseen;
        read_dialects(root_, load_, plan_, unseen);
        for (const RoutingContext& context : plan_.contexts)
            plan_.method_override = plan_.method_override || context.method_override != 0;
        if (hydrate) warn_nothing_hydrates(*hydrate);
        add_own();
        note_capture(plan_, plan_.settings);
        plan_.delivery.schedule_ms = default_schedule();
        plan_.delivery.trace = false;  // what an API makes speaks a system's own format
        if (root_.find("delivery")) {
            Section section(table("delivery"), delivery_keys(), report_, nullptr);
            read_delivery(section, load_, plan_.delivery);
            for (const std::string_view key : delivery_keys().keys)
                if (section.find(key) != nullptr) plan_.delivery_says.emplace_back(key);
        }
        if (root_.find("key_set")) read_key_set(table("key_set"), load_);
        if (const RawMember* list = root_.find("subscription")) {
            read_subscriptions(list->value, root_.find("delivery") ? &table("delivery") : nullptr, load_,
                               plan_.subscriptions);
            warn_unheard(list->value, plan_, unseen, report_);
            warn_refused(list->value, plan_.subscriptions, "the subscription");
        }
        if (const RawMember* list = root_.find("api")) {
            read_apis(list->value, load_, plan_.apis);
            warn_refused(list->value, plan_.apis, "the [[api]]");
        }
        note_names("apis", plan_.apis);
        note_claims();
        note_hooks();
        note_names("subscriptions", plan_.subscriptions);
        std::sort(plan_.settings.begin(), plan_.settings.end());
    }

  private:
    // Jobs and snapshots work like hooks inside; to an operator they are none.
    void note_hooks() {
        std::vector<std::string> names;
        for (const Hook& hook : plan_.hooks)
            if (hook.does == Does::event) names.push_back(hook.name);
        plan_.settings.emplace_back("hooks", std::move(names));
    }

    // Where claims are answered; those of before a reload as well, as long as the address is the same.
    void note_claims() {
        const auto add = [this](const ShapeRules& shape) {
            if (shape.payload != ShapeRules::Payload::claim || shape.public_url.empty()) return;
            std::string path = claim_path(shape.public_url);
            std::vector<std::string>& known = plan_.claim_paths;
            if (std::find(known.begin(), known.end(), path) == known.end()) known.push_back(std::move(path));
        };
        add(plan_.delivery.shape);
        for (const Subscription& subscription : plan_.subscriptions) add(subscription.shape);
    }

    // For hosts, which see no C++ types: how many there are, and their names.
    template <class List>
    void note_names(const char* key, const List& list) {
        std::vector<std::string> names;
        names.reserve(list.size());
        for (const auto& one : list) names.push_back(one.name);
        plan_.settings.emplace_back(key, std::move(names));
    }

    const RawValue& table(std::string_view name) {
        const RawMember* member = root_.find(name);
        if (!member) return none_;
        if (member->value.kind == RawValue::Kind::table) return member->value;
        report_.mistake(member->value.at,
                        fmt::format("'{}' is {}, it is written as [{}]", name, kind_name(member->value.kind), name));
        return none_;
    }

    void warn_nothing_hydrates(const RawValue& table) {
        const auto hydrates = [](const Hook& hook) { return hook.hydrate.set(); };
        if (std::none_of(plan_.hooks.begin(), plan_.hooks.end(), hydrates))
            report_.warning(table.at, "no hook hydrates: [hydrate] has no effect, give a hook a 'hydrate'");
    }

    // Whatever address stands in a URL: deliveries that never arrive are better told before the first.
    template <class List>
    void warn_refused(const RawValue& tables, const List& list, std::string_view place) {
        if (!load_.words.refused || tables.list.size() != list.size()) return;
        for (size_t i = 0; i < list.size(); ++i) {
            const auto warn = [&](const RawValue& from, std::string_view key, const CheckedUrl& url) {
                const RawMember* member = from.find(key);
                const std::string why = url.text.empty() ? "" : load_.words.refused(plan_, url, list[i].allow, place);
                if (!why.empty())
                    report_.warning(member != nullptr ? member->value.at : tables.list[i].at,
                                    fmt::format("no delivery reaches '{}': {}", key, why));
            };
            if constexpr (requires { list[i].url; }) warn(tables.list[i], "url", list[i].url);
            const RawMember* oauth = tables.list[i].find("oauth");
            warn(oauth != nullptr ? oauth->value : tables.list[i], "token_url", list[i].oauth.token_url);
        }
    }

    // Deliveries to our own listeners or to the upstream would go round in a circle. Names (an upstream's) are the
    // guard's to judge.
    void add_own() {
        std::vector<std::string> more = plan_.standalone.listen;
        more.push_back(plan_.admin.listen);
        for (const std::string* upstream : {&plan_.standalone.upstream, &plan_.hydrate.upstream}) {
            const size_t slashes = upstream->find("://");
            if (slashes == std::string::npos) continue;
            std::string address = upstream->substr(slashes + 3);
            address.resize(std::min(address.size(), address.find('/')));
            if (address.find(':', address.rfind(']') + 1) == std::string::npos)
                address += slashes == 5 ? ":443" : ":80";
            if (std::find(more.begin(), more.end(), address) == more.end()) more.push_back(address);
        }
        for (const std::string& one : more)
            if (check_listen(one) && one.substr(0, 5) != "unix:" && one.substr(0, 10) != "localhost:")
                plan_.egress.own.push_back(one);
    }

    const RawValue& root_;
    Report& report_;
    Loading load_;
    Plan& plan_;
    RawValue none_;
};

Result<PlanPtr> build(std::string_view text, const std::string& name, const Vocabulary& words) {
    static std::atomic<uint64_t> generations{0};
    Report report;
    const RawValue root = join_files(text, name, report);
    const auto plan = std::make_shared<Plan>();
    Loader(root, report, words, *plan).run();
    if (!report.clean()) return Fault{Code::config, report.mistakes()};
    plan->warnings = report.warnings();
    plan->source = name;
    plan->generation = ++generations;
    plan->matcher = std::make_shared<const Matcher>(plan->hooks, plan->contexts, plan->store);
    return PlanPtr(plan);
}

}  // namespace

Result<PlanPtr> parse_plan(std::string_view text, const std::string& name, const Vocabulary& words) {
    // toml++, fmt and std::regex may throw (memory, mostly); nothing of it leaves this room.
    try {
        return build(text, name, words);
    } catch (const std::bad_alloc&) {
        return Fault{Code::no_memory, name + ": not enough memory to load the configuration"};
    } catch (const std::exception& error) {
        return Fault{Code::internal, name + ": " + error.what()};
    }
}

Result<PlanPtr> load_plan(const std::string& path, const Vocabulary& words) {
    try {
        const Result<std::string> text = read_config_file(path);
        if (!text)
            return Fault{Code::config, fmt::format("{}: cannot read the configuration: {}", path, text.fault().text)};
        return parse_plan(text.value(), path, words);
    } catch (const std::bad_alloc&) {
        return Fault{Code::no_memory, path + ": not enough memory to load the configuration"};
    }
}

// A table of its own, listed by itself.
static bool is_table(const KeyList& list, std::string_view key) {
    return key == "result" || (key == "key" && &list == &api_keys()) || (key == "tls" && &list == &delivery_keys()) ||
           (key == "oauth" && (&list == &delivery_keys() || &list == &api_keys()));
}

std::vector<std::string> known_keys() {
    std::vector<std::string> out{"include", "dialects"};
    for (const KeyList* list :
         {&store_keys(), &capture_keys(), &egress_keys(), &admin_keys(), &standalone_keys(), &hydrate_keys(),
          &hook_keys(), &job_keys(), &job_result_keys(), &snapshot_keys(), &delivery_keys(), &tls_keys(), &oauth_keys(),
          &key_set_keys(), &subscription_keys(), &api_keys(), &api_key_keys()})
        for (const std::string_view key : list->keys)
            if (!is_table(*list, key)) out.push_back(fmt::format("{}.{}", list->table, key));
    return out;
}

std::vector<std::string> known_dialect_keys() {
    std::vector<std::string> out{"only"};
    for (const KeyList* list : {&option_keys(), &unseen_keys()})
        for (const std::string_view key : list->keys) out.emplace_back(key);
    return out;
}

}  // namespace trot
