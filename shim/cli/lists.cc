// trotline events, deliveries, attempts, subscriptions: the record, for people and (--json) for programs.
#include <fmt/format.h>

#include <ctime>
#include <functional>

#include "commands.h"
#include "json.h"
#include "record.h"
#include "say.h"
#include "table.h"

namespace trot::cli {
namespace {

struct Column {
    const char* title;
    std::function<std::string(const json_t*)> cell;
};

std::string or_dash(std::string_view text) { return text.empty() ? "-" : plain(text); }

Column text(const char* title, const char* key) {
    return {title, [key](const json_t* row) { return or_dash(text_at(row, key)); }};
}
Column number(const char* title, const char* key) {
    return {title, [key](const json_t* row) { return std::to_string(number_at(row, key)); }};
}
Column time_of(const char* title, const char* key) {
    return {title, [key](const json_t* row) { return local_time(text_at(row, key)); }};
}
// The last answer: a status, or why there was none.
Column answer() {
    return {"ANSWER", [](const json_t* row) {
                const int64_t status = number_at(row, "status");
                return status > 0 ? std::to_string(status) : or_dash(text_at(row, "error"));
            }};
}

std::vector<Column> columns_of(const std::string& what) {
    if (what == "events")
        return {text("EVENT", "id"),  time_of("AT", "at"),      text("TOPIC", "topic"), text("ID", "resource_id"),
                text("HOOK", "hook"), text("METHOD", "method"), text("PATH", "path")};
    if (what == "deliveries")
        return {text("DELIVERY", "id"),
                text("EVENT", "event"),
                text("TOPIC", "topic"),
                text("SUBSCRIPTION", "subscription"),
                text("STATE", "state"),
                number("TRIES", "attempts"),
                answer(),
                time_of("NEXT TRY", "due")};
    if (what == "attempts")
        return {text("DELIVERY", "delivery"),
                number("TRY", "number"),
                time_of("AT", "at"),
                number("MS", "duration_ms"),
                answer(),
                {"BODY", [](const json_t* row) { return or_dash(text_at(row, "answer").substr(0, 60)); }}};
    if (what == "tasks")
        return {number("TASK", "task"),
                text("KIND", "kind"),
                text("SUBSCRIPTION", "subscription"),
                number("MADE", "made"),
                time_of("AT", "at"),
                time_of("UNTIL", "until"),
                {"WHAT", [](const json_t* row) { return plain(dump_json(json_object_get(row, "filter"))); }}};
    return {text("SUBSCRIPTION", "name"), text("STATE", "state"),
            text("TOPICS", "topics"),     text("FORMAT", "format"),
            number("PENDING", "pending"), number("DELIVERED", "delivered"),
            number("DEAD", "dead"),       text("URL", "url")};
}

Json filter_of(const ListArgs& args) {
    Json filter(json_object());
    const std::pair<const char*, const std::string*> texts[] = {
        {"topic", &args.topic},       {"subscription", &args.subscription},
        {"state", &args.state},       {"event", &args.event},
        {"delivery", &args.delivery}, {"after", &args.after},
        {"since", &args.since},       {"until", &args.until}};
    for (const auto& [key, value] : texts)
        if (!value->empty()) json_object_set_new(filter.get(), key, json_string(value->c_str()));
    if (args.what != "subscriptions" && args.what != "tasks")  // those are listed whole
        json_object_set_new(filter.get(), "limit", json_integer(static_cast<json_int_t>(args.limit)));
    if (args.oldest_first) json_object_set_new(filter.get(), "oldest_first", json_true());
    return filter;
}

class Printer {
  public:
    Printer(const std::string& what, bool json) : columns_(columns_of(what)), json_(json) {
        for (const Column& column : columns_) table_.titles.emplace_back(column.title);
    }
    void print(const Record& record) {
        if (json_) {
            put(record.text);
        } else {
            for (const Json& line : record.lines) {
                std::vector<std::string> cells;
                for (const Column& column : columns_) cells.push_back(column.cell(line.get()));
                table_.rows.push_back(std::move(cells));
            }
            put(table_.print());
        }
        finish_output();
    }

  private:
    std::vector<Column> columns_;
    Table table_;
    bool json_;
};

void pause_half_second() {
    const timespec half = {0, 500'000'000};
    (void)nanosleep(&half, nullptr);
}

// What is there, oldest first, and then what comes. Ends with the terminal's Ctrl-C or when nobody reads any more.
[[noreturn]] void follow(ListArgs args, const std::string& store) {
    Printer printer(args.what, args.json);
    if (args.after.empty()) {
        // Begin with the newest `limit` lines: the place to go on from is the one before them.
        const Record newest = query(store, args.what.c_str(), filter_of(args).get());
        Record turned;
        for (auto line = newest.lines.rbegin(); line != newest.lines.rend(); ++line) {
            turned.text += dump_json(line->get()) + "\n";
            turned.lines.emplace_back(json_incref(line->get()));
        }
        printer.print(turned);
        if (!turned.lines.empty()) args.after = text_at(turned.lines.back().get(), "id");
    }
    args.oldest_first = true;
    for (;;) {
        const Record more = query(store, args.what.c_str(), filter_of(args).get());
        if (!more.lines.empty()) {
            printer.print(more);
            args.after = text_at(more.lines.back().get(), "id");
        }
        if (more.lines.size() < args.limit) pause_half_second();
    }
}

// One event whole: its payload too.
int show(const ListArgs& args, const std::string& store) {
    const Json filter(json_pack("{s:s}", "event", args.id.c_str()));
    const Record record = query(store, "event", filter.get());
    if (record.lines.empty()) throw Failure(exit_no, fmt::format("no event {}", args.id));
    if (args.json) {
        put(record.text);
        return exit_fine;
    }
    const char* key = nullptr;
    json_t* value = nullptr;
    json_object_foreach(record.lines.front().get(), key, value) {
        const std::string words = json_is_string(value) ? plain(json_string_value(value)) : dump_json(value);
        put(fmt::format("{:<12} {}\n", key, words));
    }
    return exit_fine;
}

}  // namespace

int list(const ListArgs& args) {
    const std::string store = store_of(args.where);
    if (!args.id.empty()) return show(args, store);
    if (args.follow) follow(args, store);
    Printer(args.what, args.json).print(query(store, args.what.c_str(), filter_of(args).get()));
    return exit_fine;
}

}  // namespace trot::cli
