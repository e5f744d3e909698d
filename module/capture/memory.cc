#include "capture/memory.h"

namespace trot {

Result<std::optional<std::string>> TxMemory::snapshot(const std::string& name, int64_t at_ms) {
    return tx_.find_snapshot(name, at_ms);
}

Result<std::optional<std::string>> TxMemory::waiting(const std::string& name, Waiting kind) {
    return tx_.find_waiting(name, kind);
}

Result<void> write_memos(const Memos& memos, Tx& tx) {
    for (const Memo& memo : memos) {
        Result<void> done;
        switch (memo.kind) {
            case Memo::Kind::remember:
                done = tx.put_snapshot(memo.name, memo.at_ms, memo.bytes);
                break;
            case Memo::Kind::forget:
                done = tx.remove_snapshot(memo.name, memo.at_ms);
                break;
            case Memo::Kind::put_aside:
                done = tx.put_waiting({memo.name, memo.waiting, memo.at_ms, memo.method, memo.path, memo.bytes});
                break;
            case Memo::Kind::take_up:
                done = tx.remove_waiting(memo.name);
                break;
        }
        if (!done) return done;
    }
    return {};
}

Result<std::optional<std::string>> MapMemory::snapshot(const std::string& name, int64_t) {
    const auto found = snapshots_.find(name);
    if (found == snapshots_.end()) return {std::nullopt};
    return {found->second};
}

Result<std::optional<std::string>> MapMemory::waiting(const std::string& name, Waiting kind) {
    const auto found = waiting_.find(name);
    if (found == waiting_.end() || found->second.waiting != kind) return {std::nullopt};
    return {found->second.bytes};
}

void MapMemory::apply(const Memos& memos) {
    for (const Memo& memo : memos) {
        switch (memo.kind) {
            case Memo::Kind::remember:
                snapshots_[memo.name] = memo.bytes;
                break;
            case Memo::Kind::forget:
                snapshots_.erase(memo.name);
                break;
            case Memo::Kind::put_aside:
                waiting_[memo.name] = memo;
                break;
            case Memo::Kind::take_up:
                waiting_.erase(memo.name);
                break;
        }
    }
}

}  // namespace trot
