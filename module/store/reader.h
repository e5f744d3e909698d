// A reader: one connection, statements kept; reopened when the store has moved to another file.
// Callers: store (makes it), dispatch and the door (use it). Threads: one at a time.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "store/core.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace trot {

class SqliteReader final : public Reader {
  public:
    // `core` is null for a reader beside a running host. on_damage is called when the file turns out not to be sound.
    SqliteReader(StoreFiles files, Core* core, std::function<void()> on_damage);
    Result<void> open();

    Result<int64_t> cursor() override;
    Result<std::vector<Event>> events_after(int64_t number, size_t limit, size_t max_bytes) override;
    Result<Event> event(int64_t number) override;
    Result<int64_t> newest_event() override;
    Result<Delivery> delivery(int64_t number) override;
    Result<std::string> shape(int64_t number) override;
    Result<std::vector<Delivery>> due(int64_t subscription, int64_t until_ms, int64_t after_due_ms,
                                      int64_t after_number, size_t limit) override;
    Result<int64_t> next_due(int64_t subscription) override;
    Result<std::vector<GatheringRow>> gathering() override;
    Result<std::vector<Delivery>> members(int64_t batch) override;
    Result<std::vector<Lane>> stranded(Lane& after, int most) override;
    Result<std::vector<SubscriptionRow>> subscriptions() override;
    Result<SubscriptionRow> subscription(int64_t number) override;
    Result<int64_t> generation() override;
    Result<std::vector<SubscriptionRow>> managed_after(int64_t generation) override;
    Result<ManagedRow> managed(int64_t number) override;
    Result<ManagedRow> managed(const std::string& api, const std::string& id) override;
    Result<ManagedPage> list_managed(const ManagedQuery& query) override;
    Result<CallPage> list_calls(const CallQuery& query) override;
    Result<EventPage> list_event_page(const EventQuery& query) override;
    Result<std::vector<int64_t>> waiting_subscriptions() override;
    Result<std::vector<HydrationRow>> hydrations(int64_t after_event, size_t limit) override;
    Result<std::vector<Event>> list_events(const Filter& filter) override;
    Result<std::vector<DeliveryLine>> list_deliveries(const Filter& filter) override;
    Result<std::vector<Attempt>> list_attempts(const Filter& filter) override;
    Result<std::vector<SubscriptionLine>> list_subscriptions() override;
    Result<std::vector<TaskRow>> tasks() override;
    Result<std::vector<Delivery>> pick_deliveries(const TaskFilter& filter, int64_t subscription, int64_t after,
                                                  int64_t until, size_t window, int64_t& to) override;
    Result<uint64_t> pending(int64_t subscription, uint64_t most) override;
    Result<std::string> subscription_label(int64_t number) override;
    Result<int64_t> subscription_number(const std::string& label) override;
    Result<StoreStatus> status() override;
    Result<SubscriptionFigures> subscription_figures() override;
    Result<DeadFigures> dead_figures(int64_t since_ms) override;

  private:
    // Prepares (once), binds, and hands each row on; reopens and asks again when the file was exchanged under us.
    using Bind = std::function<void(Stmt&)>;
    using Take = std::function<bool(const Stmt&)>;  // false: enough
    Result<int64_t> one_number(Stmt& statement, std::string_view sql, std::string_view doing);
    Result<void> query(Stmt& statement, std::string_view sql, std::string_view doing, const Bind& bind,
                       const Take& take);
    Result<std::vector<SubscriptionRow>> rows_where(std::string_view condition, std::string_view doing,
                                                    const Bind& bind);
    Result<ManagedRow> one_managed(std::string_view sql, const Bind& bind);
    Result<void> ask(std::string_view sql, std::string_view doing, const Bind& bind,
                     const Take& take);  // prepared anew
    int attempt(Stmt& statement, std::string_view sql, const Bind& bind, const Take& take);
    void forget();  // statements and connection
    bool stale() const;

    StoreFiles files_;
    Core* core_;
    std::function<void()> on_damage_;
    uint64_t generation_ = 0;
    Db db_;
    Stmt cursor_, events_after_, event_, newest_event_, due_, next_due_, hydrations_, read_generation_, managed_,
        members_, gathering_, next_lane_, lane_head_, tasks_;
};

}  // namespace trot
