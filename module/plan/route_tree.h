// RouteTree: path templates as a tree over segments. Literal edges live in one flat hash table keyed by (node,
// segment), so a step costs one probe however many siblings there are. Callers: the matcher. Threads: immutable after
// the last add().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/route_template.h"

namespace trot {

class RouteTree {
  public:
    static constexpr uint32_t none = UINT32_MAX;

    // fold: literals match without ASCII case (parameters keep their spelling).
    explicit RouteTree(bool fold) : fold_(fold), nodes_(1) {}

    // The leaf of a template: the same for equal templates (names of parameters do not count).
    uint32_t add(const std::vector<TemplateSegment>& segments);
    uint32_t leaves() const { return leaves_; }

    // Calls visit(leaf) for each template that takes the path; visit returns false to end the walk. Does not allocate.
    template <class Visit>
    bool walk(const std::string_view* segments, size_t count, Visit&& visit) const {
        return step(0, segments, count, visit);
    }

  private:
    struct Node {
        uint32_t parameter = none;  // child behind "{name}"
        uint32_t tests = none;      // the first of those behind "{name:pattern}" and the like
        uint32_t leaf = none;       // a template ends here
        uint32_t rest = none;       // leaf of a template that ends here with "{name*}"
        bool literals = false;      // has edges in the table: without, an id needs no look there
    };
    // The tag (the hash's upper half) settles nearly every probe without a look at the edge.
    struct Slot {
        uint32_t tag = 0;
        uint32_t edge = none;
    };
    struct Edge {
        uint64_t hash = 0;
        uint32_t parent = 0;
        uint32_t child = 0;
        std::string text;
    };

    struct Tested {
        TemplateSegment segment;
        uint32_t child = none;
        uint32_t next = none;  // of the same node
    };

    uint64_t hash(uint32_t parent, std::string_view text) const;
    uint32_t find(uint32_t parent, std::string_view text) const;
    uint32_t child_of(uint32_t parent, const TemplateSegment& segment);
    uint32_t tested_child_of(uint32_t parent, const TemplateSegment& segment);
    uint32_t new_node();
    void grow();  // the table to twice its size
    void place(uint32_t edge);

    template <class Visit>
    bool step(uint32_t at, const std::string_view* segments, size_t count, Visit& visit) const {
        const Node& node = nodes_[at];
        if (node.rest != none && !visit(node.rest)) return false;
        if (count == 0) return node.leaf == none || visit(node.leaf);
        const uint32_t literal = node.literals ? find(at, *segments) : none;
        if (literal != none && !step(literal, segments + 1, count - 1, visit)) return false;
        // An empty segment ("//") is no value for a parameter.
        if (segments->empty()) return true;
        for (uint32_t at_test = node.tests; at_test != none; at_test = tests_[at_test].next) {
            const Tested& tested = tests_[at_test];
            if (tested.segment.fits(*segments, fold_) && !step(tested.child, segments + 1, count - 1, visit))
                return false;
        }
        return node.parameter == none || step(node.parameter, segments + 1, count - 1, visit);
    }

    bool fold_;
    std::vector<Node> nodes_;
    std::vector<Edge> edges_;
    std::vector<Tested> tests_;
    std::vector<Slot> slots_;  // a power of two, at most half full
    uint32_t leaves_ = 0;
};

}  // namespace trot
