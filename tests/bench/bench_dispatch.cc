// The dispatcher against the real store and the real libcurl transport. Prints one JSON object:
//   fan_out    events for 20 subscriptions each against events for one: CPU µs per delivery (the whole process) and the
//              ratio (goal D4), pair by pair
//   restart    100,000 pending: milliseconds from start to the first delivery (R1)
//   million    1,000,000 pending: milliseconds to the first delivery, resident memory in MiB, deliveries a second
//   dead       1,000,000 pending (--quick: 100,000) for one endpoint that refuses connections: what nine others still
//              get of their deliveries a second without it, pair by pair, and how often the dead one was asked
//   slow       the same beside an endpoint that takes connections and never answers, with 10,000 pending
//   adaptive   CPU µs per delivery with adaptive pacing on against off, at an endpoint that is well
// bench_dispatch --url http://127.0.0.1:PORT/ [--dir DIR] [--quick] [--only NAME]
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/bench/dispatching.h"

using namespace bench;

namespace {

// Takes connections, and that is all.
struct Silence {
    Silence() : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (bind(fd, reinterpret_cast<const sockaddr*>(&at), size) != 0 || listen(fd, 1024) != 0 ||
            getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            give_up("cannot listen");
        port = ntohs(at.sin_port);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence() { close(fd); }
    int fd;
    uint16_t port = 0;
};

struct Bench : Lab {
    PlanPtr plan(size_t subscriptions) const {
        auto out = std::make_shared<Plan>();
        UrlRules rules;
        Result<CheckedUrl> checked = check_url(url, rules);
        if (!checked) give_up(checked.fault().text);
        for (size_t i = 0; i < subscriptions; ++i) {
            Subscription one;
            one.name = "s" + std::to_string(i);
            one.topics = {"*"};
            one.url = checked.value();
            one.secrets.emplace_back("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            one.schedule_ms = {5000, 300000};
            one.concurrency = subscriptions == 1 ? 64 : 8;
            out->subscriptions.push_back(std::move(one));
        }
        out->egress.allow = {"127.0.0.1/32", "::1/128"};
        return out;
    }

    // CPU µs of the whole process for each delivery. Events are recorded first, then everything is expanded and
    // delivered.
    double run(const std::string& name, size_t subscriptions, size_t events, bool adaptive = true) const {
        auto store = open(name);
        add_events(*store, events);
        auto with = std::make_shared<Plan>(*plan(subscriptions));
        for (Subscription& one : with->subscriptions) one.health.adaptive = adaptive;
        Counters counters;
        Log log;
        const double cpu = cpu_seconds();
        auto dispatcher = start(*store, with, counters, log);
        const size_t deliveries = events * subscriptions;
        wait(counters.delivered, deliveries, 300);
        const double cpu_us = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(deliveries);
        dispatcher->stop(5000);
        store->writer().stop(5000);
        return cpu_us;
    }

    struct Restart {
        double first_ms, resident, a_second;
    };
    Restart restart(const std::string& name, size_t pending) const {
        {
            // Expanded, but nobody delivers: the subscription is paused.
            auto store = open(name);
            auto paused = std::make_shared<Plan>(*plan(1));
            paused->subscriptions[0].paused = true;
            Counters counters;
            Log log;
            auto dispatcher = start(*store, paused, counters, log);
            for (size_t done = 0; done < pending; done += 10000) {
                add_events(*store, 10000);
                dispatcher->wake();
                wait(counters.expanded, done + 10000, 600);
            }
            dispatcher->stop(1000);
            store->writer().stop(10000);
        }
        Counters counters;
        Log log;
        const double start_at = seconds();
        auto store = open(name);
        auto dispatcher = start(*store, plan(1), counters, log);
        wait(counters.delivered, 1, 60);
        Restart out{(seconds() - start_at) * 1e3, 0, 0};
        const double began = seconds();
        const auto some = std::min<uint64_t>(pending, 20000);
        wait(counters.delivered, some, 120);
        out.a_second = static_cast<double>(some) / (seconds() - began);
        out.resident = resident_mib();
        dispatcher->stop(2000);
        store->writer().stop(10000);
        return out;
    }

    std::string bad_url = "http://127.0.0.1:1024/";  // refuses connections

    // Nine that are well, and one that is not.
    PlanPtr ten(bool dead_paused) const {
        auto out = std::make_shared<Plan>(*plan(10));
        for (Subscription& one : out->subscriptions) one.topics = {"order.created"};
        Subscription& dead = out->subscriptions[0];
        dead.topics = {"dead.created"};
        dead.url = check_url(bad_url, UrlRules()).value();
        dead.paused = dead_paused;
        return out;
    }
    // Deliveries a second of the nine.
    double nine(Store& store, Counters& counters, size_t events) const {
        Log log;
        auto dispatcher = start(store, ten(false), counters, log);
        add_events(store, 1000);
        dispatcher->wake();
        wait(counters.delivered, 9000, 120);  // connections are there, the dead one's breaker is open
        const double began = seconds();
        add_events(store, events);
        dispatcher->wake();
        wait(counters.delivered, 9 * (1000 + events), 300);
        const double took = seconds() - began;
        dispatcher->stop(2000);
        return static_cast<double>(9 * events) / took;
    }
    struct Dead {
        double ratio, resident, attempts_a_second;
    };
    Dead beside_the_dead(const std::string& name, size_t pending, size_t events, int pairs) const {
        auto without = open(name + "-without");
        auto beside = open(name + "-beside");
        {
            Counters counters;
            Log log;
            auto dispatcher = start(*beside, ten(true), counters, log);
            for (size_t done = 0; done < pending; done += 10000) {
                add_events(*beside, 10000, "dead.created");
                dispatcher->wake();
                wait(counters.expanded, done + 10000, 600);
            }
            dispatcher->stop(1000);
        }
        std::vector<double> ratios;
        Dead out{0, 0, 0};
        for (int pair = 0; pair < pairs; ++pair) {
            Counters alone;
            Counters both;
            const double free = nine(*without, alone, events);
            const double began = seconds();
            ratios.push_back(nine(*beside, both, events) / free);
            out.attempts_a_second = static_cast<double>(both.failed.load()) / (seconds() - began);
        }
        out.ratio = median(ratios);
        out.resident = resident_mib();
        without->writer().stop(10000);
        beside->writer().stop(10000);
        return out;
    }
};

}  // namespace

int main(int argc, char** argv) {
    Bench bench;
    bench.dir = "/tmp";
    bool quick = false;
    std::string only;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick")
            quick = true;
        else if (word == "--url" && i + 1 < argc)
            bench.url = argv[++i];
        else if (word == "--dir" && i + 1 < argc)
            bench.dir = argv[++i];
        else if (word == "--only" && i + 1 < argc)
            only = argv[++i];
        else
            return fprintf(stderr, "usage: bench_dispatch --url URL [--dir DIR] [--quick] [--only NAME]\n"), 2;
    }
    if (bench.url.empty()) return fprintf(stderr, "bench_dispatch: --url is needed: a server that answers 2xx\n"), 2;
    bench.dir += "/trotline-bench-XXXXXX";
    if (mkdtemp(bench.dir.data()) == nullptr) give_up("cannot make " + bench.dir);

