// Where: the conditions of a list, joined by AND, with the values to bind in their order. Callers: queries, managed.
// Threads: plain values.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/sqlite.h"

namespace trot {

class Where {
  public:
    void add(const std::string& condition) { sql_ += (sql_.empty() ? " WHERE " : " AND ") + condition; }
    void add(const std::string& condition, int64_t value) {
        add(condition);
        binds_.push_back([value](Stmt& statement, int at) { statement.bind(at, value); });
    }
    void add(const std::string& condition, const std::string& value) {
        add(condition);
        push(value);
    }
    void add(const std::string& condition, const std::vector<std::string>& values) {
        add(condition);
        for (const std::string& value : values) push(value);
    }
    // "order.*" is every topic that begins with "order."; "*" is all; else the topic itself.
    void topic(const std::string& column, const std::string& pattern) {
        if (pattern.empty() || pattern == "*") return;
        if (pattern.back() != '*') return add(column + " = ?", pattern);
        const std::string prefix = pattern.substr(0, pattern.size() - 1);
        add("substr(" + column + ", 1, " + std::to_string(prefix.size()) + ") = ?", prefix);
    }
    // Nothing for an empty list.
    void one_of(const std::string& column, const std::vector<std::string>& values) { list(column, " IN (", values); }
    void none_of(const std::string& column, const std::vector<std::string>& values) {
        list(column, " NOT IN (", values);
    }
    void one_of(const std::string& column, const std::vector<int64_t>& values) {
        if (values.empty()) return;
        std::string condition = column + " IN (";
        for (const int64_t value : values) condition += std::to_string(value) + ",";
        condition.back() = ')';
        add(condition);
    }

    const std::string& sql() const { return sql_; }
    void bind(Stmt& statement) const {
        int at = 0;
        for (const auto& bind : binds_) bind(statement, ++at);
    }

  private:
    void push(const std::string& value) {
        binds_.push_back([value](Stmt& statement, int at) {
            sqlite3_bind_text(statement.handle(), at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
        });
    }
    void list(const std::string& column, const char* in, const std::vector<std::string>& values) {
        if (values.empty()) return;
        std::string marks;
        for (const std::string& value : values) {
            marks += marks.empty() ? "?" : ",?";
            push(value);
        }
        add(column + in + marks + ")");
    }

    std::string sql_;
    std::vector<std::function<void(Stmt&, int)>> binds_;
};

}  // namespace trot
