// The rows of tests/cases/ssrf.tsv. Every row belongs to one of two tests: what can be judged without a connection
// (test_ssrf) and what needs one (test_ssrf_live). A row of a kind that neither knows fails both.
#pragma once

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace rows {

inline const std::set<std::string> judged = {"addr", "url", "header", "option"};
inline const std::set<std::string> live = {"env", "redirect", "reuse", "dns", "delivery-log"};

struct Row {
    std::string id, kind, input, why;
    bool allow = false;
};

// \xNN is a byte, \\ a backslash.
inline std::string unescaped(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x') {
            out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
            i += 3;
        } else {
            if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\\') ++i;
            out += text[i];
        }
    }
    return out;
}

inline std::vector<Row> load() {
    std::ifstream file(TROTLINE_TESTS_DIR "/cases/ssrf.tsv");
    std::vector<Row> out;
    std::string line;
    std::getline(file, line);  // the names of the columns
    while (std::getline(file, line)) {
        std::vector<std::string> cells;
        std::istringstream split(line);
        for (std::string cell; std::getline(split, cell, '\t');) cells.push_back(cell);
        // "block (ignored)" is a block, too.
        out.push_back({cells.at(0), cells.at(1), unescaped(cells.at(2)), cells.at(3), cells.at(4) == "allow"});
    }
    return out;
}

}  // namespace rows
