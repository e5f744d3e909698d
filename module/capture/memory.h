// Memory: what evaluation knows of earlier exchanges, and what it wants kept for later ones. Evaluation itself changes
// nothing: it reads through Memory and leaves a list of memos, which are applied with its events in one transaction
// (or, by explain, in memory). Callers: evaluate, job (the store's), the door's explain (MapMemory). Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace trot {

class Memory {
  public:
    virtual ~Memory() = default;
    // JSON of a resource as it last went by, not later than at_ms.
    virtual Result<std::optional<std::string>> snapshot(const std::string& name, int64_t at_ms) = 0;
    // An exchange that waits under that name (capture/spill_format.h).
    virtual Result<std::optional<std::string>> waiting(const std::string& name, Waiting kind) = 0;
};

// Something to be kept, or to be kept no longer.
struct Memo {
    enum class Kind { remember, forget, put_aside, take_up };
    Kind kind = Kind::remember;
    std::string name;
    std::string bytes;               // remember: the state; put_aside: the exchange
    Waiting waiting = Waiting::job;  // of put_aside
    int64_t at_ms = 0;
    std::string method, path;  // of put_aside, for people
};
using Memos = std::vector<Memo>;

inline constexpr size_t max_snapshot = size_t{256} * 1024;  // a larger state is forgotten

// Remembers nothing: for whoever looks at one exchange alone.
class NoMemory final : public Memory {
  public:
    Result<std::optional<std::string>> snapshot(const std::string&, int64_t) override { return {std::nullopt}; }
    Result<std::optional<std::string>> waiting(const std::string&, Waiting) override { return {std::nullopt}; }
};

// The store's, as an open transaction sees it.
class TxMemory final : public Memory {
  public:
    explicit TxMemory(Tx& tx) : tx_(tx) {}
    Result<std::optional<std::string>> snapshot(const std::string& name, int64_t at_ms) override;
    Result<std::optional<std::string>> waiting(const std::string& name, Waiting kind) override;

  private:
    Tx& tx_;
};

Result<void> write_memos(const Memos& memos, Tx& tx);

// For a dry run: lives as long as it, bounded by what the run is given.
class MapMemory final : public Memory {
  public:
    Result<std::optional<std::string>> snapshot(const std::string& name, int64_t at_ms) override;
    Result<std::optional<std::string>> waiting(const std::string& name, Waiting kind) override;
    void apply(const Memos& memos);

  private:
    std::map<std::string, std::string> snapshots_;
    std::map<std::string, Memo> waiting_;
};

}  // namespace trot
