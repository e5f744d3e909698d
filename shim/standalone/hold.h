// Hold: the answer of a captured exchange that waits until its record is durable; and the token that travels through
// the engine and comes back exactly once, whether the exchange still lives or not. Callers: the exchange. Threads: the
// loop's.
#pragma once

#include <event2/buffer.h>

#include <string>
#include <string_view>

#include "shim/standalone/client.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class Hold {
  public:
    Hold() = default;
    ~Hold() { forget(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    void begin(int64_t now);
    bool active() const { return held_ != nullptr; }
    void add(std::string_view bytes) { evbuffer_add(held_, bytes.data(), bytes.size()); }
    void release(Client& to, int64_t now);            // everything goes out, in one piece
    void forget();                                    // nobody is there to take it
    int64_t lasted_ms() const { return lasted_ms_; }  // -1: never held

  private:
    evbuffer* held_ = nullptr;
    int64_t since_ms_ = 0;
    int64_t lasted_ms_ = -1;
};

class Exchange;

// The `user` of trot_capture_commit. An exchange that ends earlier leaves its access log line here.
class Token final : public Completion {
  public:
    Token(Worker& worker, Exchange& exchange) : worker_(worker), exchange_(&exchange) { ++worker.waiting_completions; }
    ~Token() override { --worker_.waiting_completions; }
    void detach(std::string line) {
        exchange_ = nullptr;
        line_ = std::move(line);
    }
    void done(const trot_done& result) override;

  private:
    Worker& worker_;
    Exchange* exchange_;
    std::string line_;
};

}  // namespace trot::host
