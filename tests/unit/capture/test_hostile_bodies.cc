// Bodies that are made to harm whoever reads them: capped, marked, never a crash, and never an invention.
#include <brotli/encode.h>
#include <zlib.h>

#include <string>

#include "capture/evaluate.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

#include "exchange_fixture.h"

using namespace trot;
using trot_test::exchange_of;
using trot_test::plan_of;

namespace {

constexpr const char* hooks = R"(
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[hook]]
topic = "order.paid"
match = "POST /orders"
when = { "response:/state" = "paid" }
)";

std::string gzip(const std::string& text) {
    z_stream z{};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&z, text.size()), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

std::string brotli(const std::string& text) {
    size_t size = BrotliEncoderMaxCompressedSize(text.size());
    std::string out(size, '\0');
    assert_int_equal(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, text.size(),
                                           reinterpret_cast<const uint8_t*>(text.data()), &size,
                                           reinterpret_cast<uint8_t*>(out.data())),
                     BROTLI_TRUE);
    out.resize(size);
    return out;
}

std::vector<Event> events_of(const std::string& answer, const char* rest = "", const char* coding = nullptr,
                             size_t* unproven = nullptr) {
    Exchange exchange = exchange_of(plan_of(hooks, rest), "POST", "/orders", 201, answer);
    if (coding != nullptr) exchange.response_fields.push_back({"Content-Encoding", coding});
    Evaluator evaluator;
    std::vector<Event> out = evaluator.evaluate(exchange, nullptr);
    if (unproven != nullptr) *unproven = evaluator.unproven();
    return out;
}

// What is known is said: that it happened. What cannot be read is not made up.
void only_marked(const std::vector<Event>& events, size_t unproven) {
    assert_int_equal(events.size(), 1);
    assert_string_equal(events[0].topic.c_str(), "order.created");
    assert_true(events[0].flags != 0);
    assert_true(events[0].resource_id.empty());
    assert_true(events[0].payload->size() < 100);
    assert_int_equal(unproven, 1);
}

void ten_megabytes_are_read_whole_where_the_cap_allows(void**) {
    const std::string body = R"({"id":7,"state":"paid","fill":")" + std::string(10 << 20, 'x') + "\"}";
    const std::vector<Event> events = events_of(body, "[capture]\nresponse_cap = \"16MiB\"\n");
    assert_int_equal(events.size(), 2);
    assert_true(*events[0].payload == body && events[0].flags == 0);
    assert_string_equal(events[0].resource_id.c_str(), "7");
}

void a_cut_body_is_marked(void**) {
    Exchange exchange = exchange_of(plan_of(hooks), "POST", "/orders", 201,
                                    R"({"id":7,"state":"paid","fill":")" + std::string(1 << 20, 'x'));
    exchange.response_truncated = true;
    Evaluator evaluator;
    const std::vector<Event> events = evaluator.evaluate(exchange, nullptr);
    only_marked(events, evaluator.unproven());
    assert_true((events[0].flags & event_truncated) != 0);
}

void a_bomb_is_marked(void**) {
    // 64 MiB in 64 KB; and one whose first bytes look well.
    const std::string fill = R"({"id":7,"state":"paid","fill":")" + std::string(64 << 20, 'x') + "\"}";
    const std::string zeros = gzip(std::string(64 << 20, '\0'));
    const std::string order = gzip(fill);
    const std::string flat = brotli(fill);  // 64 MiB in some hundred bytes
    assert_true(flat.size() < (10 << 10));
    assert_true(zeros.size() < (100 << 10) && order.size() < (100 << 10));
    const std::string plain = "{\"id\":7}";
    const std::pair<std::string, const char*> bodies[] = {{zeros, "gzip"},
                                                          {order, "gzip"},
                                                          {gzip(zeros), "gzip, gzip"},
                                                          {order.substr(0, order.size() / 2), "gzip"},
                                                          {plain, "gzip"},
                                                          {plain, "zstd"},
                                                          {flat, "br"},
                                                          {brotli(std::string(64 << 20, '\0')), "br"},
                                                          {gzip(flat), "br, gzip"},
                                                          {plain, "br"},
                                                          {flat.substr(0, flat.size() / 2), "br"}};
    for (const auto& [body, coding] : bodies) {
        size_t unproven = 0;
        const std::vector<Event> events = events_of(body, "", coding, &unproven);
        only_marked(events, unproven);
    }
}

// Bytes that are no JSON are delivered as they are, marked: the application may have meant them.
void is_opaque(const std::string& body) {
    const std::vector<Event> events = events_of(body);
    assert_int_equal(events.size(), 1);
    assert_true((events[0].flags & event_opaque) != 0);
    assert_true(events[0].resource_id.empty());
    assert_true(*events[0].payload == body);
}

void what_is_no_json_says_nothing(void**) {
    is_opaque(R"({"id":)" + std::string(100000, '[') + std::string(100000, ']') + "}");
    is_opaque(std::string("{\"id\":7,\"state\":\"paid\",\"x\":\"\xff\xfe\"}"));
    is_opaque("{\"id\":7,\"state\":\"paid\"} {\"id\":8}");
    is_opaque("{\"id\":7,\"state\":\"paid\",}");
    is_opaque(std::string("{\"id\":7}\0", 9));
}

void of_duplicate_keys_the_first_counts_everywhere(void**) {
    const std::vector<Event> events = events_of(R"({"id":7,"id":8,"state":"open","state":"paid"})");
    assert_int_equal(events.size(), 1);
    assert_string_equal(events[0].resource_id.c_str(), "7");
    assert_string_equal(events[0].payload->c_str(), R"({"id":7,"id":8,"state":"open","state":"paid"})");
}

void ids_of_any_kind_are_no_structures(void**) {
    for (const char* id : {"null", "[1]", "{\"a\":1}", "true", "\"\""})
        assert_true(events_of(std::string("{\"id\":") + id + "}")[0].resource_id.empty());
    assert_string_equal(events_of("{\"id\":123456789012345678901234567890}")[0].resource_id.c_str(),
                        "123456789012345678901234567890");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ten_megabytes_are_read_whole_where_the_cap_allows),
        cmocka_unit_test(a_cut_body_is_marked),
        cmocka_unit_test(a_bomb_is_marked),
        cmocka_unit_test(what_is_no_json_says_nothing),
        cmocka_unit_test(of_duplicate_keys_the_first_counts_everywhere),
        cmocka_unit_test(ids_of_any_kind_are_no_structures),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
