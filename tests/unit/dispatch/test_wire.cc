// The whole way with the real libcurl transport and a real HTTP server: store → expansion → signature → socket →
// outcome.
#include "dialect/format.h"
#include "egress/server.h"
#include "rig.h"

using namespace trot_test;

static void a_signed_delivery_arrives_over_http(void**) {
    server::Server sink([](server::Peer& peer) {
        for (std::string request = peer.request(); !request.empty(); request = peer.request())
            if (!peer.write(server::ok)) return;
    });
    server::Server noting([&sink](server::Peer& peer) {
        for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
            sink.note(request);
            if (!peer.write(server::ok)) return;
        }
    });
    auto plan = plan_of({subscription("real")});
    UrlRules rules;
    rules.extra_ports = {noting.port};
    plan->subscriptions[0].url = check_url("http://127.0.0.1:" + std::to_string(noting.port) + "/hook", rules).value();
    plan->egress.allow = {"127.0.0.1/32"};
    Rig rig(plan);
    DispatchOptions options;
    options.store = rig.store.get();
    options.plan = rig.plan;
    options.log = &rig.log;
    options.counters = &rig.counters;
    rig.dispatcher = std::move(start_dispatcher(options)).value();
    rig.add(30);
    assert_true(rig.settled(30));
    assert_int_equal(rig.deliveries("delivered").size(), 30);
    const auto requests = sink.requests();
    assert_int_equal(requests.size(), 30);
    assert_true(noting.connections <= 8);  // reused
    for (const std::string& request : requests) {
        const size_t end = request.find("\r\n\r\n");
        Fields headers;
        for (size_t at = request.find("\r\n") + 2; at < end;) {
            const size_t stop = request.find("\r\n", at);
            const std::string line = request.substr(at, stop - at);
            const size_t colon = line.find(':');
            headers.push_back({line.substr(0, colon), std::string(trim(std::string_view(line).substr(colon + 1)))});
            at = stop + 2;
        }
        assert_fine(find_format("standard")
                        ->verify(headers, std::string_view(request).substr(end + 4), plan->subscriptions[0].secrets,
                                 system_clock().wall_ms() / 1000));
    }
}

static void a_private_address_is_refused(void**) {
    server::Server sink(server::always(server::ok));
    auto plan = plan_of({subscription("private", {"*"}, {20})});
    UrlRules rules;
    rules.extra_ports = {sink.port};
    plan->subscriptions[0].url = check_url("http://127.0.0.1:" + std::to_string(sink.port) + "/hook", rules).value();
    Rig rig(plan);
    DispatchOptions options;
    options.store = rig.store.get();
    options.plan = rig.plan;
    options.log = &rig.log;
    options.counters = &rig.counters;
    rig.dispatcher = std::move(start_dispatcher(options)).value();
    rig.add(1);
    assert_true(rig.settled(1));
    assert_int_equal(sink.connections.load(), 0);
    assert_string_equal(rig.deliveries("dead")[0].delivery.last_error.c_str(), "blocked");
    assert_int_equal(rig.counters.blocked.load(), 2);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_delivery_arrives_over_http),
        cmocka_unit_test(a_private_address_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
