// Lanes (store/lanes.h) as statements of the writer's connection; only subscriptions that ask for order, coalescing or
// batches pay for them. Callers: SqliteTx (life), jobs (through Tx::lanes). Threads: the writer's.
#pragma once

#include "store/lanes.h"
#include "store/sqlite.h"

namespace trot {

class SqliteTx;

class SqliteLanes final : public Lanes {
  public:
    SqliteLanes(Db& db, SqliteTx& tx) : db_(db), tx_(tx) {}

    Result<int64_t> next_sequence(int64_t subscription, std::string_view lane, int64_t now_ms) override;
    Result<int64_t> before(int64_t subscription, std::string_view lane, int64_t number) override;
    Result<std::vector<Delivery>> first(int64_t subscription, std::string_view lane, int most) override;
    Result<std::vector<Lane>> lanes_of(int64_t number, bool batch) override;
    Result<Delivery> open_window(int64_t subscription, std::string_view lane, bool ordered) override;
    Result<void> merge(const Delivery& delivery) override;
    Result<std::vector<Gathered>> gathered(int64_t subscription, int64_t until_ms, int64_t horizon_ms,
                                           int most) override;
    Result<int64_t> next_gathered(int64_t subscription) override;
    Result<void> move(int64_t number, DeliveryState state, int64_t due_ms, int64_t batch) override;
    Result<int> forget(int64_t before_ms, int most) override;

  private:
    Result<int64_t> one_number(Stmt& statement, std::string_view doing, int64_t otherwise);

    Db& db_;
    SqliteTx& tx_;
    Stmt count_, before_, first_, lane_of_, lanes_of_, window_, merge_, gathered_, next_, move_;
};

}  // namespace trot
