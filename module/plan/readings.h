// Readings: the ways in which an upstream may understand one request target. An encoded slash splits or does not, a
// prefix
// ("/index.php") may stand before the route, the route may be in the query. A hook that matches one of them is a
// candidate, so that no spelling dodges it. Callers: the matcher. Threads: immutable; for_each() allocates nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "url/target.h"

namespace trot {

class Readings {
  public:
    explicit Readings(const RoutingContext& config);

    // Calls visit(segments, count) for each reading; it returns false to end. `path` holds the bytes of the current
    // reading. The result: flags of the path as it was sent.
    template <class Visit>
    uint32_t for_each(std::string_view target, NormalPath& path, Visit&& visit) const {
        Routed routed;
        const std::string_view where = route(target, routed);
        if (where.empty() || where.front() != '/')
            return routed.too_long ? static_cast<uint32_t>(NormalPath::too_long) : 0U;  // "*" and the like
        normalise_path(where, false, false, path);
        const uint32_t flags = path.flags;
        if (flags & NormalPath::too_long || !for_each_prefix(path, visit)) return flags;
        if (flags & NormalPath::encoded_slash) {
            normalise_path(where, false, true, path);
            if (!(path.flags & NormalPath::too_long)) for_each_prefix(path, visit);
        }
        return flags;
    }

  private:
    struct Piece {
        std::string text;  // a literal, or another parameter's name
        bool parameter = false;
    };
    struct QueryRoute {
        std::string name;
        std::vector<Piece> prefix;
    };
    // A path made from the query, as it would stand in a target.
    struct Routed {
        std::array<char, max_path + 1> bytes;  // NOLINT: left uninitialised on purpose
        size_t count = 0;
        bool too_long = false;
        void put(char c);
        void put_value(std::string_view raw);  // decodes a query value, and escapes what a path may not hold
    };

    std::string_view route(std::string_view target, Routed& routed) const;
    size_t prefix_at(const NormalPath& path, size_t first) const;  // how many segments to strip there, 0 none

    template <class Visit>
    bool for_each_prefix(const NormalPath& path, Visit& visit) const {
        size_t first = 0;
        for (;;) {
            if (!visit(path.segments.data() + first, path.count - first)) return false;
            const size_t more = prefix_at(path, first);
            if (more == 0) return true;
            first += more;
        }
    }

    bool fold_ = false;
    std::vector<std::vector<std::string>> prefixes_;  // segments, the longest prefix first
    std::vector<QueryRoute> routes_;
};

}  // namespace trot
