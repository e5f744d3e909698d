// The commands of the one executable, and what each may be told. arguments.cc fills these structs from the command line
// (it alone knows the parser library), the other files carry them out. Callers: main. Threads: one; `run` and
// `dispatch` hand it to the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trot::cli {

inline constexpr const char* default_config = "/etc/trotline/trotline.toml";

// A host without a file: what `trotline run --upstream …` writes its configuration from.
struct QuickPlan {
    std::string upstream;
    std::vector<std::string> listen, dialects, hooks, allow, topics;
    std::string deliver_to, secret_file, format = "standard", store;
};

struct RunArgs {
    std::string config;
    QuickPlan quick;
    bool show = false;  // print the configuration instead of running it
};

struct CheckArgs {
    std::string config;
    bool online = false;  // look at names, connections and certificates as well
};

struct ExplainArgs {
    std::string config;
    std::vector<std::string> exchanges;  // request file, answer file, request file, …
    std::string har;
};

struct GuardArgs {
    std::string config;
    std::vector<std::string> values;
};

struct SignArgs {  // sign and verify
    std::string format = "standard";
    std::string secret_file;
    std::string id, topic = "test.ping";
    std::string url, method = "POST";  // of formats that sign where a delivery goes
    std::vector<std::string> headers;
    int64_t timestamp = 0;  // Unix seconds; 0 is now
};

struct KeysArgs {
    std::string config;
};

struct ListenArgs {
    uint16_t port = 0;
    std::string bind = "127.0.0.1";
    std::string format = "standard";
    std::string secret_file;
    unsigned status = 200;
};

// Where the record is: a store's directory, or the configuration that names it.
struct StoreArgs {
    std::string config, store;
};

struct ListArgs {
    StoreArgs where;
    std::string what;  // "events", "deliveries", "attempts", "subscriptions", "tasks"
    std::string id;    // one event instead of the list
    std::string topic, subscription, state, event, delivery, after, since, until;
    size_t limit = 100;
    bool oldest_first = false, json = false, follow = false;
};

// redeliver, backfill, cancel, pause, resume, send-test
struct ActArgs {
    StoreArgs where;
    std::string what;
    std::vector<std::string> ids;  // of deliveries
    std::string event, state, subscription, topic, since, until, to;
    int64_t task = 0;
    bool dry_run = false, json = false;
};

struct StatusArgs {
    StoreArgs where;
    bool json = false;
};

// Each returns the exit code or throws Failure (say.h).
int run(const RunArgs& args);
int dispatch(const RunArgs& args);
int check(const CheckArgs& args);
int explain(const ExplainArgs& args);
int guard(const GuardArgs& args);
int sign(const SignArgs& args);
int verify(const SignArgs& args);
int keys(const KeysArgs& args);
int listen(const ListenArgs& args);
int list(const ListArgs& args);
int act(const ActArgs& args);
int status(const StatusArgs& args);

}  // namespace trot::cli
