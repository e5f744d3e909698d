#include "dispatch/backlog.h"

#include <algorithm>
#include <limits>

namespace trot {
namespace {

constexpr int64_t end_of_time = std::numeric_limits<int64_t>::max();
constexpr int64_t hour_ms = int64_t{3600} * 1000;
constexpr int64_t longest_retry_after_ms = 24 * hour_ms;
constexpr size_t page_rows = 256;

// The furthest that a sound clock can have put a due time.
int64_t horizon_ms(const Endpoint& endpoint) {
    int64_t longest = longest_retry_after_ms;
    for (const int64_t step : endpoint.settings->schedule_ms) longest = std::max(longest, step);
    return longest + hour_ms;
}

}  // namespace

void Backlog::mark(Endpoint& endpoint) {
    if (endpoint.more) {
        endpoint.scan_whole = false;  // it may lie behind the running scan: one more pass
        return;
    }
    endpoint.more = true;
    endpoint.scan_whole = true;
    endpoint.scan_due_ms = endpoint.scan_number = 0;
}

void Backlog::due_later(Endpoint& endpoint, int64_t due_ms) {
    if (endpoint.next_due_ms < 0 || due_ms < endpoint.next_due_ms) endpoint.next_due_ms = due_ms;
}

void Backlog::drop_queued(Endpoint& endpoint) {
    for (const Item& item : endpoint.fresh) release(item.number);
    for (const Item& item : endpoint.backlog) release(item.number);
    endpoint.fresh.clear();
    endpoint.backlog.clear();
    mark(endpoint);
}

bool Backlog::refill(Endpoint& endpoint) {
    if (!endpoint.more && endpoint.next_due_ms < 0) return true;
    // A closed door needs one delivery to knock with; a busy endpoint enough to never wait for a page.
    size_t want = std::clamp<size_t>(size_t{endpoint.cap} * 8, 32, lane_items);
    if (endpoint.breaker.open()) want = 2;
    if (crowded()) want = std::min<size_t>(want, endpoint.cap);
    if (endpoint.backlog.size() > want / 2) return true;
    const int64_t now = context_.run.now_ms();
    if (endpoint.next_due_ms >= 0 && endpoint.next_due_ms <= now) {
        endpoint.next_due_ms = -1;
        mark(endpoint);
    }
    if (!endpoint.more) return true;
    Reader* reader = context_.read();
    return reader != nullptr && page(*reader, endpoint, now, want);
}

void Backlog::queue(Endpoint& endpoint, const Delivery& delivery) {
    const Style* style = find_style(delivery.format);
    Item item = item_of(delivery, style);
    if (!endpoint.takes(style) || !hold(item.number)) return;
    endpoint.backlog.push_back(std::move(item));
}

bool Backlog::page(Reader& reader, Endpoint& endpoint, int64_t now_ms, size_t want) {
    if (!endpoint.far_checked && !far(reader, endpoint, now_ms, want)) return false;
    while (endpoint.backlog.size() < want) {
        const size_t limit = std::min(page_rows, want + endpoint.queued() + endpoint.inflight);
        const auto rows = reader.due(endpoint.number, now_ms, endpoint.scan_due_ms, endpoint.scan_number, limit);
        if (!rows) {
            context_.read_failed(rows.fault());
            return false;
        }
        for (const Delivery& delivery : rows.value()) {
            endpoint.scan_due_ms = delivery.due_ms;
            endpoint.scan_number = delivery.number;
            queue(endpoint, delivery);
        }
        if (rows.value().size() >= limit) continue;
        const bool whole = endpoint.scan_whole;
        endpoint.scan_due_ms = endpoint.scan_number = 0;
        endpoint.scan_whole = true;
        if (!whole) continue;
        endpoint.more = false;
        const auto later = reader.due(endpoint.number, end_of_time, now_ms, end_of_time, 1);
        if (!later) {
            context_.read_failed(later.fault());
            return false;
        }
        if (!later.value().empty()) due_later(endpoint, later.value().front().due_ms);
        break;
    }
    return true;
}

// Written under a clock that was far ahead (fault F35): nobody would live to see them due, so they are due now.
bool Backlog::far(Reader& reader, Endpoint& endpoint, int64_t now_ms, size_t want) {
    const size_t limit = want + endpoint.queued() + endpoint.inflight;
    const auto rows = reader.due(endpoint.number, end_of_time, now_ms + horizon_ms(endpoint), end_of_time, limit);
    if (!rows) {
        context_.read_failed(rows.fault());
        return false;
    }
    for (const Delivery& delivery : rows.value()) queue(endpoint, delivery);
    endpoint.far_checked = rows.value().size() < limit;
    return true;
}

}  // namespace trot
