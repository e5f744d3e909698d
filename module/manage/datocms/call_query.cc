#include "manage/datocms/call_query.h"

#include <array>
#include <charconv>
#include <optional>

#include "manage/datocms/events.h"
#include "manage/times.h"

namespace trot::datocms {
namespace {

constexpr size_t most_limit = 500;
constexpr size_t most_offset = 1000000000;

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number out = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || fault != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return out;
}

struct Period {
    std::string_view name;
    int64_t CallQuery::*after;
    int64_t CallQuery::*before;
};
constexpr std::array<Period, 3> periods{{{"last_sent_at", &CallQuery::sent_after, &CallQuery::sent_before},
                                         {"next_retry_at", &CallQuery::due_after, &CallQuery::due_before},
                                         {"created_at", &CallQuery::created_after, &CallQuery::created_before}}};

struct Order {
    std::string_view name;
    CallQuery::Order order;
};
constexpr std::array<Order, 4> orders{{{"webhook_id", CallQuery::Order::subscription},
                                       {"created_at", CallQuery::Order::number},
                                       {"last_sent_at", CallQuery::Order::last_sent},
                                       {"next_retry_at", CallQuery::Order::next_retry}}};

class ParameterReader {
  public:
    explicit ParameterReader(Problems& problems) : problems_(problems) { out_.query.limit = 30; }

    CallParameters read(const Fields& query) {
        for (const Field& field : query) one(field.name, field.value);
        return std::move(out_);
    }

  private:
    void wrong(const std::string& name, const std::string& right) {
        problems_.push_back(invalid_format(name.substr(0, 100) + " must be " + right));
    }

    void one(const std::string& name, const std::string& value) {
        if (name == "page[offset]" || name == "page[limit]") return page(name, value);
        if (name == "order_by") return order(value);
        if (name == "filter[ids]") return ids(value);
        constexpr std::string_view fields = "filter[fields][";
        if (name.compare(0, fields.size(), fields) == 0) {
            const size_t end = name.find("][", fields.size());
            if (end != std::string::npos && name.back() == ']')
                return field(name, name.substr(fields.size(), end - fields.size()),
                             name.substr(end + 2, name.size() - end - 3), value);
        }
        if (name.compare(0, 6, "filter") == 0) wrong(name, "one of the filters that there are");
    }

    void page(const std::string& name, const std::string& value) {
        const bool limit = name == "page[limit]";
        const std::optional<size_t> number = number_of<size_t>(value);
        if (!number || *number > (limit ? most_limit : most_offset) || (limit && *number == 0))
            return wrong(name, limit ? "a number from 1 to 500" : "a number from 0 on");
        (limit ? out_.query.limit : out_.query.offset) = *number;
    }

    void order(const std::string& value) {
        for (const Order& known : orders) {
            const bool ascending = value == std::string(known.name) + "_asc";
            if (!ascending && value != std::string(known.name) + "_desc") continue;
            out_.query.order = known.order;
            out_.query.ascending = ascending;
            return;
        }
        wrong("order_by", "webhook_id, created_at, last_sent_at or next_retry_at with _asc or _desc");
    }

    // What is no id of ours is an id that no call has.
    void ids(std::string_view value) {
        while (!value.empty()) {
            const std::string_view id = trim(value.substr(0, value.find(',')));
            value.remove_prefix(std::min(value.size(), value.find(',')));
            if (!value.empty()) value.remove_prefix(1);
            if (const std::optional<int64_t> number = number_of_call(id)) out_.query.deliveries.push_back(*number);
        }
        if (out_.query.deliveries.size() > most_limit) return wrong("filter[ids]", "at most 500 ids");
        out_.none = out_.none || out_.query.deliveries.empty();
    }

    void field(const std::string& name, const std::string& what, const std::string& test, const std::string& value) {
        for (const Period& period : periods) {
            if (what != period.name || (test != "gt" && test != "lt")) continue;
            const std::optional<int64_t> at = read_time(value);
            if (!at) return wrong(name, "a time like 2020-04-21T07:57:11Z");
            out_.query.*(test == "gt" ? period.after : period.before) = *at;
            return;
        }
        if (test != "eq") return wrong(name, "one of the filters that there are");
        if (what == "webhook_id")
            out_.webhook_id = value;
        else if (what == "entity_type")
            is_entity_type(value) ? void(out_.query.resource = value) : wrong(name, "an entity type");
        else if (what == "event_type")
            is_event_type(value) ? void(out_.query.action = value) : wrong(name, "an event type");
        else if (what == "status")
            status(name, value);
        else
            wrong(name, "one of the filters that there are");
    }

    void status(const std::string& name, const std::string& value) {
        if (value == "pending" || value == "rescheduled") {
            out_.query.states = {DeliveryState::pending};
            out_.query.tried = value == "rescheduled";
        } else if (value == "success") {
            out_.query.states = {DeliveryState::delivered};
        } else if (value == "failed") {
            out_.query.states = {DeliveryState::dead, DeliveryState::cancelled};
        } else {
            wrong(name, "pending, success, failed or rescheduled");
        }
    }

    Problems& problems_;
    CallParameters out_;
};

}  // namespace

std::optional<int64_t> number_of_call(std::string_view id) {
    const std::optional<int64_t> number = number_of<int64_t>(id);
    return number && *number > 0 && std::to_string(*number) == id ? number : std::nullopt;
}

CallParameters read_parameters(const Fields& query, Problems& problems) {
    return ParameterReader(problems).read(query);
}

}  // namespace trot::datocms
