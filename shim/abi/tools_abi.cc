// The door's tools: guard, sign, verify, query; and replies. See trotline.h for what each call promises.
#include <ctime>

#include "crypto/ids.h"
#include "dialect/style.h"
#include "egress/rules.h"
#include "engine/sole.h"
#include "manage/acts.h"
#include "manage/apis.h"
#include "manage/claims.h"
#include "manage/lists.h"
#include "objects.h"
#include "sealed.h"
#include "store/store.h"

using namespace trot;
using namespace trot::abi;

namespace {

// "woocommerce", or with options as the store spells them: "woocommerce?version=6.5.1".
Result<const Style*> format_named(const char* name) {
    const Style* style = find_style(name);
    if (style != nullptr) return style;
    std::string known;
    for (const std::string_view each : format_names()) known += (known.empty() ? "" : ", ") + std::string(each);
    return Fault{Code::not_found, "no format \"" + std::string(name) + "\"; there are " + known};
}

int64_t or_now(int64_t unix_s) { return unix_s != 0 ? unix_s : static_cast<int64_t>(time(nullptr)); }

// Beside a running host it is one more process that writes: the leader finds the task. A file of another version must
// not be touched under the host that uses it.
Result<ActAnswer> act_on(const std::string& store_dir, std::string_view what, std::string_view request,
                         const std::string& by) {
    Result<std::unique_ptr<Reader>> reader = open_reader(store_dir);
    if (!reader) return reader.fault();
    if (const Result<StoreStatus> status = reader.value()->status(); !status)
        return Fault{
            status.fault().code,
            status.fault().text + " (a store of an earlier version is brought up to date by the host's start)"};
    reader.value().reset();
    StoreOptions options;
    options.path = store_dir;
    Result<std::unique_ptr<Store>> store = open_store(options);
    if (!store) return store.fault();
    Result<ActAnswer> answer = [&] {
        Registry registry(*store.value(), [] {});
        return carry_out(registry, what, request, by, nullptr);
    }();
    store.value()->writer().stop(2000);
    return answer;
}

}  // namespace

namespace trot::abi {

trot_reply* reply_of(std::string body, std::string_view content_type) {
    auto reply = std::make_unique<trot_reply>();
    reply->body = std::move(body);
    reply->fields.emplace_back("Content-Type", std::string(content_type));
    reply->views.push_back({text_of(reply->fields[0].first), text_of(reply->fields[0].second)});
    return reply.release();
}

}  // namespace trot::abi

