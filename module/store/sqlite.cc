#include "store/sqlite.h"

namespace trot {

Trouble trouble(int code) {
    switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
            return Trouble::none;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Trouble::damaged;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_PROTOCOL:
        case SQLITE_INTERRUPT:
        case SQLITE_NOLFS:
            return Trouble::store;
        default:
            return Trouble::job;
    }
}

int Db::open(const std::string& path, int flags) {
    // Statistics of memory nobody reads, kept under a lock that each allocation takes: a tenth of an insert's CPU
    // (measured). Somebody else in this process who uses SQLite may have started it already: then it stays as it is.
    static const int quick = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(quick);
    close();
    return sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
}

void Db::close() {
    sqlite3_close_v2(
        handle_);  // every statement is gone by now; v2 only so that a forgotten one cannot leak the handle
    handle_ = nullptr;
}

int Db::number(const char* sql, int64_t& into) {
    Stmt statement;
    if (const int code = statement.prepare(*this, sql); code != SQLITE_OK) return code;
    const int code = statement.step();
    if (code != SQLITE_ROW) return code;
    into = statement.number(0);
    return SQLITE_OK;
}

Fault Db::fault(std::string_view doing) const {
    const int code = handle_ != nullptr ? extended() : SQLITE_CANTOPEN;
    std::string text = "cannot " + std::string(doing) + ": ";
    text += handle_ != nullptr ? sqlite3_errmsg(handle_) : "the file is not open";
    if (handle_ != nullptr && (code & 0xff) == SQLITE_IOERR) {
        text +=
            " (SQLite code " + std::to_string(code) + ", errno " + std::to_string(sqlite3_system_errno(handle_)) + ")";
    }
    return Fault{trouble(code) == Trouble::damaged ? Code::damaged : Code::store, std::move(text)};
}

int Stmt::prepare(Db& db, std::string_view sql) {
    sqlite3_finalize(handle_);
    handle_ = nullptr;
    return sqlite3_prepare_v3(db.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                              &handle_, nullptr);
}

}  // namespace trot
