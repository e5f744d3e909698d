// SQLite's handles as values: a connection and a prepared statement that close themselves, bind without copies and
// answer with SQLite's own codes. Nothing outside the room sees this. Callers: every file of this room. Threads: a Db
// and its statements belong to one thread at a time (opened with NOMUTEX).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace trot {

// What a failed call means for the work at hand.
enum class Trouble {
    none,
    job,      // this statement or value is the problem; others may pass
    store,    // the file or its disk refuses: full, locked, read-only, I/O error
    damaged,  // the file is not a sound database
};
Trouble trouble(int code);  // SQLite's primary or extended code

class Db {
  public:
    Db() = default;
    ~Db() { close(); }
    Db(Db&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Db& operator=(Db&& other) noexcept {
        if (this != &other) {
            close();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    Db(const Db&) = delete;
    Db& operator=(const Db&) = delete;

    int open(const std::string& path, int flags);  // an SQLite code; the handle explains a failure until close()
    void close();
    bool is_open() const { return handle_ != nullptr; }
    sqlite3* handle() const { return handle_; }

    int exec(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }
    int exec(const std::string& sql) { return exec(sql.c_str()); }
    int number(const char* sql, int64_t& into);  // first column of the first row; SQLITE_DONE when there is no row
    int extended() const { return sqlite3_extended_errcode(handle_); }
    // Describes the last failure: "cannot DOING: SQLite's text".
    Fault fault(std::string_view doing) const;

  private:
    sqlite3* handle_ = nullptr;
};

class Stmt {
  public:
    Stmt() = default;
    ~Stmt() { sqlite3_finalize(handle_); }
    Stmt(Stmt&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Stmt& operator=(Stmt&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Stmt(const Stmt&) = delete;
    Stmt& operator=(const Stmt&) = delete;

    int prepare(Db& db, std::string_view sql);
    explicit operator bool() const { return handle_ != nullptr; }
    sqlite3_stmt* handle() const { return handle_; }

    // Text and blobs are not copied: they must live until the statement is reset.
    Stmt& bind(int at, int64_t value) {
        sqlite3_bind_int64(handle_, at, value);
        return *this;
    }
    Stmt& bind(int at, std::string_view value) {
        sqlite3_bind_text(handle_, at, value.data() != nullptr ? value.data() : "", static_cast<int>(value.size()),
                          SQLITE_STATIC);
        return *this;
    }
    Stmt& bind_blob(int at, std::string_view value) {
        sqlite3_bind_blob(handle_, at, value.data() != nullptr ? value.data() : "", static_cast<int>(value.size()),
                          SQLITE_STATIC);
        return *this;
    }
    int step() { return sqlite3_step(handle_); }
    Stmt& bind_null(int at) {
        sqlite3_bind_null(handle_, at);
        return *this;
    }
    int reset() { return sqlite3_reset(handle_); }
    int run() {  // steps a statement that gives no rows; SQLITE_OK or the error
        if (handle_ == nullptr) return SQLITE_MISUSE;
        sqlite3_step(handle_);
        return sqlite3_reset(handle_);
    }
    int64_t number(int column) const { return sqlite3_column_int64(handle_, column); }
    std::string_view text(int column) const {
        const void* data = sqlite3_column_blob(handle_, column);
        return {static_cast<const char*>(data), data != nullptr ? static_cast<size_t>(bytes(column)) : 0};
    }

  private:
    int bytes(int column) const { return sqlite3_column_bytes(handle_, column); }
    sqlite3_stmt* handle_ = nullptr;
};

// Resets a statement when the reading of its rows ends, however it ends: a statement left open would hold its snapshot.
class Rows {
  public:
    explicit Rows(Stmt& statement) : statement_(statement) {}
    ~Rows() { statement_.reset(); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    bool next() { return (code_ = statement_.step()) == SQLITE_ROW; }
    bool failed() const { return code_ != SQLITE_ROW && code_ != SQLITE_DONE; }
    int code() const { return code_; }

  private:
    Stmt& statement_;
    int code_ = SQLITE_DONE;
};

}  // namespace trot
