// Spill file: where committed exchanges wait while the store is sick. One file a process (`spill.log`, `spill-2.log`, …
// the first one that no other process has locked), preallocated, so that it works on a full disk; overwritten in place,
// so that taking records back never gives the reserved blocks away. A record counts when its frame is sound and of the
// current generation. Callers: the recorder's spill thread. Threads: one; room() and backlog() any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "capture/spill_format.h"

namespace trot {

struct SpillOptions {
    std::string path;  // directory
    uint64_t reserve = 16ULL << 20;
    uint64_t max = 1ULL << 30;
    Clock* clock = &system_clock();
    Log* log = nullptr;
};

class SpillFile {
  public:
    static Result<std::unique_ptr<SpillFile>> open(const SpillOptions& options);
    ~SpillFile();
    SpillFile(const SpillFile&) = delete;
    SpillFile& operator=(const SpillFile&) = delete;

    // Durable when it returns without a fault; all or nothing.
    Result<void> append(const std::vector<std::string>& payloads);

    // The next records in order, from the read position on: at most `records`, and about `bytes`. Damaged ones are
    // skipped: a copy goes to spill.damaged, and they are counted. Empty: all is read.
    Result<std::vector<SpilledExchange>> read(size_t records, size_t bytes);
    uint64_t position() const { return read_at_; }
    void seek(uint64_t position) { read_at_ = position; }

    // All before `position` is safe elsewhere. When that is all there is, the file starts anew.
    Result<void> consume(uint64_t position, int64_t last_event);
    // A record that cannot be taken back: kept beside the file for people.
    void reject(std::string_view payload);

    bool room() const { return room_.load(std::memory_order_relaxed); }
    uint64_t backlog() const { return backlog_.load(std::memory_order_relaxed); }  // bytes
    uint64_t damaged() const { return damaged_; }
    const SpillHead& head() const { return head_; }

  private:
    struct Frame;
    explicit SpillFile(const SpillOptions& options) : options_(options) {}
    Result<void> take_slot();
    Result<void> load();
    Result<void> create();
    void adopt_orphans();
    void find_tail();
    bool frame_at(uint64_t offset, uint64_t limit, Frame& frame);
    uint64_t next_sound(uint64_t from, uint64_t limit);
    Result<void> write_head(const SpillHead& head);
    void quarantine(uint64_t from, uint64_t to);
    void note(Level level, std::string line) const;
    void set_backlog();

    SpillOptions options_;
    std::string file_;  // full path
    unsigned slot_ = 1;
    int fd_ = -1;
    SpillHead head_;
    unsigned head_copy_ = 0;  // which of the two copies was written last
    uint64_t reserved_ = 0;
    uint64_t tail_ = 0;  // where the next frame goes
    uint64_t read_at_ = 0;
    uint64_t damaged_ = 0;
    std::atomic<bool> room_{true};
    std::atomic<uint64_t> backlog_{0};
};

}  // namespace trot