extern "C" {

int trot_plan_manages(const trot_plan* plan, const trot_request* request) noexcept {
    if (plan == nullptr || request == nullptr) return 0;
    if (plan->plan->apis.empty() && plan->plan->claim_paths.empty()) return 0;
    return sealed(nullptr, [&] {
        const trot_request asked = read_struct(*request);
        if (is_claim(*plan->plan, view(asked.target))) return 1;
        return match_api(*plan->plan, view(asked.target), view(asked.host)).handler != nullptr ? 1 : 0;
    });
}

int trot_manage_submit(trot_engine* engine, const trot_request* request, trot_text body, void* user) noexcept {
    if (engine == nullptr || request == nullptr) return TROT_EUSAGE;
    if (engine->engine->stopped()) return TROT_ESTOPPED;
    return sealed(nullptr, [&] {
        const trot_request asked = read_struct(*request);
        ManageRequest wanted;
        wanted.method = view(asked.method);
        wanted.target = view(asked.target);
        wanted.host = view(asked.host);
        wanted.fields.reserve(asked.nfields);
        for (size_t i = 0; i < asked.nfields; ++i)
            wanted.fields.push_back(
                {std::string(view(asked.fields[i].name)), std::string(view(asked.fields[i].value))});
        wanted.body = view(body);
        wanted.secure = asked.secure != 0;
        const Result<void> taken = engine->engine->manage(std::move(wanted), user);
        return static_cast<int>(taken.fault().code);
    });
}

void trot_reply_read(const trot_reply* reply, trot_response* head, trot_text* body) noexcept {
    if (reply == nullptr) return;
    if (head != nullptr) {
        trot_response given{};
        given.status = static_cast<uint32_t>(reply->status);
        given.fields = reply->views.data();
        given.nfields = reply->views.size();
        write_struct(*head, given);
    }
    if (body != nullptr) *body = text_of(reply->body);
}

void trot_reply_drop(trot_reply* reply) noexcept { delete reply; }

int trot_guard(const trot_plan* plan, trot_text value, trot_fault* why) noexcept {
    return sealed(why, [&] {
        Result<Guard> guard = plan != nullptr ? guard_of(*plan->plan) : Result<Guard>(Guard());
        if (!guard) return tell(why, guard.fault());
        const GuardVerdict verdict = guard.value().judge_text(view(value));
        return tell(why, verdict.allowed ? Code::ok : Code::refused, verdict.why);
    });
}

int trot_sign(const char* format_name, trot_text secret, trot_text id, trot_text topic, int64_t unix_s, trot_text body,
              trot_reply** out, trot_fault* fault) noexcept {
    if (format_name == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_sign needs a format and a place for the reply");
    *out = nullptr;
    return sealed(fault, [&] {
        const Result<const Style*> style = format_named(format_name);
        if (!style) return tell(fault, style.fault());
        const Format& format = *style.value()->format;
        const Secret key{std::string(view(secret))};
        const Result<void> fits = format.check_secret(key);
        if (!fits) return tell(fault, Code::usage, fits.fault().text);
        Recipient recipient;
        recipient.options = style.value()->options;
        if (!key.empty()) recipient.secrets = {key};
        const Result<std::unique_ptr<Renderer>> renderer = format.renderer(recipient);
        if (!renderer) return tell(fault, renderer.fault());
        DeliveryView delivery;
        delivery.id = view(id);
        const Result<int64_t> number = read_id(delivery_prefix, delivery.id);
        delivery.number = number ? number.value() : 0;
        delivery.topic = view(topic);
        const size_t dot = delivery.topic.find('.');
        delivery.resource = delivery.topic.substr(0, dot);
        if (dot != std::string_view::npos) delivery.action = delivery.topic.substr(dot + 1);
        delivery.at_s = or_now(unix_s);
        Fields fields;
        renderer.value()->headers(delivery, view(body), fields);
        std::string lines;
        for (const Field& field : fields) lines += field.name + ": " + field.value + "\n";
        *out = reply_of(std::move(lines), "text/plain");
        return static_cast<int>(TROT_OK);
    });
}

int trot_verify(const char* format_name, trot_text secret, const trot_field* fields, size_t nfields, trot_text body,
                int64_t unix_s, trot_fault* fault) noexcept {
    if (format_name == nullptr) return tell(fault, Code::usage, "trot_verify needs a format");
    return sealed(fault, [&] {
        const Result<const Style*> style = format_named(format_name);
        if (!style) return tell(fault, style.fault());
        const Format& format = *style.value()->format;
        Fields given;
        for (size_t i = 0; i < nfields; ++i)
            given.push_back({std::string(view(fields[i].name)), std::string(view(fields[i].value))});
        const Result<void> proven =
            format.verify(given, view(body), {Secret(std::string(view(secret)))}, or_now(unix_s));
        return tell(fault, proven.fault());
    });
}

int trot_query(const char* store_dir, const char* what, trot_text filter, trot_reply** out,
               trot_fault* fault) noexcept {
    if (store_dir == nullptr || what == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_query needs a store, the name of a list and a place for the reply");
    *out = nullptr;
    return sealed(fault, [&] {
        Result<std::string> lines = std::string();
        const Result<void> ran = Sole::beside([&] {
            const Result<std::unique_ptr<Reader>> reader = open_reader(store_dir);
            lines = reader ? list_json(*reader.value(), what, view(filter)) : Result<std::string>(reader.fault());
        });
        if (!ran) return tell(fault, ran.fault());
        if (!lines) return tell(fault, lines.fault());
        *out = reply_of(std::move(lines.value()), "application/x-ndjson");
        return static_cast<int>(TROT_OK);
    });
}

int trot_act(const char* store_dir, const char* what, trot_text request, trot_text by, trot_reply** out,
             trot_fault* fault) noexcept {
    if (store_dir == nullptr || what == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_act needs a store, what to do and a place for the reply");
    *out = nullptr;
    return sealed(fault, [&] {
        Result<ActAnswer> answer = Fault{Code::internal, "nothing was done"};
        const Result<void> ran =
            Sole::beside([&] { answer = act_on(store_dir, what, view(request), std::string(view(by))); });
        if (!ran) return tell(fault, ran.fault());
        if (!answer) return tell(fault, answer.fault());
        *out = reply_of(std::move(answer.value().json), "application/json");
        return static_cast<int>(TROT_OK);
    });
}

}  // extern "C"
