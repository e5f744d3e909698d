#include "plan/route_tree.h"

#include "base/text.h"

namespace trot {

// FNV-1a with a final mix. Only the operator's literals are in the table, so a client cannot make its chains longer.
uint64_t RouteTree::hash(uint32_t parent, std::string_view text) const {
    uint64_t h = 0xcbf29ce484222325ULL ^ (parent * 0x9e3779b97f4a7c15ULL);
    for (const char c : text) h = (h ^ static_cast<unsigned char>(fold_ ? ascii_lower(c) : c)) * 0x100000001b3ULL;
    return h ^ (h >> 29);
}

uint32_t RouteTree::find(uint32_t parent, std::string_view text) const {
    if (slots_.empty()) return none;
    const uint64_t wanted = hash(parent, text);
    const size_t mask = slots_.size() - 1;
    for (size_t at = wanted & mask; slots_[at].edge != none; at = (at + 1) & mask) {
        if (slots_[at].tag != static_cast<uint32_t>(wanted >> 32)) continue;
        const Edge& edge = edges_[slots_[at].edge];
        if (edge.parent != parent) continue;
        if (fold_ ? equal_nocase(edge.text, text) : edge.text == text) return edge.child;
    }
    return none;
}

void RouteTree::grow() {
    slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, Slot());
    for (uint32_t i = 0; i < edges_.size(); ++i) place(i);
}

void RouteTree::place(uint32_t edge) {
    const uint64_t key = edges_[edge].hash;
    size_t at = key & (slots_.size() - 1);
    while (slots_[at].edge != none) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<uint32_t>(key >> 32), edge};
}

uint32_t RouteTree::new_node() {
    nodes_.emplace_back();
    return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t RouteTree::tested_child_of(uint32_t parent, const TemplateSegment& segment) {
    for (uint32_t at = nodes_[parent].tests; at != none; at = tests_[at].next)
        if (tests_[at].segment.test == segment.test) return tests_[at].child;
    const uint32_t child = new_node();
    tests_.push_back({segment, child, nodes_[parent].tests});
    nodes_[parent].tests = static_cast<uint32_t>(tests_.size() - 1);
    return child;
}

uint32_t RouteTree::child_of(uint32_t parent, const TemplateSegment& segment) {
    if (!segment.test.empty()) return tested_child_of(parent, segment);
    if (segment.kind == TemplateSegment::Kind::parameter) {
        if (nodes_[parent].parameter == none) {
            const uint32_t child = new_node();
            nodes_[parent].parameter = child;
        }
        return nodes_[parent].parameter;
    }
    if (slots_.size() < (edges_.size() + 1) * 2) grow();
    const uint32_t known = find(parent, segment.text);
    if (known != none) return known;
    const uint32_t child = new_node();
    edges_.push_back({hash(parent, segment.text), parent, child, segment.text});
    nodes_[parent].literals = true;
    place(static_cast<uint32_t>(edges_.size() - 1));
    return child;
}

uint32_t RouteTree::add(const std::vector<TemplateSegment>& segments) {
    uint32_t node = 0;
    for (const TemplateSegment& segment : segments) {
        if (segment.kind == TemplateSegment::Kind::rest) {
            if (nodes_[node].rest == none) nodes_[node].rest = leaves_++;
            return nodes_[node].rest;
        }
        node = child_of(node, segment);
    }
    if (nodes_[node].leaf == none) nodes_[node].leaf = leaves_++;
    return nodes_[node].leaf;
}

}  // namespace trot