    const auto wanted = [&only](const char* name) { return only.empty() || only == name; };
    printf("{\"payload_bytes\":1011");
    if (wanted("fan_out")) {
        std::vector<double> single;
        std::vector<double> fanned;
        std::vector<double> ratio;
        const int pairs = quick ? 3 : 7;
        for (int pair = 0; pair < pairs; ++pair) {
            const std::string name = std::to_string(pair);
            single.push_back(bench.run("single" + name, 1, 20000));
            fanned.push_back(bench.run("fan_out" + name, 20, 1000));
            ratio.push_back(fanned.back() / single.back());
        }
        printf(",\"fan_out\":{\"single_cpu_us\":%.1f,\"cpu_us\":%.1f,\"ratio\":%.2f,\"pairs\":%d}", median(single),
               median(fanned), median(ratio), pairs);
    }
    if (wanted("restart")) {
        const Bench::Restart restart = bench.restart("restart", 100000);
        printf(",\"restart\":{\"pending\":100000,\"first_ms\":%.1f,\"resident_mib\":%.1f}", restart.first_ms,
               restart.resident);
    }
    if (wanted("million") && !quick) {
        const Bench::Restart restart = bench.restart("million", 1000000);
        printf(",\"million\":{\"pending\":1000000,\"first_ms\":%.1f,\"resident_mib\":%.1f,\"a_second\":%.0f}",
               restart.first_ms, restart.resident, restart.a_second);
    }
    if (wanted("dead")) {
        const size_t pending = quick ? 100000 : 1000000;
        const int pairs = quick ? 3 : 5;
        const Bench::Dead dead = bench.beside_the_dead("dead", pending, quick ? 2000 : 5000, pairs);
        printf(
            ",\"dead\":{\"pending\":%zu,\"ratio\":%.2f,\"resident_mib\":%.1f,\"attempts_a_second\":%.1f,\"pairs\":%d}",
            pending, dead.ratio, dead.resident, dead.attempts_a_second, pairs);
    }
    if (wanted("slow")) {
        const Silence silence;
        bench.bad_url = "http://127.0.0.1:" + std::to_string(silence.port) + "/";
        const int pairs = quick ? 3 : 5;
        const Bench::Dead slow = bench.beside_the_dead("slow", 10000, quick ? 2000 : 5000, pairs);
        printf(",\"slow\":{\"pending\":10000,\"ratio\":%.2f,\"pairs\":%d}", slow.ratio, pairs);
    }
    if (wanted("adaptive")) {
        std::vector<double> ratio;
        const int pairs = quick ? 3 : 7;
        for (int pair = 0; pair < pairs; ++pair) {
            const std::string name = std::to_string(pair);
            const double off = bench.run("off" + name, 1, 20000, false);
            ratio.push_back(bench.run("on" + name, 1, 20000, true) / off);
        }
        printf(",\"adaptive\":{\"ratio\":%.2f,\"pairs\":%d}", median(ratio), pairs);
    }
    printf("}\n");
    std::error_code ignored;
    std::filesystem::remove_all(bench.dir, ignored);
    return 0;
}
