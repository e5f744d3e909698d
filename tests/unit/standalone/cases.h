// Reads the case folders of tests/cases: tables, files, and the files that are made instead of kept (generated.tsv).
#pragma once

#include <openssl/sha.h>

#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace trot::http {

using Row = std::map<std::string, std::string>;

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    size_t from = 0;
    while (from <= text.size()) {
        const size_t end = std::min(text.find(at, from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

inline std::vector<Row> read_table(const std::string& path) {
    std::vector<Row> rows;
    std::vector<std::string> names;
    for (const std::string& line : split(read_file(path), '\n')) {
        if (line.empty()) continue;
        const std::vector<std::string> cells = split(line, '\t');
        if (names.empty()) {
            names = cells;
            continue;
        }
        Row row;
        for (size_t i = 0; i < names.size(); ++i) row[names[i]] = i < cells.size() ? cells[i] : "";
        rows.push_back(row);
    }
    return rows;
}

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

inline std::string sha256(std::string_view bytes) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
    std::string text;
    for (const unsigned char byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

// The bytes of a case, from its file or from its recipe.
inline std::string case_bytes(const std::string& folder, const std::string& file) {
    for (Row& row : read_table(folder + "/generated.tsv")) {
        if (row["file"] != file) continue;
        for (const char* part : {"head", "unit", "tail"}) {
            replace_all(row[part], "\\r", "\r");
            replace_all(row[part], "\\n", "\n");
        }
        std::string bytes = row["head"];
        for (int i = 0; i < std::stoi(row["count"]); ++i) {
            std::string unit = row["unit"];
            replace_all(unit, "{i}", std::to_string(i));
            bytes += unit;
        }
        bytes += row["tail"];
        if (sha256(bytes) != row["sha256"]) throw std::runtime_error(file + " is not what its recipe's sha256 says");
        return bytes;
    }
    return read_file(folder + "/" + file);
}

// Sends bytes in one of the three modes: 0 whole, 1 byte by byte, 2 and more: random splits, the mode being the seed.
template <class Sink>
void send(std::string_view bytes, unsigned mode, Sink sink) {
    if (mode == 0) {
        sink(bytes);
        return;
    }
    std::mt19937 random(mode);
    while (!bytes.empty()) {
        const size_t most = random() % 4 == 0 ? 3 : 200;
        const size_t n = mode == 1 ? 1 : std::min<size_t>(bytes.size(), 1 + random() % most);
        // A copy of exactly this size: a read beyond it is an error that AddressSanitizer sees.
        const std::string piece(bytes.substr(0, n));
        if (!sink(std::string_view(piece))) return;
        bytes.remove_prefix(n);
    }
}

}  // namespace trot::http
