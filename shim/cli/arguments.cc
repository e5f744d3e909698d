#include "arguments.h"

#include <fmt/format.h>
#include <trotline/trotline.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>

#include "commands.h"
#include "say.h"

namespace trot::cli {
namespace {

// Edits (insert, delete, replace) from one word to another.
size_t distance(std::string_view from, std::string_view to) {
    std::vector<size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= from.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= to.size(); ++j) {
            const size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

// ", did you mean 'x'?" or nothing when no candidate is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    const auto best = std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
        return distance(word, a) < distance(word, b);
    });
    if (best == candidates.end() || distance(word, *best) * 2 > word.size()) return {};
    return fmt::format(", did you mean '{}'?", *best);
}

std::vector<std::string> names_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::string help_of(const CLI::App& at) {
    return fmt::format("see trotline {}--help", at.get_parent() == nullptr ? "" : at.get_name() + " ");
}

// The last command that was named: `trotline events --tpoic` is about `events`.
const CLI::App& innermost(const CLI::App& app) {
    const std::vector<CLI::App*> chosen = app.get_subcommands();
    return chosen.empty() ? app : innermost(*chosen.back());
}

std::string unknown_option(const CLI::App& at, const std::string& word) {
    const std::string name = word.substr(0, word.find('='));
    return fmt::format("unknown option {}{}; {}", name, nearest(name, names_of(at)), help_of(at));
}

bool option_like(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

// What is left over are the values, but for what looks like an option.
std::vector<std::string> values_of(const CLI::App& app) {
    std::vector<std::string> values = app.remaining();
    for (const std::string& word : values)
        if (option_like(word)) throw Failure(exit_usage, unknown_option(app, word));
    return values;
}

std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& at = innermost(app);
    const std::string help = help_of(at);
    const std::vector<std::string> extras = app.remaining(true);
    const std::string word = extras.empty() ? std::string() : extras.front();
    if (option_like(word)) return unknown_option(at, word);
    if (extras.empty()) {
        const bool bare = at.get_parent() == nullptr && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
        return fmt::format("{}; {}", bare ? "a command is needed" : error.what(), help);
    }
    if (at.get_parent() != nullptr) return fmt::format("unexpected argument '{}'; {}", word, help);
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
    return fmt::format("unknown command '{}'{}; {}", word, nearest(word, commands), help);
}

// An option that may be given several times, one value each.
CLI::Option* many(CLI::App* app, const std::string& name, std::vector<std::string>& into, const std::string& help) {
    return app->add_option(name, into, help)->expected(1)->take_all()->allow_extra_args(false);
}

void config_option(CLI::App* app, std::string& into) {
    app->add_option("-c,--config", into, fmt::format("configuration file [{}]", default_config))->type_name("FILE");
}

void store_options(CLI::App* app, StoreArgs& into) {
    config_option(app, into.config);
    app->add_option("--store", into.store, "the store's directory, instead of the one the configuration names")
        ->type_name("DIR");
}

using Chosen = std::function<int()>;

constexpr const char* formats =
    "standard, svix, stripe, github, shopify, cloudevents, http-signature, plain, woocommerce, cosmic, shareactor, "
    "datocms or cockpit";

void add_run(CLI::App& app, Chosen& chosen) {
    auto args = std::make_shared<RunArgs>();
    CLI::App* run_app = app.add_subcommand("run", "Proxy and dispatcher in the foreground");
    config_option(run_app, args->config);
    QuickPlan& quick = args->quick;
    const std::string group = "Without a file";
    run_app->add_option("--upstream", quick.upstream, "the application: http://HOST:PORT")
        ->type_name("URL")
        ->group(group);
    many(run_app, "--listen", quick.listen, "where clients come in [127.0.0.1:8080]")
        ->type_name("HOST:PORT")
        ->group(group);
    many(run_app, "--dialect", quick.dialects, "hooks of a known system: wordpress, woocommerce, …")
        ->type_name("NAME")
        ->group(group);
    many(run_app, "--hook", quick.hooks,
         "own hook: 'order.created=POST /orders'; 'order.updated=PUT,PATCH /orders/{id}'")
        ->type_name("TOPIC=METHOD PATH")
        ->group(group);
    run_app->add_option("--deliver-to", quick.deliver_to, "receiver of the webhooks")->type_name("URL")->group(group);
    many(run_app, "--topic", quick.topics, "deliver only these topics [*]")->type_name("PATTERN")->group(group);
    run_app->add_option("--format", quick.format, fmt::format("how deliveries look: {} [standard]", formats))
        ->type_name("NAME")
        ->group(group);
    run_app->add_option("--secret-file", quick.secret_file, "the key that signs them")->type_name("FILE")->group(group);
    many(run_app, "--allow", quick.allow, "private network that deliveries may reach")->type_name("CIDR")->group(group);
    run_app
        ->add_option("--store", quick.store,
                     "directory of the record [~/.local/state/trotline, as root /var/lib/trotline]")
        ->type_name("DIR")
        ->group(group);
    run_app->add_flag("--show", args->show, "print the configuration that these options mean, and exit")->group(group);
    run_app->callback([args, &chosen] { chosen = [args] { return run(*args); }; });

    auto only = std::make_shared<RunArgs>();
    CLI::App* dispatch_app = app.add_subcommand("dispatch", "Dispatcher only: other hosts record, this one delivers");
    config_option(dispatch_app, only->config);
    dispatch_app->callback([only, &chosen] { chosen = [only] { return dispatch(*only); }; });
}

