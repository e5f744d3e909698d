#include "store/connect.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/check.h"
#include "store/migrate.h"

namespace trot {
namespace {

bool may_pass(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
            return true;
        default:
            return false;
    }
}

// A crash can leave a finished salvage without its last rename, and a -wal whose database went away. Nothing of it is
// deleted.
void adopt_leftovers(const StoreFiles& files, const StoreOptions& options) {
    if (file_bytes(files.db) > 0) return;
    const auto say = [&](Level level, std::string line) {
        if (options.log != nullptr) options.log->write(level, std::move(line));
    };
    if (file_bytes(files.wal) > 0) {
        const Result<std::string> name = set_aside(files, options.clock->wall_ms(), "orphan");
        say(Level::alarm, name.ok() ? "store: " + files.wal + " was there without its database; it is kept as " +
                                          name.value() + "-wal (if the database was moved away, put both back)"
                                    : "store: " + name.fault().text);
    }
    if (file_bytes(files.salvage) > 0 && rename(files.salvage.c_str(), files.db.c_str()) == 0) {
        sync_directory(files);
        say(Level::notice, "store: took up the file that an interrupted repair had made");
    }
}

}  // namespace

Result<Db> open_writing(const StoreFiles& files, const StoreOptions& options, int64_t busy_ms, bool& sick) {
    sick = false;
    adopt_leftovers(files, options);
    if (const Result<void> made = make_file(files, options.log); !made.ok()) return made.fault();
    Db db;
    const auto failed = [&](std::string_view doing) {
        const Fault fault = db.fault(doing);
        sick = db.is_open() && may_pass(db.extended());
        return Fault{fault.code, fault.text + " (" + files.db + ")"};
    };
    if (db.open(files.db, SQLITE_OPEN_READWRITE) != SQLITE_OK) return failed("open the store");
    sqlite3_busy_timeout(db.handle(), static_cast<int>(busy_ms));
    // secure_delete is on in Debian's build and doubles the writes of retention; a removed event is no secret from its
    // owner. mmap stays off: a file cut short under us would be a SIGBUS instead of an error.
    const std::string setup = std::string("PRAGMA synchronous = ") + (options.sync == "off" ? "OFF" : "FULL") +
                              "; PRAGMA cache_size = -" + std::to_string(writer_cache_kib) +
                              "; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF; PRAGMA mmap_size = 0"
                              "; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = " +
                              std::to_string(wal_keep_bytes);
    if (db.exec(setup) != SQLITE_OK) return failed("set up the store");
    if (Result<void> sound = light_check(db, files); !sound.ok()) {
        sick = sound.fault().code == Code::store && may_pass(db.extended());
        return sound.fault();
    }
    if (db.exec("PRAGMA journal_mode = WAL") != SQLITE_OK) return failed("turn the write-ahead log on");
    if (Result<void> fresh = migrate(db, migrations()); !fresh.ok()) {
        sick = may_pass(db.extended());
        return fresh.fault();
    }
    return db;
}

Result<Db> open_reading(const StoreFiles& files) {
    if (access(files.db.c_str(), F_OK) != 0)
        return Fault{Code::not_found,
                     "there is no store at " + files.dir + " (no " + files.db + ": " + std::strerror(errno) + ")"};
    Db db;
    if (db.open(files.db, SQLITE_OPEN_READONLY) != SQLITE_OK) return db.fault("open the store " + files.db);
    sqlite3_busy_timeout(db.handle(), 250);
    const std::string setup =
        "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -" +
        std::to_string(reader_cache_kib);
    if (db.exec(setup) != SQLITE_OK) return db.fault("set up a reader of " + files.db);
    return db;
}

}  // namespace trot
