// bench_flow: an open-loop load with its own upstream and its own receiver, for end-to-end figures of a host under
// test.
//
//   bench_flow ports                      prints {"upstream":P,"sink":P} and waits for a line "go HOST_PORT RATE
//   SECONDS"
//                                         on stdin
//   bench_flow limit FOLDER RATE SECONDS  what no host can beat: append 1 KB, fdatasync, POST it to the same receiver
//   on
//                                         one connection; at the same pace, so that processors sleep between as they do
//                                         under the load
//   bench_flow load PORT RATE SECONDS     the generator alone, against any server that answers POST /orders with 201
//
// One thread each: upstream (201 and 1 KB of JSON with the order's number), sink (200, notes when the number arrived),
// generator (Poisson arrivals from a schedule, so a slow host cannot slow its own load: latency counts from the
// scheduled time). Prints one JSON object: the ledger (offered, acked, delivered, twice) and the latencies capture →
// 2xx and client, in µs.
// Longer than 400 lines because the three loads share servers, generator and ledger.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t max_orders = 4000000;

int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

using Times = std::vector<std::atomic<int64_t>>;

struct Ledger {
    Times scheduled = Times(max_orders), answered = Times(max_orders), acked = Times(max_orders),
          delivered = Times(max_orders);
    std::atomic<uint64_t> offered{0}, acks{0}, errors{0}, arrived{0}, twice{0};
    std::atomic<bool> stop{false};
};

int listen_any(int& port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 1024) != 0) {
        perror("bench_flow: listen");
        exit(3);
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    return fd;
}

void no_delay(int fd) {
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// The length of the first whole message in `bytes` (Content-Length framing), 0 when more is needed; body gets its body.
size_t message(std::string_view bytes, std::string_view& body) {
    const size_t head = bytes.find("\r\n\r\n");
    if (head == std::string_view::npos) return 0;
    size_t length = 0;
    for (size_t at = 0; at < head;) {
        const size_t end = bytes.find("\r\n", at);
        const std::string_view line = bytes.substr(at, end - at);
        if (line.size() > 15 && strncasecmp(line.data(), "content-length:", 15) == 0)
            length = strtoul(line.data() + 15, nullptr, 10);
        at = end + 2;
    }
    const size_t whole = head + 4 + length;
    if (bytes.size() < whole) return 0;
    body = bytes.substr(head + 4, length);
    return whole;
}

size_t number_after(std::string_view text, std::string_view key) {
    const size_t at = text.find(key);
    return at == std::string_view::npos ? max_orders : strtoul(text.data() + at + key.size(), nullptr, 10);
}

// A server that answers each message with answer(body).
template <class Answer>
void serve(int listener, const std::atomic<bool>& stop, Answer answer) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener);
    std::unordered_map<int, std::string> buffers;
    std::vector<epoll_event> events(256);
    std::vector<char> room(65536);
    while (!stop.load(std::memory_order_relaxed)) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<size_t>(i)].data.fd;
            if (fd == listener) {
                const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client < 0) continue;
                no_delay(client);
                watch(epoll, client);
                buffers[client];
                continue;
            }
            std::string& buffer = buffers[fd];
            const ssize_t got = read(fd, room.data(), room.size());
            if (got <= 0) {
                if (got < 0 && errno == EAGAIN) continue;
                close(fd);
                buffers.erase(fd);
                continue;
            }
            buffer.append(room.data(), static_cast<size_t>(got));
            std::string_view body;
            std::string out;
            size_t used = 0;
            while (const size_t whole = message(std::string_view(buffer).substr(used), body)) {
                out += answer(body);
                used += whole;
            }
            buffer.erase(0, used);
            if (!out.empty() && write(fd, out.data(), out.size()) < 0) continue;
        }
    }
    close(epoll);
}

std::string order_answer(size_t number, Ledger& ledger) {
    static const std::string pad(900, 'x');
    const std::string body = "{\"id\":" + std::to_string(number) + ",\"state\":\"new\",\"note\":\"" + pad + "\"}";
    if (number < max_orders) ledger.answered[number].store(now_us(), std::memory_order_relaxed);
    return "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string take_delivery(std::string_view body, Ledger& ledger) {
    const size_t data = body.find("\"data\":");
    const size_t number = data == std::string_view::npos ? max_orders : number_after(body.substr(data), "\"id\":");
    if (number < max_orders) {
        int64_t never = 0;
        if (ledger.delivered[number].compare_exchange_strong(never, now_us()))
            ledger.arrived.fetch_add(1);
        else
            ledger.twice.fetch_add(1);
    }
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
}

struct Client {
    int fd = -1;
    size_t number = 0;
    std::string buffer;
};

int connect_to(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    no_delay(fd);
    return fd;
}