void add_dry(CLI::App& app, const std::vector<std::string>& behind, Chosen& chosen) {
    auto checking = std::make_shared<CheckArgs>();
    CLI::App* check_app = app.add_subcommand("check", "Validate a configuration: every mistake as file:line:column");
    config_option(check_app, checking->config);
    check_app->add_flag(
        "--online", checking->online,
        "also connect to each subscription's url and token_url, and to [hydrate] upstream (sends no request)");
    check_app->callback([checking, &chosen] { chosen = [checking] { return check(*checking); }; });

    auto explaining = std::make_shared<ExplainArgs>();
    CLI::App* explain_app =
        app.add_subcommand("explain", "Dry run: which events would these exchanges make, and why (not)");
    config_option(explain_app, explaining->config);
    explain_app->add_option("--exchange", explaining->exchanges, "raw HTTP request and answer (repeatable)")
        ->type_size(2)
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false)
        ->type_name("REQ RES");
    explain_app->add_option("--har", explaining->har, "an HTTP Archive of a browser")->type_name("FILE");
    explain_app->callback([explaining, &chosen] { chosen = [explaining] { return explain(*explaining); }; });

    auto guarding = std::make_shared<GuardArgs>();
    CLI::App* guard_app = app.add_subcommand(
        "guard", "May a delivery go to VALUE…, URLs or addresses? 'allow' or 'block: why', one line each");
    guard_app->add_option("-c,--config", guarding->config, "judge by this configuration's [egress]")->type_name("FILE");
    // As extras, because the parser takes the brackets off a positional like [::1].
    guard_app->allow_extras();
    guard_app->callback([guarding, guard_app, &behind, &chosen] {
        guarding->values = values_of(*guard_app);
        guarding->values.insert(guarding->values.end(), behind.begin(), behind.end());
        if (guarding->values.empty())
            throw Failure(exit_usage, fmt::format("a URL or an address is needed; {}", help_of(*guard_app)));
        chosen = [guarding] { return guard(*guarding); };
    });
}

void add_signatures(CLI::App& app, Chosen& chosen) {
    auto signing = std::make_shared<SignArgs>();
    CLI::App* sign_app =
        app.add_subcommand("sign", "The headers that a delivery of the body on standard input would carry");
    auto verifying = std::make_shared<SignArgs>();
    CLI::App* verify_app = app.add_subcommand("verify", "Do these headers prove the body on standard input?");
    for (const auto& [command, args] : {std::pair{sign_app, signing.get()}, std::pair{verify_app, verifying.get()}}) {
        command
            ->add_option("--format", args->format,
                         fmt::format("{}, with options as in \"woocommerce?version=6.5.1\" [standard]", formats))
            ->type_name("NAME");
        command->add_option("--url", args->url, "where the delivery goes, for formats that sign it (http-signature)")
            ->type_name("URL");
        command->add_option("--secret-file", args->secret_file, "the key")->type_name("FILE")->required();
    }
    sign_app->add_option("--id", signing->id, "the delivery's id [a random one]")->type_name("ID");
    sign_app->add_option("--topic", signing->topic, "the event's topic [test.ping]")->type_name("TOPIC");
    sign_app->add_option("--timestamp", signing->timestamp, "Unix seconds [now]")->type_name("N");
    verify_app->add_option("--method", verifying->method, "the request's, for formats that sign it [POST]")
        ->type_name("METHOD");
    many(verify_app, "--header", verifying->headers, "a header of the delivery (repeatable)")
        ->type_name("'NAME: VALUE'");
    verify_app->add_option("--timestamp", verifying->timestamp, "Unix seconds to judge timestamps by [now]")
        ->type_name("N");
    sign_app->callback([signing, &chosen] { chosen = [signing] { return sign(*signing); }; });
    verify_app->callback([verifying, &chosen] { chosen = [verifying] { return verify(*verifying); }; });

    auto printing = std::make_shared<KeysArgs>();
    CLI::App* keys_app = app.add_subcommand(
        "keys", "The public keys that verify its deliveries (Ed25519), as a JSON Web Key Set: what [key_set] serves");
    config_option(keys_app, printing->config);
    keys_app->callback([printing, &chosen] { chosen = [printing] { return keys(*printing); }; });

    auto listening = std::make_shared<ListenArgs>();
    CLI::App* listen_app = app.add_subcommand("listen", "A receiver for trying things: one JSON line a request");
    listen_app->add_option("--port", listening->port, "0 takes a free one and says which")->type_name("N")->required();
    listen_app->add_option("--bind", listening->bind, "address [127.0.0.1]")->type_name("ADDRESS");
    listen_app->add_option("--format", listening->format, "format to verify, as of trotline verify [standard]")
        ->type_name("NAME");
    listen_app->add_option("--secret-file", listening->secret_file, "the key to verify with")->type_name("FILE");
    listen_app->add_option("--status", listening->status, "what to answer [200]")
        ->type_name("N")
        ->check(CLI::Range(200, 599));
    listen_app->callback([listening, &chosen] { chosen = [listening] { return listen(*listening); }; });
}

