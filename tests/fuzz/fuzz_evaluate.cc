// Any exchange through every shipped dialect at once: no crash, no hang; what becomes an event has a topic that is one
// and a payload that is JSON unless it says otherwise; explaining an exchange does not change what it means.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "capture/evaluate.h"
#include "dialect/format.h"
#include "dialect/shipped.h"
#include "plan/load.h"

namespace {

using namespace trot;

PlanPtr all_dialects() {
    std::string text = "dialects = [";
    for (const Shipped& one : shipped_dialects()) text += "\"" + std::string(one.name) + "\",";
    text += "]\n[capture]\nrequest_cap = 65536\nresponse_cap = 65536\n";
    const Result<PlanPtr> plan = parse_plan(text, "fuzz.toml", shipped_vocabulary());
    if (!plan) std::abort();
    return plan.value();
}

bool is_topic(std::string_view topic) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (topic.empty() || topic.front() == '.' || topic.back() == '.') return false;
    return std::all_of(topic.begin(), topic.end(), [&](char c) { return letter(c) || c == '.'; });
}

std::string_view take_line(std::string_view& rest) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return line;
}

}  // namespace

// input: lines "METHOD target", the request's Content-Type, the answer's Content-Encoding, its status; then the
// request's body, a zero byte, the answer's body
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const PlanPtr plan = all_dialects();
    static Evaluator evaluator;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    Exchange exchange;
    exchange.plan = plan;
    exchange.capture.assign(16, '\0');
    std::string_view line = take_line(rest);
    exchange.method = line.substr(0, line.find(' '));
    exchange.target = line.substr(std::min(line.size(), exchange.method.size() + 1));
    exchange.request_fields = {{"Content-Type", std::string(take_line(rest))}};
    exchange.response_fields = {{"Content-Encoding", std::string(take_line(rest))}};
    line = take_line(rest);
    exchange.status = 200 + (line.empty() ? 0 : line.back() & 3);
    exchange.request_truncated = line.size() == 4;
    const size_t zero = rest.find('\0');
    exchange.request_body = rest.substr(0, zero);
    if (zero != std::string_view::npos) exchange.response_body = rest.substr(zero + 1);

    static JsonReader reader;
    // What an exchange leaves is found by the next ones. Every eighth input it is all forgotten, so that it stays
    // small.
    static MapMemory memory;
    static size_t inputs = 0;
    if (++inputs % 8 == 0) memory = MapMemory();
    const std::vector<Event> events = evaluator.evaluate(exchange, memory, nullptr);
    const Memos memos = evaluator.memos();
    for (const Memo& memo : memos)
        if (memo.name.find(':') == std::string::npos || memo.name.size() > 600) std::abort();
    for (const Event& event : events) {
        if (!is_topic(event.topic) || event.payload == nullptr) std::abort();
        if ((event.flags & event_opaque) != 0) continue;
        reader.load(*event.payload);
        if (!reader.valid()) std::abort();
    }
    if (size % 16 == 0) {  // two hundred reasons take their time
        std::vector<HookReport> reports;
        const std::vector<Event> explained = evaluator.evaluate(exchange, memory, &reports);
        if (explained.size() != events.size() || reports.size() != plan->hooks.size()) std::abort();
    }
    memory.apply(memos);
    return 0;
}
