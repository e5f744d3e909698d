#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace trot::cli {

size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Table::print() {
    widths.resize(titles.size());
    for (size_t i = 0; i < titles.size(); ++i) {
        widths[i] = std::max(widths[i], width_of(titles[i]));
        for (const std::vector<std::string>& row : rows) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    const auto add = [&](const std::vector<std::string>& cells) {
        for (size_t i = 0; i < cells.size(); ++i) {
            out += cells[i];
            if (i + 1 < cells.size()) out.append(widths[i] - width_of(cells[i]) + 2, ' ');
        }
        out += '\n';
    };
    if (!titled) add(titles);
    titled = true;
    for (const std::vector<std::string>& row : rows) add(row);
    rows.clear();
    return out;
}

std::string size_text(uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    const char* unit = "KiB";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
        unit = next;
        value /= 1024;
        if (value < 1024) break;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

std::string span_text(int64_t milliseconds) {
    const int64_t seconds = std::max<int64_t>(milliseconds, 0) / 1000;
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return fmt::format("{}m {}s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{}h {}m", seconds / 3600, seconds % 3600 / 60);
    return fmt::format("{}d {}h", seconds / 86400, seconds % 86400 / 3600);
}

std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

std::string local_time(std::string_view rfc3339) {
    tm utc{};
    if (strptime(std::string(rfc3339).c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return "-";
    const time_t at = timegm(&utc);
    tm local{};
    localtime_r(&at, &local);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    return text;
}

}  // namespace trot::cli
