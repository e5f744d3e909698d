// trotline explain: which events would these exchanges make, and why (not)? One JSON line an exchange.
#include <fmt/format.h>

#include "commands.h"
#include "door.h"
#include "message.h"
#include "say.h"

namespace trot::cli {
namespace {

std::vector<trot_field> borrow(const std::vector<http::Field>& fields) {
    std::vector<trot_field> out;
    out.reserve(fields.size());
    for (const http::Field& field : fields) out.push_back({text_of(field.name), text_of(field.value)});
    return out;
}

void explain_one(const trot_plan* plan, const Exchange& exchange) {
    const std::vector<trot_field> request_fields = borrow(exchange.request_fields);
    const std::vector<trot_field> response_fields = borrow(exchange.response_fields);
    trot_request request{};
    request.size = sizeof request;
    request.method = text_of(exchange.method);
    request.target = text_of(exchange.target);
    request.host = text_of(exchange.host);
    request.fields = request_fields.data();
    request.nfields = request_fields.size();
    trot_response response{};
    response.size = sizeof response;
    response.status = static_cast<uint32_t>(exchange.status);
    response.fields = response_fields.data();
    response.nfields = response_fields.size();
    trot_reply* raw = nullptr;
    trot_fault fault = empty_fault();
    const int code =
        trot_plan_explain(plan, &request, text_of(exchange.request_body), exchange.status == 0 ? nullptr : &response,
                          text_of(exchange.response_body), &raw, &fault);
    const Reply reply(raw);
    if (code != TROT_OK) throw Failure(exit_of(code), words_of(code, fault));
    put_line(body_of(reply));
}

}  // namespace

int explain(const ExplainArgs& args) {
    if (args.exchanges.empty() == args.har.empty())
        throw Failure(exit_usage, "what to explain? --exchange REQ RES (repeatable), or --har FILE");
    const Plan plan = load_plan(args.config);
    std::vector<Exchange> exchanges;
    if (!args.har.empty()) exchanges = read_har(read_file(args.har), args.har);
    for (size_t i = 0; i + 1 < args.exchanges.size(); i += 2)
        exchanges.push_back(read_exchange(read_file(args.exchanges[i]), args.exchanges[i],
                                          read_file(args.exchanges[i + 1]), args.exchanges[i + 1]));
    for (const Exchange& exchange : exchanges) explain_one(plan.get(), exchange);
    return exit_fine;
}

}  // namespace trot::cli