CLI::App* add_list(CLI::App& app, Chosen& chosen, const std::shared_ptr<ListArgs>& args, const std::string& help) {
    CLI::App* list_app = app.add_subcommand(args->what, help);
    store_options(list_app, args->where);
    list_app->add_flag("--json", args->json, "one JSON object a line");
    list_app->callback([args, &chosen] { chosen = [args] { return list(*args); }; });
    return list_app;
}

void time_options(CLI::App* app, std::string& since, std::string& until) {
    app->add_option("--since", since, "events from then on: 2026-11-27T06:00:00Z, or how long ago: 24h")
        ->type_name("TIME");
    app->add_option("--until", until, "events from before then")->type_name("TIME");
}

void page_options(CLI::App* app, ListArgs& args, bool follow) {
    app->add_option("--limit", args.limit, "at most so many [100]")->type_name("N")->check(CLI::Range(1, 1000000));
    app->add_flag("--oldest-first", args.oldest_first, "instead of newest first");
    if (!follow) return;
    app->add_option("--after", args.after, "only what came after this id")->type_name("ID");
    app->add_flag("-f,--follow", args.follow, "go on with what comes in");
}

void add_lists(CLI::App& app, Chosen& chosen) {
    const auto named = [](const char* what) {
        auto args = std::make_shared<ListArgs>();
        args->what = what;
        return args;
    };
    const auto events = named("events");
    CLI::App* events_app =
        add_list(app, chosen, events, "What happened: recorded events, or one of them with its payload");
    events_app->add_option("id", events->id, "show this event whole");
    events_app->add_option("--topic", events->topic, "order.created, order.*")->type_name("PATTERN");
    time_options(events_app, events->since, events->until);
    page_options(events_app, *events, true);

    const auto deliveries = named("deliveries");
    CLI::App* deliveries_app = add_list(app, chosen, deliveries, "What goes to whom: deliveries and their state");
    deliveries_app->add_option("--topic", deliveries->topic, "order.created, order.*")->type_name("PATTERN");
    deliveries_app->add_option("--subscription", deliveries->subscription, "of this subscription")->type_name("NAME");
    deliveries_app->add_option("--state", deliveries->state, "pending, delivered, dead or cancelled")
        ->type_name("STATE")
        ->check(CLI::IsMember({"pending", "delivered", "dead", "cancelled", "gathering", "queued"}));
    deliveries_app->add_option("--event", deliveries->event, "of this event")->type_name("ID");
    time_options(deliveries_app, deliveries->since, deliveries->until);
    page_options(deliveries_app, *deliveries, true);

    const auto attempts = named("attempts");
    CLI::App* attempts_app =
        add_list(app, chosen, attempts, "Each HTTP try of a delivery and what the receiver answered");
    attempts_app->add_option("--delivery", attempts->delivery, "of this delivery")->type_name("ID");
    page_options(attempts_app, *attempts, false);

    add_list(app, chosen, named("subscriptions"), "Who wants which topics, and how that goes");
    add_list(app, chosen, named("tasks"), "What was asked for (redeliver, backfill, cancel) and has not ended");

    auto status_args = std::make_shared<StatusArgs>();
    CLI::App* status_app = app.add_subcommand("status", "Health in one screen; exit 0 when all is well");
    store_options(status_app, status_args->where);
    status_app->add_flag("--json", status_args->json, "as one JSON object");
    status_app->callback([status_args, &chosen] { chosen = [status_args] { return status(*status_args); }; });
}

