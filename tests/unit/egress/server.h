// A scripted TCP server for the transport's tests: its own thread, 127.0.0.1 on a port of the kernel's choice, one
// script for each connection. It counts what it could write, which bounds what the other side has read.
#pragma once

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace server {

inline constexpr const char* ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// One accepted connection.
class Peer {
  public:
    Peer(int fd, int nth, const std::atomic<bool>& stop) : fd_(fd), nth_(nth), stop_(stop) {}
    ~Peer() {
        if (fd_ >= 0) close(fd_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    int nth() const { return nth_; }
    int fd() const { return fd_; }

    // A whole request (head and Content-Length's body); empty when the other side closed or the test ends.
    std::string request() {
        for (;;) {
            if (size_t end = input_.find("\r\n\r\n"); end != std::string::npos) {
                size_t need = end + 4;
                if (size_t at = input_.find("Content-Length: "); at < end)
                    need += std::strtoul(&input_[at + 16], nullptr, 10);
                if (input_.size() >= need) {
                    std::string out = input_.substr(0, need);
                    input_.erase(0, need);
                    return out;
                }
            }
            char buffer[4096];
            if (!wait(POLLIN)) return {};
            ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
            if (got <= 0) return {};
            input_.append(buffer, static_cast<size_t>(got));
        }
    }

    bool write(const std::string& text) {
        size_t done = 0;
        while (done < text.size()) {
            if (!wait(POLLOUT)) return false;
            ssize_t put = send(fd_, text.data() + done, text.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (put <= 0) return false;
            done += static_cast<size_t>(put);
            written += static_cast<size_t>(put);
        }
        return true;
    }

    // Without reading: has the other side gone, or the test ended?
    bool ended() const {
        pollfd one{fd_, POLLRDHUP, 0};
        return stop_ || (poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
    }
    void pause() const { poll(nullptr, 0, 10); }

    // Until the other side's kernel has all that was written.
    void wait_for_arrival() const {
        int unsent = 1;
        while (!stop_ && ioctl(fd_, SIOCOUTQ, &unsent) == 0 && unsent > 0) poll(nullptr, 0, 1);
    }

    // Until the other side closes.
    void wait_for_end() {
        char buffer[4096];
        while (wait(POLLIN) && recv(fd_, buffer, sizeof buffer, 0) > 0) continue;
    }

    void reset() {
        linger hard{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(std::exchange(fd_, -1));
    }

    // One byte every `ms`, as long as the other side listens.
    void drip(const std::string& text, int ms) {
        for (char c : text) {
            pollfd one{fd_, POLLRDHUP, 0};
            if (stop_ || poll(&one, 1, ms) > 0 || !write(std::string(1, c))) return;
        }
    }

    size_t written = 0;

  private:
    bool wait(short events) {
        while (!stop_) {
            pollfd one{fd_, events, 0};
            if (poll(&one, 1, 20) > 0) return true;
        }
        return false;
    }

    int fd_;
    int nth_;
    const std::atomic<bool>& stop_;
    std::string input_;
};

using Script = std::function<void(Peer&)>;

class Server {
  public:
    explicit Server(Script script, const char* address = "127.0.0.1") : script_(std::move(script)) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in in{};
        in.sin_family = AF_INET;
        inet_pton(AF_INET, address, &in.sin_addr);
        // A small window, so that what the other side does not read is soon not written either.
        int small = 4096;
        setsockopt(listener_, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        socklen_t length = sizeof in;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&in), sizeof in) != 0 || listen(listener_, 64) != 0 ||
            getsockname(listener_, reinterpret_cast<sockaddr*>(&in), &length) != 0)
            abort();
        port = ntohs(in.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~Server() {
        stop_ = true;
        thread_.join();
        for (std::thread& one : peers_) one.join();
        close(listener_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    uint16_t port = 0;
    std::atomic<int> connections{0};
    std::atomic<size_t> written{0};

    std::vector<std::string> requests() {
        std::lock_guard<std::mutex> hold(lock_);
        return requests_;
    }
    void note(std::string request) {
        std::lock_guard<std::mutex> hold(lock_);
        requests_.push_back(std::move(request));
    }
    const std::atomic<bool>& stopping() const { return stop_; }

  private:
    void accept_all() {
        while (!stop_) {
            pollfd one{listener_, POLLIN, 0};
            if (poll(&one, 1, 20) <= 0) continue;
            int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            int nth = connections++;
            peers_.emplace_back([this, fd, nth] {
                Peer peer(fd, nth, stop_);
                script_(peer);
                written += peer.written;
            });
        }
    }

    Script script_;
    int listener_ = -1;
    std::atomic<bool> stop_{false};
    std::thread thread_;
    std::vector<std::thread> peers_;
    std::mutex lock_;
    std::vector<std::string> requests_;
};

// Answers every request with `answer`, on one connection as long as it is kept.
inline Script always(std::string answer) {
    return [answer](Peer& peer) {
        while (!peer.request().empty())
            if (!peer.write(answer)) return;
    };
}

}  // namespace server
