// Hands: what the dispatcher has in hand right now, in a page of memory that is a file of the store's directory too
// ("in-hand"): it outlives the process. A note is there while a delivery is rendered, signed, handed over and its
// answer judged, and while an event is matched or what the upstream tells of it is read: two plain stores. Nothing is
// synced: a process that dies is what it is for, not a power cut. The leader's alone (leader.lock). Callers: deaths
// (opens, reads what is left), whoever takes something in hand. Threads: open, left, begin and close the dispatcher's;
// a note may be made on any, a slot each.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/values.h"

namespace trot {

class Hands {
  public:
    Hands() : page_(&own_) {}
    ~Hands() { close(); }
    Hands(const Hands&) = delete;
    Hands& operator=(const Hands&) = delete;

    // When it fails notes are made in memory only: everything works but the quarantine.
    Result<void> open(const std::string& store_path);
    void close();
    bool mapped() const { return page_ != &own_; }
    // Of the process that had the page before; 0: it is new.
    int64_t reign() const { return page_->reign; }
    std::vector<InHand> left() const;
    void begin(int64_t reign);  // ours from now on, with nothing in hand

    enum Slot { delivery_slot, event_slot, shape_slot, slots = 8 };
    class Note {
      public:
        Note(std::atomic<int64_t>& slot, int64_t what) : slot_(slot) { slot_.store(what, std::memory_order_release); }
        ~Note() { slot_.store(0, std::memory_order_release); }
        Note(const Note&) = delete;
        Note& operator=(const Note&) = delete;

      private:
        std::atomic<int64_t>& slot_;
    };
    Note delivery(int64_t number, Slot slot = delivery_slot) { return {page_->held[slot], number}; }
    Note event(int64_t number, Slot slot = event_slot) { return {page_->held[slot], -number}; }

  private:
    struct Page {
        char magic[8] = {};
        int64_t reign = 0;
        std::atomic<int64_t> held[slots] = {};  // a delivery's number, or an event's negative one; 0: nothing
    };
    static_assert(std::atomic<int64_t>::is_always_lock_free && sizeof(Page) <= 4096);

    Page own_;
    Page* page_;
};

}  // namespace trot
