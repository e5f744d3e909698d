#include "store/store.h"

#include "base/thread.h"
#include "store/check.h"
#include "store/connect.h"
#include "store/reader.h"
#include "store/writer.h"

namespace trot {
namespace {

class SqliteStore final : public Store {
  public:
    explicit SqliteStore(const StoreOptions& options) : core_(options), writer_(core_) {}
    ~SqliteStore() override { SqliteStore::close(); }

    Result<void> start() {
        if (Result<void> made = make_directory(core_.files, core_.options.log); !made.ok()) return made;
        if (Result<void> started = writer_.start(); !started.ok()) return started;
        return check_.start("trot-check", [this] { check(); });
    }

    Result<std::unique_ptr<Reader>> reader() override {
        return std::unique_ptr<Reader>(
            std::make_unique<SqliteReader>(core_.files, &core_, [this] { report_damage(false); }));
    }
    Writer& writer() override { return writer_; }
    const std::string& path() const override { return core_.files.dir; }
    void close() override {
        writer_.stop(0);  // also tells the check to end
        check_.join();
        writer_.close();
    }

  private:
    void report_damage(bool confirmed) {
        if (confirmed) core_.confirmed = true;
        core_.damaged = true;
        writer_.wake();
    }

    // SQLite's own check reads the whole file: once a start, beside the traffic.
    void check() {
        Result<Db> db = open_reading(core_.files);
        if (!db.ok()) return;  // the writer meets the same fault and tells it
        const Result<void> sound = full_check(db.value(), Depth::quick, core_.stopping);
        if (sound.ok() || sound.fault().code != Code::damaged) return;
        core_.log(Level::alarm, sound.fault().text);
        report_damage(true);
    }

    Core core_;
    WriterThread writer_;
    Thread check_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
    if (options.path.empty()) return Fault{Code::usage, "the store needs a directory"};
    auto store = std::make_unique<SqliteStore>(options);
    if (Result<void> started = store->start(); !started.ok()) return started.fault();
    return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<Reader>> open_reader(const std::string& path) {
    auto reader = std::make_unique<SqliteReader>(StoreFiles(path), nullptr, nullptr);
    if (Result<void> opened = reader->open(); !opened.ok()) return opened.fault();
    return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace trot
