// The standalone host: a small, strict HTTP/1.1 reverse proxy that captures what the plan asks for. It knows the core
// only through the door. Callers: the command line (`trotline run`, `trotline dispatch`). Threads: one loop on the
// calling thread; the engine has its own behind the door, and one helper thread resolves the upstream's name. The way
// of one request: client.cc → exchange.cc → exchange_answer.cc.
#pragma once

#include <string>

namespace trot {

struct HostOptions {
    std::string config_path;  // read again at each reload
    std::string config_text;  // instead of a file: then HUP only reports that there is nothing to read
    std::string config_name = "(command line)";  // stands for the file in messages about config_text
    bool quiet = false;                          // only warnings and worse on standard error
};

// Proxy and dispatcher in the foreground until a signal ends it. Returns the exit code: 0 after QUIT, TERM or INT, 1
// when the configuration is wrong (every mistake has been printed), 3 when a listener or the engine could not be
// started.
int run_host(const HostOptions& options);

// The same without listeners: delivers what other processes (nginx workers) record.
int run_dispatch_only(const HostOptions& options);

}  // namespace trot