bool send_order(Client& client, size_t number, int port) {
    static const std::string pad(900, 'y');
    const std::string body = "{\"n\":" + std::to_string(number) + ",\"pad\":\"" + pad + "\"}";
    const std::string request = "POST /orders HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                                "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body;
    client.number = number;
    return write(client.fd, request.data(), request.size()) == static_cast<ssize_t>(request.size());
}

void generate(int port, double rate, double seconds, Ledger& ledger) {
    constexpr int clients = 1024;  // enough that a held answer does not keep the next order back
    prctl(PR_SET_TIMERSLACK, 1000UL);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Client> all(clients);
    std::unordered_map<int, size_t> by_fd;
    std::vector<size_t> idle;
    for (size_t i = 0; i < all.size(); ++i) {
        all[i].fd = connect_to(port);
        if (all[i].fd < 0) continue;
        by_fd[all[i].fd] = i;
        watch(epoll, all[i].fd);
        idle.push_back(i);
    }
    std::mt19937_64 random(20261122);
    std::exponential_distribution<double> gap(rate);
    std::deque<size_t> due;
    std::vector<epoll_event> events(256);
    std::vector<char> room(65536);
    const int64_t start = now_us();
    const int64_t last = start + static_cast<int64_t>(seconds * 1e6);
    double next = static_cast<double>(start) + gap(random) * 1e6;
    size_t number = 1;
    int64_t grace = 0;
    for (;;) {
        const int64_t now = now_us();
        while (next <= static_cast<double>(now) && next < static_cast<double>(last) && number < max_orders) {
            ledger.scheduled[number].store(static_cast<int64_t>(next), std::memory_order_relaxed);
            ledger.offered.fetch_add(1);
            due.push_back(number++);
            next += gap(random) * 1e6;
        }
        while (!due.empty() && !idle.empty()) {
            Client& client = all[idle.back()];
            if (!send_order(client, due.front(), port)) ledger.errors.fetch_add(1);
            idle.pop_back();
            due.pop_front();
        }
        if (now >= last && due.empty() && idle.size() == by_fd.size()) break;
        if (now >= last && grace == 0) grace = now + 10000000;
        if (grace != 0 && now > grace) break;
        const double wait_us = std::min(next, static_cast<double>(last)) - static_cast<double>(now);
        // Sleeps: a generator that spins would take the processor from the host that it measures.
        const timespec wait{0, static_cast<long>(std::clamp(wait_us, 0.0, 10000.0) * 1000)};
        const int count = epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &wait, nullptr);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<size_t>(i)].data.fd;
            Client& client = all[by_fd[fd]];
            const ssize_t got = read(fd, room.data(), room.size());
            if (got <= 0) {
                if (got < 0 && errno == EAGAIN) continue;
                ledger.errors.fetch_add(1);
                by_fd.erase(fd);
                close(fd);
                continue;
            }
            client.buffer.append(room.data(), static_cast<size_t>(got));
            std::string_view body;
            const size_t whole = message(client.buffer, body);
            if (whole == 0) continue;
            const bool good = client.buffer.compare(9, 3, "201") == 0;
            client.buffer.erase(0, whole);
            if (good) {
                ledger.acked[client.number].store(now_us(), std::memory_order_relaxed);
                ledger.acks.fetch_add(1);
            } else {
                ledger.errors.fetch_add(1);
            }
            idle.push_back(by_fd[fd]);
        }
    }
    for (const Client& client : all)
        if (client.fd >= 0) close(client.fd);
    close(epoll);
}

double percentile(std::vector<int64_t>& values, double p) {
    if (values.empty()) return 0;
    const auto at = static_cast<size_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return static_cast<double>(values[at]);
}

// One event after the other through the least that a recorder and sender must do.
int measure_limit(const std::string& folder, double rate, double seconds) {
    prctl(PR_SET_TIMERSLACK, 1000UL);
    static Ledger ledger;
    int port = 0;
    const int listener = listen_any(port);
    std::thread sink(
        [&] { serve(listener, ledger.stop, [](std::string_view body) { return take_delivery(body, ledger); }); });
    const std::string path = folder + "/limit-probe";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int to_sink = connect_to(port);
    if (file < 0 || to_sink < 0) {
        perror("bench_flow: limit");
        return 3;
    }
    fcntl(to_sink, F_SETFL, 0);
    const std::string body = "{\"data\":{\"id\":1,\"note\":\"" + std::string(1000, 'x') + "\"}}";
    const std::string request =
        "POST /hook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    std::vector<int64_t> syncs;
    std::vector<int64_t> posts;
    std::mt19937_64 random(20261122);
    std::exponential_distribution<double> gap(rate);
    std::vector<char> room(4096);
    const int64_t start = now_us();
    double next = static_cast<double>(start);
    while (next < static_cast<double>(start) + seconds * 1e6) {
        next += gap(random) * 1e6;
        const int64_t wait = static_cast<int64_t>(next) - now_us();
        if (wait > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait));
        const int64_t began = now_us();
        if (write(file, body.data(), body.size()) < 0 || fdatasync(file) != 0) break;
        const int64_t synced = now_us();
        if (write(to_sink, request.data(), request.size()) < 0 || read(to_sink, room.data(), room.size()) <= 0) break;
        syncs.push_back(synced - began);
        posts.push_back(now_us() - synced);
    }
    ledger.stop = true;
    sink.join();
    close(file);
    unlink(path.c_str());
    printf("{\"sync_p50_us\":%.0f,\"post_p50_us\":%.0f}\n", percentile(syncs, 0.5), percentile(posts, 0.5));
    return 0;
}

