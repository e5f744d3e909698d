// Works: what owns the engine's descriptors: store, recorder, dispatcher, the errands' thread with the status file and
// the admin API. Callers: engine. Threads: made, started, stopped, closed and destroyed by the engine's root thread;
// what other threads may call besides is marked [any] and touches memory only.
#pragma once

#include <memory>
#include <string>

#include "capture/recorder.h"
#include "dispatch/dispatcher.h"
#include "engine/common.h"
#include "engine/errands.h"
#include "engine/gauges.h"
#include "engine/report.h"
#include "manage/front.h"
#include "store/store.h"

namespace trot {

class Works {
  public:
    // own_files: the standard streams are copies of the host's, to be kept up to date.
    Works(Common& common, bool own_files) : common_(common), own_files_(own_files) {}
    ~Works();
    Works(const Works&) = delete;
    Works& operator=(const Works&) = delete;

    Result<void> start();
    void swap(PlanPtr plan);
    void quiesce();
    void stop(int64_t drain_ms);
    void close();  // after stop: nothing has the store's file open any more; the rest is only memory

    Recorder& recorder() { return *recorder_; }     // [any] blank, ready, healthy, submit, forget_plan
    bool add_errand(std::function<void()> errand);  // [any]
    Reply answer(const ManageRequest& request);     // the errands' thread
    ReportFacts facts() const;                      // [any]
    std::string metrics() const;                    // [any]

  private:
    void open_store();
    RecorderOptions recording();
    Result<void> start_dispatcher();
    void start_front();
    void hand_back(const RecordDone& done);
    void each_second();
    std::string sickness() const;

    Common& common_;
    const bool own_files_;
    bool stopped_ = false;
    // Torn down from the last to the first: whoever uses a part goes before it.
    std::unique_ptr<Store> store_;
    std::unique_ptr<Recorder> recorder_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::unique_ptr<Front> front_;
    std::unique_ptr<Gauges> gauges_;
    Errands errands_;
};

}  // namespace trot
