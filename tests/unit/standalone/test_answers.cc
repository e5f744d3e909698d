// The corpus of tests/cases/answers through the answer parser and the chunk decoder, in three send modes.
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

const std::string kFolder = TROTLINE_TESTS_DIR "/cases/answers";

UpstreamConnection run(const Row& row, const std::string& bytes, unsigned mode) {
    UpstreamConnection connection(Limits{}, row.at("method"));
    // Every byte is sent, also after the end: what comes then is surplus and must not count as an answer.
    send(bytes, mode, [&](std::string_view piece) {
        connection.feed(piece);
        return true;
    });
    if (row.at("end") == "close") connection.close();
    return connection;
}

void all_cases_in_three_modes(void**) {
    int wrong = 0;
    int count = 0;
    for (const Row& row : read_table(kFolder + "/index.tsv")) {
        ++count;
        const std::string bytes = read_file(kFolder + "/" + row.at("file"));
        const UpstreamConnection whole = run(row, bytes, 0);
        for (const unsigned mode : {0u, 1u, 2u, 3u, 4u}) {
            const UpstreamConnection got = run(row, bytes, mode);
            if (got.verdict() == row.at("verdict") && got.body == row.at("body") && got.why == whole.why &&
                got.head == whole.head)
                continue;
            ++wrong;
            print_message("%s, mode %u: got %s '%s' (%s), should be %s '%s'\n", row.at("file").c_str(), mode,
                          got.verdict().c_str(), got.body.c_str(), got.why.c_str(), row.at("verdict").c_str(),
                          row.at("body").c_str());
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(count >= 60);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(all_cases_in_three_modes)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
