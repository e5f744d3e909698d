// The corpus of tests/cases/smuggling through the request parser and the chunk decoder, in three send modes.
#include <algorithm>
#include <cstdio>

#include "standalone/cases.h"
#include "standalone/connection.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants these three first
#include <cmocka.h>
}

namespace {

using namespace trot::http;

const std::string kFolder = TROTLINE_TESTS_DIR "/cases/smuggling";

Limits product_limits() {
    Limits limits;
    limits.body_bytes = 32u << 20;  // limit-body-64m wants one under 64 MiB
    return limits;
}

ClientConnection run(const std::string& bytes, unsigned mode) {
    ClientConnection connection(product_limits());
    send(bytes, mode, [&](std::string_view piece) { return connection.feed(piece); });
    return connection;
}

// "400|501", "2xx|4xx", "wait|408"
bool in_class(const std::string& classes, const std::string& got) {
    const std::vector<std::string> all = split(classes, '|');
    return std::any_of(all.begin(), all.end(), [&](const std::string& one) {
        return one == got || (one.size() == 3 && one.substr(1) == "xx" && one[0] == got[0] && got.size() == 3);
    });
}

// Empty when the case went as its row says.
std::string judge(const Row& row, const ClientConnection& connection) {
    const std::string must = row.at("must");
    const std::string classes = row.at("expected_status_class");
    const size_t most = std::stoul(row.at("max_requests"));
    const std::string& body = row.at("body_bytes");
    const std::string first = split(connection.verdict(), ' ').front();
    if (connection.verdict() != row.at("trotline")) return "the verdict changed from " + row.at("trotline");
    if (must == "REJECT" || must == "STRICT") {
        if (!connection.exchanges.empty()) return "served what must be refused";
        return in_class(classes, first) ? "" : "another status than " + classes;
    }
    if (connection.exchanges.size() > most) return "more requests than " + std::to_string(most);
    if (must == "ACCEPT" && (connection.refused != 0 || connection.waits() || connection.exchanges.size() != most))
        return "not served";
    if (!in_class(classes, first)) return "another status than " + classes;
    if (!connection.exchanges.empty() && !body.empty() && connection.exchanges.front().body.size() != std::stoul(body))
        return "a body of another length than " + body;
    return "";
}

void all_cases_in_three_modes(void**) {
    std::map<std::string, int> counts;
    int wrong = 0;
    for (const Row& row : read_table(kFolder + "/index.tsv")) {
        const std::string bytes = case_bytes(kFolder, row.at("file"));
        ++counts[row.at("must")];
        const ClientConnection whole = run(bytes, 0);
        for (const unsigned mode : {0u, 1u, 2u, 3u, 4u}) {
            const ClientConnection connection = run(bytes, mode);
            std::string fault = judge(row, connection);
            if (fault.empty() && connection.exchanges != whole.exchanges)
                fault = "read in another way than when sent whole";
            if (fault.empty() && connection.why != whole.why) fault = "refused for another reason than when sent whole";
            if (fault.empty()) continue;
            ++wrong;
            print_message("%s, mode %u: %s; got %s (%s)\n", row.at("file").c_str(), mode, fault.c_str(),
                          connection.verdict().c_str(), connection.why.c_str());
        }
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(counts["REJECT"], 104);
    assert_int_equal(counts["STRICT"], 21);
    assert_int_equal(counts["ACCEPT"], 17);
    assert_int_equal(counts["SAFE"], 27);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(all_cases_in_three_modes)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
