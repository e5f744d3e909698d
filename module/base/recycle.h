// Recycled: an allocator for small objects that one thread makes and another destroys. Such objects are poison for
// malloc's per-thread caches: the maker's run dry, the other's overflow, and both threads meet at the arena's lock
// (measured: 8 % of the time of a loop that captures). Here the other thread hands the block back without a lock, and
// the maker takes all that came back at once. Callers: capture. Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace trot {

// What threads hand back to one that takes it all at once: a stack without a lock. T has a `T* next`.
template <class T>
class Returns {
  public:
    // False: it is full, and `one` is still the caller's.
    bool give(T* one, size_t most) noexcept {
        if (count_.load(std::memory_order_relaxed) >= most) return false;
        count_.fetch_add(1, std::memory_order_relaxed);
        one->next = top_.load(std::memory_order_relaxed);
        while (!top_.compare_exchange_weak(one->next, one, std::memory_order_release, std::memory_order_relaxed)) {
        }
        return true;
    }
    T* take_all() noexcept {
        if (top_.load(std::memory_order_relaxed) == nullptr) return nullptr;
        count_.store(0, std::memory_order_relaxed);  // near enough: it only bounds what is kept
        return top_.exchange(nullptr, std::memory_order_acquire);
    }

  private:
    alignas(64) std::atomic<T*> top_{nullptr};
    std::atomic<size_t> count_{0};
};

// Free blocks of one size: each thread's own, and what came back from others.
template <size_t Size>
class Blocks {
  public:
    static void* take() {
        Own& own = own_;
        if (own.first == nullptr) own.first = returns_.take_all();
        if (own.first == nullptr) return ::operator new(Size);
        return std::exchange(own.first, own.first->next);
    }
    static void give(void* block) noexcept {
        if (!keeps || !returns_.give(::new (block) Free{nullptr}, most)) ::operator delete(block);
    }

  private:
    struct Free {
        Free* next;
    };
    struct Own {
        Free* first = nullptr;
        ~Own() {
            while (first != nullptr) ::operator delete(std::exchange(first, first->next));
        }
    };
    static_assert(Size >= sizeof(Free));
    static constexpr size_t most = 2048;
#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool keeps = false;  // it must see each block die
#else
    static constexpr bool keeps = true;
#endif
    static inline thread_local Own own_;
    static inline Returns<Free> returns_;
};

template <class T>
struct Recycled {
    using value_type = T;
    Recycled() = default;
    template <class U>
    Recycled(const Recycled<U>&) noexcept {}  // NOLINT(google-explicit-constructor): what an allocator has to have

    T* allocate(size_t count) {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(count == 1 ? Blocks<size>::take() : ::operator new(count * sizeof(T)));
    }
    void deallocate(T* at, size_t count) noexcept { count == 1 ? Blocks<size>::give(at) : ::operator delete(at); }
    friend bool operator==(const Recycled&, const Recycled&) { return true; }

  private:
    static constexpr size_t size = (sizeof(T) + 63) / 64 * 64;
};

}  // namespace trot
