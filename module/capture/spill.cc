#include "capture/spill.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "capture/spill_io.h"

namespace trot {
namespace {

constexpr uint64_t data_start = 4096;  // the head's two copies lie in sectors of their own before it
constexpr uint64_t copy_distance = 2048;
constexpr unsigned max_slots = 32;
constexpr size_t scan_bytes = 1U << 20;

std::string slot_file(const std::string& directory, unsigned slot) {
    return directory + (slot == 1 ? "/spill.log" : "/spill-" + std::to_string(slot) + ".log");
}

}  // namespace

struct SpillFile::Frame {
    FrameHead head;
    std::string payload;
    uint64_t end = 0;
};

SpillFile::~SpillFile() {
    if (fd_ >= 0) ::close(fd_);
}

void SpillFile::note(Level level, std::string line) const {
    if (options_.log != nullptr) options_.log->write(level, "spill: " + std::move(line));
}

void SpillFile::set_backlog() {
    backlog_.store(tail_ - std::min(tail_, head_.first), std::memory_order_relaxed);
    room_.store(tail_ < options_.max, std::memory_order_relaxed);
}

Result<std::unique_ptr<SpillFile>> SpillFile::open(const SpillOptions& options) {
    std::unique_ptr<SpillFile> spill(new SpillFile(options));
    (void)::mkdir(options.path.c_str(), 0700);  // the store makes it too, but may have failed before it came to that
    if (Result<void> taken = spill->take_slot(); !taken) return taken.fault();
    if (Result<void> loaded = spill->load(); !loaded) return loaded.fault();
    spill->adopt_orphans();
    return spill;
}

Result<void> SpillFile::take_slot() {
    for (slot_ = 1; slot_ <= max_slots; ++slot_) {
        file_ = slot_file(options_.path, slot_);
        Result<int> fd = spill_io::open_locked(file_, true);
        if (!fd) return fd.fault();
        fd_ = fd.value();
        if (fd_ >= 0) return {};
    }
    return Fault{Code::store, "all " + std::to_string(max_slots) + " spill files in " + options_.path +
                                  " are in use by other processes"};
}

Result<void> SpillFile::create() {
    reserved_ = spill_io::reserve(fd_, options_.reserve);
    if (reserved_ < options_.reserve)
        note(Level::warning, "only " + std::to_string(reserved_) + " of " + std::to_string(options_.reserve) +
                                 " bytes could be reserved for " + file_ +
                                 ": on a full disk no more than that can be spilled");
    head_ = {};
    head_.generation =
        static_cast<uint64_t>(std::max<int64_t>(options_.clock->wall_ms(), 1));  // no leftover has this one
    head_.first = data_start;
    tail_ = read_at_ = data_start;
    if (Result<void> written = write_head(head_); !written) return written;
    set_backlog();
    return {};
}

Result<void> SpillFile::load() {
    if (spill_io::size_of(fd_) < data_start) return create();
    SpillHead found;
    bool any = false;
    for (unsigned copy = 0; copy < 2; ++copy) {
        Result<std::string> bytes = spill_io::read_some(fd_, spill_head_bytes, copy * copy_distance, file_);
        if (!bytes) return bytes.fault();
        SpillHead one;
        if (!decode_spill_head(bytes.value(), one)) continue;
        const bool newer = !any || one.generation > found.generation ||
                           (one.generation == found.generation && one.first >= found.first);
        if (!newer) continue;
        found = one;
        head_copy_ = copy;
        any = true;
    }
    if (!any || found.first < data_start) {
        const Result<std::string> start = spill_io::read_some(fd_, data_start, 0, file_);
        const bool blank = start && start.value().find_first_not_of('\0') == std::string::npos;
        if (!blank) {
            const std::string kept = file_ + ".damaged-" + std::to_string(options_.clock->wall_ms());
            note(Level::alarm, "the head of " + file_ + " is damaged: kept as " + kept +
                                   ", a new file is begun; what it held is not delivered");
            if (std::rename(file_.c_str(), kept.c_str()) != 0)
                return Fault{Code::store, "cannot set the damaged " + file_ + " aside"};
            ::close(fd_);
            fd_ = -1;
            Result<int> fd = spill_io::open_locked(file_, true);
            if (!fd) return fd.fault();
            if (fd.value() < 0) return Fault{Code::store, file_ + " was taken by another process"};
            fd_ = fd.value();
        }
        return create();
    }
    head_ = found;
    reserved_ = std::min(options_.reserve, spill_io::size_of(fd_));
    if (reserved_ < options_.reserve) reserved_ = std::max(reserved_, spill_io::reserve(fd_, options_.reserve));
    find_tail();
    return {};
}

bool SpillFile::frame_at(uint64_t offset, uint64_t limit, Frame& frame) {
    if (offset + frame_head_bytes > limit) return false;
    Result<std::string> head = spill_io::read_some(fd_, frame_head_bytes, offset, file_);
    if (!head || !read_frame_head(head.value(), frame.head) || frame.head.generation != head_.generation) return false;
    if (offset + frame_head_bytes + frame.head.length > limit) return false;
    Result<std::string> payload = spill_io::read_some(fd_, frame.head.length, offset + frame_head_bytes, file_);
    if (!payload || !frame_is_sound(frame.head, payload.value())) return false;
    frame.payload = std::move(payload).value();
    frame.end = offset + frame_head_bytes + frame.head.length;
    return true;
}

// Where the next sound frame begins, or `limit`.
uint64_t SpillFile::next_sound(uint64_t from, uint64_t limit) {
    Frame frame;
    while (from < limit) {
        const size_t want = static_cast<size_t>(std::min<uint64_t>(scan_bytes, limit - from));
        Result<std::string> bytes = spill_io::read_some(fd_, want, from, file_);
        if (!bytes || bytes.value().size() < frame_magic.size()) return limit;
        const std::string& text = bytes.value();
        for (size_t at = text.find(frame_magic); at != std::string::npos; at = text.find(frame_magic, at + 1))
            if (frame_at(from + at, limit, frame)) return from + at;
        from += text.size() - (frame_magic.size() - 1);
        if (text.size() < want || text.size() < frame_magic.size()) return limit;
        if (limit - from < frame_magic.size()) return limit;
    }
    return limit;
}

// The log ends behind its last sound frame. A frame that was begun and not finished (crash, power cut) was never
// acknowledged.
void SpillFile::find_tail() {
    const uint64_t size = spill_io::size_of(fd_);
    read_at_ = head_.first;
    tail_ = head_.first;
    Frame frame;
    uint64_t at = head_.first;
    while (at < size) {
        if (!frame_at(at, size, frame)) {
            const uint64_t next = next_sound(at + 1, size);
            if (next == size) break;
            at = next;
            continue;
        }
        at = tail_ = frame.end;
    }
    Result<std::string> rest = spill_io::read_some(fd_, frame_head_bytes, tail_, file_);
    if (rest && read_frame_head(rest.value(), frame.head) && frame.head.generation == head_.generation)
        note(Level::notice,
             "the last record of " + file_ + " was not finished before the end: ignored, it was never acknowledged");
    if (tail_ > head_.first)
        note(Level::notice, std::to_string(tail_ - head_.first) + " bytes of spilled exchanges in " + file_ +
                                " wait to be taken back");
    set_backlog();
}

Result<void> SpillFile::append(const std::vector<std::string>& payloads) {
    uint64_t end = tail_;
    for (const std::string& payload : payloads) end += frame_head_bytes + payload.size();
    if (end > options_.max) {
        room_.store(false, std::memory_order_relaxed);
        return Fault{Code::full, "the spill file " + file_ + " has reached its limit of " +
                                     std::to_string(options_.max) + " bytes"};
    }
    std::string bytes;
    bytes.reserve(end - tail_);
    std::vector<uint64_t> begins;
    for (const std::string& payload : payloads) {
        begins.push_back(tail_ + bytes.size());
        bytes += make_frame(head_.generation, payload);
    }
    Result<void> outcome = spill_io::write_all(fd_, bytes, tail_, file_);
    if (outcome) outcome = spill_io::sync(fd_, file_);
    if (!outcome) {
        // The caller keeps these exchanges: what was written of them must not count after a restart.
        const std::string blank(frame_head_bytes, '\0');
        const uint64_t written = spill_io::size_of(fd_);
        for (const uint64_t begin : begins)
            if (begin + frame_head_bytes <= written) (void)spill_io::write_all(fd_, blank, begin, file_);
        room_.store(false, std::memory_order_relaxed);
        return outcome;
    }
    tail_ = end;
    set_backlog();
    return {};
}

Result<std::vector<SpilledExchange>> SpillFile::read(size_t records, size_t bytes) {
    std::vector<SpilledExchange> out;
    Frame frame;
    size_t sum = 0;
    while (read_at_ < tail_ && out.size() < records && sum < bytes) {
        if (!frame_at(read_at_, tail_, frame)) {
            const uint64_t next = next_sound(read_at_ + 1, tail_);
            quarantine(read_at_, next);
            read_at_ = next;
            continue;
        }
        Result<SpilledExchange> record = decode_exchange(frame.payload);
        if (record) {
            out.push_back(std::move(record).value());
            sum += frame.payload.size();
        } else {
            quarantine(read_at_, frame.end);
        }
        read_at_ = frame.end;
    }
    return out;
}

Result<void> SpillFile::write_head(const SpillHead& head) {
    const unsigned copy = 1 - head_copy_;
    Result<void> outcome = spill_io::write_all(fd_, encode_spill_head(head), copy * copy_distance, file_);
    if (outcome) outcome = spill_io::sync(fd_, file_);
    if (!outcome) return outcome;
    head_copy_ = copy;
    head_ = head;
    return {};
}

Result<void> SpillFile::consume(uint64_t position, int64_t last_event) {
    SpillHead next = head_;
    next.last_event = last_event;
    next.first = position;
    const bool all = position >= tail_;
    if (all) {
        ++next.generation;
        next.first = data_start;
    }
    if (Result<void> written = write_head(next); !written) return written;
    if (all) {
        tail_ = read_at_ = data_start;
        if (reserved_ >= data_start && spill_io::size_of(fd_) > reserved_)
            (void)!::ftruncate(fd_, static_cast<off_t>(reserved_));  // give back what lies beyond the reserve
    }
    set_backlog();
    return {};
}

void SpillFile::quarantine(uint64_t from, uint64_t to) {
    ++damaged_;
    const std::string kept = options_.path + "/spill.damaged";
    for (uint64_t at = from; at < to;) {
        Result<std::string> bytes = spill_io::read_some(fd_, std::min<uint64_t>(scan_bytes, to - at), at, file_);
        if (!bytes || bytes.value().empty()) break;
        spill_io::append_copy(kept, bytes.value());
        at += bytes.value().size();
    }
    note(Level::alarm, "a record in " + file_ + " is damaged (" + std::to_string(to - from) + " bytes from " +
                           std::to_string(from) + "): skipped, a copy is in " + kept);
}

void SpillFile::reject(std::string_view payload) {
    spill_io::append_copy(options_.path + "/spill.rejected", make_frame(head_.generation, payload));
}

// Files of processes that are gone (fewer workers than before): their records join ours.
void SpillFile::adopt_orphans() {
    for (unsigned slot = 1; slot <= max_slots; ++slot) {
        if (slot == slot_) continue;
        const std::string file = slot_file(options_.path, slot);
        Result<int> fd = spill_io::open_locked(file, false);
        if (!fd || fd.value() < 0) continue;
        SpillFile orphan(options_);
        orphan.file_ = file;
        orphan.fd_ = fd.value();
        if (!orphan.load() || orphan.backlog() == 0) continue;
        while (true) {
            Result<std::vector<SpilledExchange>> records = orphan.read(256, 4U << 20);
            if (!records || records.value().empty()) break;
            std::vector<std::string> payloads;
            // Its process may have died between a commit and the note of it.
            for (const SpilledExchange& record : records.value())
                payloads.push_back(encode_exchange(record.exchange, record.exchange.at_ms));
            if (Result<void> kept = append(payloads); !kept) {
                note(Level::error, "cannot take over " + file + ": " + kept.fault().text);
                break;
            }
            if (!orphan.consume(orphan.position(), orphan.head().last_event)) break;
        }
    }
}

}  // namespace trot
