// The writes of one transaction, as prepared statements of the writer's connection. Made once a connection; begin()
// starts it anew for each transaction. Callers: keeper (life), jobs (through Tx). Threads: the writer's.
#pragma once

#include <vector>

#include "store/sqlite.h"
#include "store/store.h"
#include "store/tx_lanes.h"

namespace trot {

class SqliteTx final : public Tx {
  public:
    SqliteTx(Db& db, Clock& clock) : db_(db), clock_(clock), lanes_(db, *this) {}

    Result<void> add_event(Event& event) override;
    Result<bool> has_event(std::string_view capture, uint32_t item, int64_t since_ms) override;
    Result<void> add_delivery(Delivery& delivery) override;
    Result<int64_t> cursor() override;
    Result<void> set_cursor(int64_t event) override;
    Result<bool> caught_up() override;
    Result<void> finish(const Outcome& outcome) override;
    Lanes& lanes() override { return lanes_; }
    Result<int64_t> shape(std::string_view spec) override;
    Result<void> set_shape(int64_t delivery, int64_t shape) override;
    Result<void> put_subscription(SubscriptionRow& row) override;
    Result<void> set_subscription(int64_t number, SubscriptionState state, std::string_view reason, unsigned failures,
                                  int64_t failing_ms) override;
    Result<void> move_subscription(int64_t number, const Known& from, SubscriptionState state, std::string_view reason,
                                   unsigned failures, int64_t failing_ms) override;
    Result<void> steer_subscription(int64_t number, const Known& from, SubscriptionState state,
                                    std::string_view reason) override;
    Result<void> keep_subscriptions(const std::vector<std::string>& names) override;
    Result<Pruned> prune(int64_t before_ms, int64_t dead_before_ms, int rows, int events) override;
    Result<void> settle_hydration(int64_t event, const std::string* payload) override;
    Result<void> postpone_hydration(int64_t event, unsigned tries, int64_t due_ms) override;
    Result<int64_t> generation() override;
    Result<void> add_managed(ManagedRow& managed) override;
    Result<void> change_managed(ManagedRow& managed) override;
    Result<void> remove_managed(int64_t number) override;
    Result<void> touch_subscription(int64_t number) override;
    Result<int> cancel_deliveries(int64_t subscription, int most) override;
    Result<void> redeliver(int64_t delivery) override;
    Result<bool> redeliver(int64_t delivery, DeliveryState state) override;
    Result<bool> cancel_delivery(int64_t delivery) override;
    Result<bool> has_delivery(int64_t event, int64_t subscription) override;
    Result<void> add_task(TaskRow& task) override;
    Result<bool> move_task(int64_t number, int64_t from, int64_t to) override;
    Result<void> count_task(int64_t number, int64_t made) override;
    Result<bool> end_task(int64_t number) override;
    Result<void> count_deaths(int64_t reign, std::vector<InHand>& notes) override;
    Result<bool> take_nonce(std::string_view name, int64_t until_ms) override;
    Result<std::optional<std::string>> find_waiting(std::string_view name, Waiting kind) override;
    Result<void> put_waiting(const WaitingRow& row) override;
    Result<void> remove_waiting(std::string_view name) override;
    Result<std::optional<std::string>> find_snapshot(std::string_view name, int64_t at_ms) override;
    Result<void> put_snapshot(std::string_view name, int64_t at_ms, std::string_view state) override;
    Result<void> remove_snapshot(std::string_view name, int64_t at_ms) override;
    Result<Tidied> tidy(const MemoryLimits& limits) override;

    // What has been given and counted in the open transaction; a job that is rolled back to its savepoint gives it
    // back.
    struct Mark {
        int64_t last_event = -1;  // -1: not read yet in this transaction
        int64_t last_delivery = -1;
        int64_t last_subscription = -1;
        int64_t floor = 0;
        int64_t before = -1;      // the newest event before this transaction, or the cursor where that is greater
        int64_t cursor = -1;      // -1: not read yet
        bool cursor_set = false;  // before_commit() writes it
        size_t added = 0;
        int64_t events = 0;  // added less pruned
        int64_t prune_from = 0;
        int64_t snapshot_bytes = 0;  // added less removed
        int64_t generation = -1;     // of the managed subscriptions; -1: not read yet
    };
    void begin(bool keep_events);  // for added()
    Mark mark() const { return now_; }
    void restore(const Mark& mark) {
        now_ = mark;
        added_.resize(mark.added);
    }
    std::vector<Event>& added() { return added_; }  // by the open transaction, when they are kept
    Result<void> before_commit();                   // writes what was counted
    void committed() { prune_from_ = now_.prune_from; }
    // The worst that SQLite said since begin(): tells the store's failure from a job's own.
    Trouble worst() const { return worst_; }

  private:
    friend class SqliteLanes;
    Result<int64_t> next(int64_t& last, Stmt& newest, std::string_view sql);
    Result<void> read_newest(int64_t& last, Stmt& newest, std::string_view sql);
    Result<void> ready(Stmt& statement, std::string_view sql);
    Fault failed(std::string_view doing);
    Result<void> run(Stmt& statement, std::string_view doing);
    Result<void> add_hydration(const Event& event);
    Result<void> finish_unsent(const Outcome& outcome);
    Result<void> read_newest_event();
    Result<int64_t> next_generation();
    Result<std::string> next_name(const std::string& origin);
    Result<void> write_managed(const ManagedRow& managed);
    Result<void> finish_batch(const Outcome& outcome);
    Result<void> redeliver_mates(int64_t delivery);
    Result<bool> prunable(int64_t before_ms, int64_t dead_before_ms, int most, std::vector<int64_t>& events);
    Result<void> count_death(InHand& note);
    Result<void> forget_deaths(const std::vector<InHand>& notes);
    Result<int64_t> deaths_of_event(int64_t event);
    Result<void> quarantine(int64_t event);
    Result<void> prune_ready();
    Result<bool> prune_deliveries(int64_t event, int& rows);
    Result<void> give_up_jobs(const MemoryLimits& limits, Tidied& tidied);
    Result<void> drop_snapshots(const MemoryLimits& limits, Tidied& tidied);
    Result<void> drop_snapshot(int64_t number, int64_t bytes);
    Result<bool> replace_snapshot(std::string_view name, int64_t at_ms);

    Db& db_;
    Clock& clock_;
    Mark now_;
    int64_t prune_from_ =
        0;  // retention goes on behind the last event it looked at, so pending ones are not looked at each time
    Trouble worst_ = Trouble::none;
    Stmt newest_event_, newest_delivery_, newest_subscription_;
    bool keep_events_ = false;
    std::vector<Event> added_;
    Stmt insert_event_, find_capture_, insert_delivery_, read_cursor_, cursor_, finish_delivery_, insert_attempt_,
        count_;
    Stmt find_waiting_, put_waiting_, remove_waiting_, find_snapshot_, put_snapshot_, remove_snapshot_, old_snapshots_,
        old_jobs_, read_snapshot_bytes_, count_snapshots_;
    Stmt read_generation_, finish_unsent_, finish_unsent_batch_;
    Stmt redeliver_, redeliver_one_, cancel_one_, has_delivery_, redeliver_mates_, cancel_mates_;
    Stmt insert_hydration_, hydrate_event_, unhydrate_event_, drop_hydration_;
    Stmt finish_batch_, insert_attempts_;
    Stmt prune_look_, prune_pending_, prune_first_, prune_find_, prune_attempts_, prune_delivery_, prune_event_,
        prune_mark_;
    SqliteLanes lanes_;
};

}  // namespace trot