std::shared_ptr<ActArgs> add_act(CLI::App& app, Chosen& chosen, const std::string& what, const std::string& help) {
    auto args = std::make_shared<ActArgs>();
    args->what = what;
    CLI::App* act_app = app.add_subcommand(what, help);
    store_options(act_app, args->where);
    act_app->add_option("--subscription", args->subscription, "of this subscription")->type_name("NAME");
    act_app->add_option("--topic", args->topic, "order.created, order.*")->type_name("PATTERN");
    act_app->add_option("--event", args->event, "of this event")->type_name("ID");
    time_options(act_app, args->since, args->until);
    act_app->add_flag("--dry-run", args->dry_run, "only say how many it would be");
    act_app->add_flag("--json", args->json, "the answer as a JSON object");
    act_app->callback([args, &chosen] { chosen = [args] { return act(*args); }; });
    return args;
}

std::shared_ptr<ActArgs> add_steering(CLI::App& app, Chosen& chosen, const std::string& what, const std::string& help) {
    auto args = std::make_shared<ActArgs>();
    args->what = what;
    CLI::App* act_app = app.add_subcommand(what, help);
    store_options(act_app, args->where);
    act_app->add_option("name", args->subscription, "the subscription, as `trotline subscriptions` lists it")
        ->required();
    act_app->add_flag("--json", args->json, "the answer as a JSON object");
    act_app->callback([args, &chosen] { chosen = [args] { return act(*args); }; });
    return args;
}

void add_acts(CLI::App& app, Chosen& chosen) {
    const auto redeliver = add_act(app, chosen, "redeliver",
                                   "Send deliveries again, with the same id: some, or all that fit (the dead ones)");
    CLI::App* redeliver_app = app.get_subcommand("redeliver");
    redeliver_app->add_option("id", redeliver->ids, "deliveries");
    redeliver_app->add_option("--state", redeliver->state, "dead, delivered, cancelled or pending [dead]")
        ->type_name("STATE");
    redeliver_app
        ->add_option("--to", redeliver->to, "recorded events once more, as new deliveries for this subscription")
        ->type_name("NAME");
    add_act(app, chosen, "backfill", "Deliver recorded events that a subscription has not got");
    const auto cancel = add_act(app, chosen, "cancel", "Cancel a task, or deliveries that have not ended");
    CLI::App* cancel_app = app.get_subcommand("cancel");
    cancel_app->add_option("id", cancel->ids, "deliveries");
    cancel_app->add_option("--task", cancel->task, "a task")->type_name("N")->check(CLI::Range(int64_t{1}, INT64_MAX));
    add_steering(app, chosen, "pause", "Hold back a subscription's deliveries: old ones and new ones wait");
    add_steering(app, chosen, "resume", "Make a paused or disabled subscription active again: what waits goes on");
    const auto test = add_steering(app, chosen, "send-test", "Send a test event to one subscription, signed as always");
    app.get_subcommand("send-test")
        ->add_option("--topic", test->topic, "as if it were of this topic [trotline.test]")
        ->type_name("TOPIC");
}

}  // namespace

std::function<int()> read_arguments(int argc, const char* const* argv) {
    CLI::App app("Trotline: signed webhooks for any HTTP application, from the proxy in front of it.", "trotline");
    app.set_version_flag("-V,--version", fmt::format("trotline {}", trot_version()), "print the version");
    app.set_help_flag("-h,--help", "print this");
    app.get_formatter()->column_width(34);
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.require_subcommand(1);
    app.footer("Exit codes: 0 fine, 1 the answer is no, 2 bad usage, 3 cannot reach host or store.");
    Chosen chosen;
    // What stands behind "--" is never an option: only guard takes such words.
    const char* const* const mark = std::find_if(argv, argv + argc, [](std::string_view word) { return word == "--"; });
    const std::vector<std::string> behind(std::min(mark + 1, argv + argc), argv + argc);
    add_run(app, chosen);
    add_dry(app, behind, chosen);
    add_signatures(app, chosen);
    add_lists(app, chosen);
    add_acts(app, chosen);
    for (CLI::App* command : app.get_subcommands({})) command->group("Commands");
    try {
        app.parse(static_cast<int>(mark - argv), argv);
        if (!behind.empty() && !app.got_subcommand("guard"))
            throw Failure(exit_usage,
                          fmt::format("unexpected argument '{}'; {}", behind.front(), help_of(innermost(app))));
    } catch (const CLI::Success& wanted) {  // --help, --version
        (void)app.exit(wanted);
        return [] { return static_cast<int>(exit_fine); };
    } catch (const CLI::ParseError& error) {
        throw Failure(exit_usage, complaint(app, error));
    }
    return chosen;
}

}  // namespace trot::cli