// The latencies that clients saw, from the scheduled time on.
std::vector<int64_t> client_times(const Ledger& ledger) {
    std::vector<int64_t> times;
    for (size_t n = 1; n < max_orders; ++n)
        if (ledger.acked[n] != 0) times.push_back(ledger.acked[n] - ledger.scheduled[n]);
    return times;
}

int only_load(int port, double rate, double seconds) {
    static Ledger ledger;
    generate(port, rate, seconds, ledger);
    std::vector<int64_t> client = client_times(ledger);
    printf("{\"offered\":%lu,\"acked\":%lu,\"errors\":%lu,\"client_p50_us\":%.0f,\"client_p99_us\":%.0f}\n",
           ledger.offered.load(), ledger.acks.load(), ledger.errors.load(), percentile(client, 0.5),
           percentile(client, 0.99));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 5 && std::strcmp(argv[1], "limit") == 0)
        return measure_limit(argv[2], strtod(argv[3], nullptr), strtod(argv[4], nullptr));
    if (argc == 5 && std::strcmp(argv[1], "load") == 0)
        return only_load(atoi(argv[2]), strtod(argv[3], nullptr), strtod(argv[4], nullptr));
    if (argc != 2 || std::strcmp(argv[1], "ports") != 0) {
        fprintf(stderr,
                "usage: bench_flow ports   (then \"go PORT RATE SECONDS\" on stdin)\n"
                "       bench_flow limit FOLDER RATE SECONDS\n"
                "       bench_flow load PORT RATE SECONDS\n");
        return 2;
    }
    static Ledger ledger;
    int upstream_port = 0;
    int sink_port = 0;
    const int upstream = listen_any(upstream_port);
    const int sink = listen_any(sink_port);
    std::thread upstream_thread([&] {
        serve(upstream, ledger.stop,
              [](std::string_view body) { return order_answer(number_after(body, "\"n\":"), ledger); });
    });
    std::thread sink_thread(
        [&] { serve(sink, ledger.stop, [](std::string_view body) { return take_delivery(body, ledger); }); });
    printf("{\"upstream\":%d,\"sink\":%d}\n", upstream_port, sink_port);
    fflush(stdout);

    int port = 0;
    double rate = 0;
    double seconds = 0;
    if (scanf("go %d %lf %lf", &port, &rate, &seconds) == 3) {
        std::thread generator([&] { generate(port, rate, seconds, ledger); });
        generator.join();
        // Every acknowledged order must arrive: the drain has a bound of its own.
        const int64_t until = now_us() + 60000000;
        const int64_t drain_from = now_us();
        while (ledger.arrived.load() < ledger.acks.load() && now_us() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const int64_t drain_us = now_us() - drain_from;
        std::vector<int64_t> flow;
        std::vector<int64_t> client = client_times(ledger);
        uint64_t missing = 0;
        for (size_t n = 1; n < max_orders; ++n) {
            if (ledger.acked[n] == 0) continue;
            if (ledger.delivered[n] == 0)
                ++missing;
            else
                flow.push_back(ledger.delivered[n] - ledger.answered[n]);
        }
        printf(
            "{\"offered\":%lu,\"acked\":%lu,\"errors\":%lu,\"delivered\":%lu,\"missing\":%lu,\"twice\":%lu,\"drain_"
            "ms\":%.1f,"
            "\"flow_p50_us\":%.0f,\"flow_p99_us\":%.0f,\"client_p50_us\":%.0f,\"client_p99_us\":%.0f}\n",
            ledger.offered.load(), ledger.acks.load(), ledger.errors.load(), ledger.arrived.load(), missing,
            ledger.twice.load(), static_cast<double>(drain_us) / 1000, percentile(flow, 0.5), percentile(flow, 0.99),
            percentile(client, 0.5), percentile(client, 0.99));
        fflush(stdout);
    }
    ledger.stop.store(true);
    upstream_thread.join();
    sink_thread.join();
    return 0;
}
