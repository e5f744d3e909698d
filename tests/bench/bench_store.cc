// The store's figures (reference: the floors S1, S2, R1, R2 and the backlog of a million), as one JSON object.
//   bench_store --dir DIR [--quick] [--only s1|s2|record|r1|r2|million]
// DIR must be on a real disk: on tmpfs a sync costs nothing and the ratios mean nothing.
// Longer than others: the figures share one way to fill a store, to measure and to clean up, and none is used
// elsewhere.
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "store/store.h"

namespace {

using namespace trot;

constexpr int batch = 100;
const std::string payload(1024, 'x');

struct Settings {
    std::string dir = ".";
    std::string only;
    bool quick = false;
};

[[noreturn]] void die(const std::string& why) {
    fprintf(stderr, "bench_store: %s\n", why.c_str());
    exit(1);
}

double seconds() { return static_cast<double>(system_clock().steady_us()) / 1e6; }

double cpu_seconds() {  // of this process: steady where a busy machine makes the rates wobble
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Rate {
    double per_s = 0;
    double cpu_us = 0;  // an event
    double per_commit = batch;
};

// Runs batches for a while; the rate of events, and what one costs.
Rate measure(double for_seconds, const std::function<void()>& one_batch) {
    const double start = seconds();
    const double cpu = cpu_seconds();
    int64_t events = 0;
    for (; seconds() - start < for_seconds; events += batch) one_batch();
    const auto count = static_cast<double>(events);
    return {count / (seconds() - start), (cpu_seconds() - cpu) * 1e6 / count};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

class Folder {
  public:
    explicit Folder(const std::string& base) : path_(base + "/bench-store-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) die("cannot make a directory in " + base + ": " + strerror(errno));
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class FunctionJob final : public Job {
  public:
    FunctionJob(std::function<Result<void>(Tx&)> write, std::function<void(const Result<void>&)> done,
                size_t bytes = payload.size())
        : write_(std::move(write)), done_(std::move(done)), bytes_(bytes) {}
    Result<void> write(Tx& tx) override { return write_(tx); }
    void done(const Result<void>& outcome) override { done_(outcome); }
    size_t bytes() const override { return bytes_; }

  private:
    std::function<Result<void>(Tx&)> write_;
    std::function<void(const Result<void>&)> done_;
    size_t bytes_;
};

void must(const Result<void>& outcome) {
    if (!outcome.ok()) die(outcome.fault().text);
}

std::future<Result<void>> submit(Store& store, const std::function<Result<void>(Tx&)>& write) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    std::future<Result<void>> outcome = promise->get_future();
    // As big as a group may be: each of these is a transaction of its own, so that a batch stays what it is called.
    constexpr size_t whole_group = 4U << 20;
    std::unique_ptr<Job> job = std::make_unique<FunctionJob>(
        write, [promise](const Result<void>& result) { promise->set_value(result); }, whole_group);
    if (!store.writer().submit(job)) die("the writer takes nothing");
    return outcome;
}

void write_now(Store& store, const std::function<Result<void>(Tx&)>& write) { must(submit(store, write).get()); }

std::unique_ptr<Store> open_at(const std::string& path, Counters* counters = nullptr) {
    StoreOptions options;
    options.path = path;
    options.counters = counters;
    Result<std::unique_ptr<Store>> store = open_store(options);
    if (!store.ok()) die(store.fault().text);
    return std::move(store).value();
}

Event some_event() {
    static const auto shared = std::make_shared<const std::string>(payload);
    Event event;
    event.topic = event.hook = "order.created";
    event.resource = "order";
    event.resource_id = "1042";
    event.action = "created";
    event.at_ms = system_clock().wall_ms();
    event.method = "POST";
    event.path = "/orders";
    event.status = 201;
    event.capture = "0123456789abcdef";
    event.payload = shared;
    return event;
}

// ---- S1: the durable life of an event against a bare insert loop

Rate bare_rate(const std::string& dir, double for_seconds) {
    const std::string path = dir + "/bare.db";
    std::filesystem::remove(path);
    sqlite3* db = nullptr;
    sqlite3_stmt* insert = nullptr;
    const auto exec = [&](const char* sql) {
        if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
    };
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) die("cannot open " + path);
    exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE event (id INTEGER PRIMARY KEY, topic TEXT, at INTEGER, state INTEGER, payload BLOB);"
        "CREATE INDEX event_topic ON event (topic); CREATE INDEX event_at ON event (state, at)");
    sqlite3_prepare_v2(db, "INSERT INTO event VALUES (?, ?, ?, 0, ?)", -1, &insert, nullptr);
    int64_t number = system_clock().wall_ms() << 20;
    const Rate rate = measure(for_seconds, [&] {
        exec("BEGIN IMMEDIATE");
        for (int at = 0; at < batch; ++at) {
            sqlite3_bind_int64(insert, 1, ++number);
            sqlite3_bind_text(insert, 2, "order.created", -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 3, number >> 20);
            sqlite3_bind_blob(insert, 4, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
            if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
            sqlite3_reset(insert);
        }
        exec("COMMIT");
    });
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return rate;
}

// One commit holds this batch's events and deliveries and the last batch's outcomes. While one is committed the next
// one waits, as in a loaded dispatcher.
Rate life_rate(const std::string& dir, double for_seconds) {
    const std::string path = dir + "/life";
    std::filesystem::remove_all(path);
    Counters counters;
    const std::unique_ptr<Store> store = open_at(path, &counters);
    int64_t batches = 0;
    std::vector<int64_t> open;  // the writer's thread only
    const auto one_batch = [&open](Tx& tx) -> Result<void> {
        std::vector<int64_t> made;
        Event event = some_event();
        Delivery delivery;
        delivery.subscription = 1;
        delivery.format = "standard";
        delivery.due_ms = event.at_ms;
        for (int at = 0; at < batch; ++at) {
            must(tx.add_event(event));
            delivery.event = event.number;
            must(tx.add_delivery(delivery));
            made.push_back(delivery.number);
        }
        must(tx.set_cursor(event.number));
        Outcome outcome;
        outcome.state = DeliveryState::delivered;
        outcome.attempt = {0, 1, event.at_ms, 3, 204, "", ""};
        for (const int64_t number : open) {
            outcome.attempt.delivery = number;
            must(tx.finish(outcome));
        }
        open.swap(made);
        return {};
    };
    std::future<Result<void>> ahead;
    Rate rate = measure(for_seconds, [&] {
        ++batches;
        std::future<Result<void>> next = submit(*store, one_batch);
        if (ahead.valid()) must(ahead.get());
        ahead = std::move(next);
    });
    must(ahead.get());
    rate.per_commit = static_cast<double>(batches * batch) / static_cast<double>(counters.commits.load());
    return rate;
}

std::string s1(const Settings& settings) {
    const Folder folder(settings.dir);
    const int pairs = settings.quick ? 3 : 7;
    const double each = settings.quick ? 1.0 : 3.0;
    open_at(folder.path() + "/first");  // SQLite is set up as the product sets it up, for the limit too
    std::vector<double> bare;
    std::vector<double> life;
    std::vector<double> ratio;
    std::vector<double> control;
    std::vector<double> bare_cpu;
    std::vector<double> life_cpu;
    std::vector<double> per_commit;
    for (int pair = 0; pair < pairs; ++pair) {
        const Rate b = bare_rate(folder.path(), each);
        const Rate l = life_rate(folder.path(), each);
        const Rate again = bare_rate(folder.path(), each);
        bare.push_back(b.per_s);
        life.push_back(l.per_s);
        ratio.push_back(l.per_s / ((b.per_s + again.per_s) / 2));
        control.push_back(again.per_s / b.per_s);
        bare_cpu.push_back(b.cpu_us);
        life_cpu.push_back(l.cpu_us);
        per_commit.push_back(l.per_commit);
    }
    char text[320];
    snprintf(
        text, sizeof text,
        "\"S1\": {\"ratio\": %.3f, \"floor\": 0.65, \"life_per_s\": %.0f, \"bare_per_s\": %.0f, \"control\": %.3f, "
        "\"life_cpu_us\": %.2f, \"bare_cpu_us\": %.2f, \"events_per_commit\": %.0f, \"pairs\": %d}",
        median(ratio), median(life), median(bare), median(control), median(life_cpu), median(bare_cpu),
        median(per_commit), pairs);
    return text;
}

// ---- S2: the same life against a preallocated append-only file

std::string s2(const Settings& settings) {
    const Folder folder(settings.dir);
    const double each = settings.quick ? 1.0 : 3.0;
    const std::string path = folder.path() + "/append";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    constexpr off_t size = 256 << 20;
    const std::string zeros(1 << 20, '\0');
    for (off_t at = 0; at < size; at += static_cast<off_t>(zeros.size()))
        if (pwrite(fd, zeros.data(), zeros.size(), at) < 0) die("cannot fill the file");
    fsync(fd);
    std::string block;
    for (int at = 0; at < batch; ++at) block += payload;
    off_t at = 0;
    const Rate append = measure(each, [&] {
        if (at + static_cast<off_t>(block.size()) > size) at = 0;
        if (pwrite(fd, block.data(), block.size(), at) < 0 || fdatasync(fd) != 0) die("cannot append");
        at += static_cast<off_t>(block.size());
    });
    close(fd);
    const Rate life = life_rate(folder.path(), each);
    char text[160];
    snprintf(text, sizeof text, "\"S2\": {\"ratio\": %.3f, \"append_per_s\": %.0f, \"life_per_s\": %.0f}",
             life.per_s / append.per_s, append.per_s, life.per_s);
    return text;
}

// ---- what the recorder does: one job an exchange, many waiting

std::string record(const Settings& settings) {
    const Folder folder(settings.dir);
    const std::unique_ptr<Store> store = open_at(folder.path() + "/record");
    const double each = settings.quick ? 1.0 : 5.0;
    constexpr size_t window = 400;
    std::atomic<int64_t> done{0};
    const double start = seconds();
    int64_t submitted = 0;
    while (seconds() - start < each) {
        if (store->writer().waiting() > window) {
            usleep(50);
            continue;
        }
        for (int at = 0; at < 50; ++at) {
            std::unique_ptr<Job> job =
                std::make_unique<FunctionJob>([event = some_event()](Tx& tx) mutable { return tx.add_event(event); },
                                              [&done](const Result<void>& outcome) {
                                                  must(outcome);
                                                  done.fetch_add(1, std::memory_order_relaxed);
                                              });
            if (!store->writer().submit(job)) die("the writer takes nothing");
            ++submitted;
        }
    }
    store->writer().stop(10000);
    const double rate = static_cast<double>(done.load()) / (seconds() - start);
    if (done.load() != submitted) die("an event is missing");
    char text[128];
    snprintf(text, sizeof text, "\"record\": {\"per_s\": %.0f, \"floor\": 60000, \"window\": %zu}", rate, window);
    return text;
}

// ---- R1, R2, million: big stores

void fill(Store& store, int events, DeliveryState state) {
    for (int done = 0; done < events; done += 1000) {
        write_now(store, [&](Tx& tx) -> Result<void> {
            Event event = some_event();
            for (int at = 0; at < 1000; ++at) {
                must(tx.add_event(event));
                Delivery delivery;
                delivery.event = event.number;
                delivery.subscription = 1 + at % 4;
                delivery.format = "standard";
                delivery.due_ms = event.at_ms;
                must(tx.add_delivery(delivery));
                if (state == DeliveryState::pending) continue;
                Outcome outcome;
                outcome.state = state;
                outcome.attempt = {delivery.number, 1, event.at_ms, 3, 204, "", "ok"};
                must(tx.finish(outcome));
            }
            return tx.set_cursor(event.number);
        });
    }
}

long rss_kib() {
    FILE* file = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr)
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
    if (file != nullptr) fclose(file);
    return kib;
}

std::string restart(const char* name, const Settings& settings, int events, double limit_ms) {
    const Folder folder(settings.dir);
    const std::string path = folder.path() + "/restart";
    fill(*open_at(path), events, DeliveryState::pending);
    const long before = rss_kib();
    const double start = seconds();
    const std::unique_ptr<Store> store = open_at(path);
    const double opened = seconds();
    Result<std::unique_ptr<Reader>> reader = store->reader();
    if (!reader.ok()) die(reader.fault().text);
    const auto due = reader.value()->due(1, system_clock().wall_ms(), 0, 0, 1000);
    if (!due.ok() || due.value().size() != 1000) die("the due deliveries are not there");
    const auto event = reader.value()->event(due.value()[0].event);
    if (!event.ok()) die(event.fault().text);
    const double first = seconds();
    char text[256];
    snprintf(
        text, sizeof text,
        "\"%s\": {\"pending\": %d, \"open_ms\": %.1f, \"first_due_ms\": %.1f, \"limit_ms\": %.0f, \"rss_mib\": %.1f, "
        "\"rss_added_mib\": %.1f}",
        name, events, (opened - start) * 1e3, (first - start) * 1e3, limit_ms, static_cast<double>(rss_kib()) / 1024,
        static_cast<double>(rss_kib() - before) / 1024);
    return text;
}

// Steps of 1,000 events between single-event commits: how long does the longest commit wait?
std::string r2(const Settings& settings) {
    const Folder folder(settings.dir);
    const std::unique_ptr<Store> store = open_at(folder.path() + "/retention");
    const int events = settings.quick ? 20000 : 100000;
    fill(*store, events, DeliveryState::delivered);
    std::vector<double> steps;
    std::vector<double> beside;
    int gone = 0;
    int step = 1;
    double cpu = 0;
    while (step > 0) {
        const double start = seconds();
        const double cpu_start = cpu_seconds();
        write_now(*store, [&](Tx& tx) -> Result<void> {
            const Result<Pruned> pruned =
                tx.prune(system_clock().wall_ms() + 1, system_clock().wall_ms() + 1, 1000, 1000);
            if (!pruned.ok()) return pruned.fault();
            step = pruned.value().rows;
            gone += pruned.value().events;
            return {};
        });
        steps.push_back((seconds() - start) * 1e3);
        cpu += cpu_seconds() - cpu_start;
        const double single = seconds();
        write_now(*store, [](Tx& tx) {
            Event event = some_event();
            return tx.add_event(event);
        });
        beside.push_back((seconds() - single) * 1e3);
    }
    if (gone < events) die("retention left events behind");
    std::sort(steps.begin(), steps.end());
    std::sort(beside.begin(), beside.end());
    char text[384];
    snprintf(text, sizeof text,
             "\"R2\": {\"events\": %d, \"step_ms_median\": %.1f, \"step_ms_p99\": %.1f, \"step_ms_max\": %.1f, "
             "\"step_cpu_ms\": %.1f, \"limit_ms\": 15, \"commit_after_step_ms_max\": %.1f}",
             gone, steps[steps.size() / 2], steps[steps.size() * 99 / 100], steps.back(),
             cpu * 1e3 / static_cast<double>(steps.size()), beside.back());
    return text;
}

bool on_memory(const std::string& dir) {
    struct statfs found {};
    constexpr auto tmpfs_magic = 0x01021994;
    return statfs(dir.c_str(), &found) == 0 && found.f_type == tmpfs_magic;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    for (int at = 1; at < argc; ++at) {
        const std::string word = argv[at];
        if (word == "--quick") {
            settings.quick = true;
        } else if ((word == "--dir" || word == "--only") && at + 1 < argc) {
            (word == "--dir" ? settings.dir : settings.only) = argv[++at];
        } else {
            die("usage: bench_store --dir DIR [--quick] [--only s1|s2|record|r1|r2|million]");
        }
    }
    if (on_memory(settings.dir)) die(settings.dir + " is on tmpfs; give --dir a directory on a real disk");
    const std::pair<const char*, std::function<std::string()>> parts[] = {
        {"s1", [&] { return s1(settings); }},
        {"s2", [&] { return s2(settings); }},
        {"record", [&] { return record(settings); }},
        {"r1", [&] { return restart("R1", settings, 100000, 250); }},
        {"r2", [&] { return r2(settings); }},
        {"million", [&] { return restart("million", settings, settings.quick ? 200000 : 1000000, 3000); }},
    };
    std::string all;
    for (const auto& [name, run] : parts) {
        if (!settings.only.empty() && settings.only != name) continue;
        all += (all.empty() ? "{" : ",\n ") + run();
    }
    printf("%s}\n", all.c_str());
    return 0;
}
