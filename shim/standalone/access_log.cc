#include "shim/standalone/access_log.h"

#include <ctime>

#include "shim/standalone/deadline.h"

namespace trot::host {
namespace {

constexpr size_t kFlushBytes = 32 * 1024;
constexpr int64_t kFlushMs = 100;

void append_number(std::string& to, uint64_t value) {
    char digits[20];
    char* at = digits + sizeof digits;
    do *--at = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    to.append(at, static_cast<size_t>(digits + sizeof digits - at));
}

void append_seconds(std::string& to, int64_t ms) {
    append_number(to, static_cast<uint64_t>(ms / 1000));
    const int64_t rest = ms % 1000;
    const char fraction[4] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                              static_cast<char>('0' + rest % 10)};
    to.append(fraction, sizeof fraction);
}

void append_escaped(std::string& to, std::string_view text) {
    static const char hex[] = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            to += c;
            continue;
        }
        to += "\\x";
        to += hex[byte >> 4];
        to += hex[byte & 15];
    }
}

}  // namespace

std::string_view AccessLog::time_now() {
    const time_t now = time(nullptr);
    if (now != stamp_second_ || stamp_.empty()) {
        tm local{};
        char text[40];
        localtime_r(&now, &local);
        stamp_.assign(text, strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S %z", &local));
        stamp_second_ = now;
    }
    return stamp_;
}

std::string AccessLog::format(const AccessEntry& entry) {
    std::string line;
    line.reserve(entry.peer.size() + entry.target.size() + entry.referer.size() + entry.agent.size() + 160);
    line += entry.peer.empty() ? "-" : entry.peer;
    line += " - - [";
    line += time_now();
    line += "] \"";
    if (!entry.method.empty()) {
        append_escaped(line, entry.method);
        line += ' ';
        append_escaped(line, entry.target);
        line += entry.minor == 0 ? " HTTP/1.0" : " HTTP/1.1";
    } else {
        line += '-';
    }
    line += "\" ";
    append_number(line, static_cast<uint64_t>(entry.status));
    line += ' ';
    append_number(line, entry.bytes);
    line += " \"";
    append_escaped(line, entry.referer.empty() ? "-" : entry.referer);
    line += "\" \"";
    append_escaped(line, entry.agent.empty() ? "-" : entry.agent);
    line += "\" rt=";
    append_seconds(line, entry.request_ms);
    line += " hold=";
    if (entry.hold_ms < 0)
        line += '-';
    else
        append_seconds(line, entry.hold_ms);
    line += " events=";
    return line;
}

void AccessLog::finish(std::string line, std::string_view events) {
    line += events.empty() ? "-" : events;
    line += '\n';
    file.append(line);
}

void AccessLog::turn() {
    if (file.waiting() == 0) return;
    const int64_t now = now_ms();
    if (file.waiting() < kFlushBytes && now - flushed_ms_ < kFlushMs) return;
    flushed_ms_ = now;
    file.flush();
}

}  // namespace trot::host
