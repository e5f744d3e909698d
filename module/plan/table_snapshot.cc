#include "plan/hook_reader.h"

namespace trot {

const KeyList& snapshot_keys() {
    static const KeyList keys{
        "snapshot[]",
        {"name", "source", "of", "match", "status", "when", "items", "request_items", "state", "merge", "forget"}};
    return keys;
}

void read_snapshots(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out) {
    static const KeyList dialect_keys = with_only(snapshot_keys());
    for (const RawValue* table : tables_of(list, "snapshot", load.report)) {
        Hook hook = begin_hook(*table, load, file, Does::remember);
        HookReader reader(*table, file.options != nullptr ? dialect_keys : snapshot_keys(), file.options, load, hook);
        reader.read_match();
        reader.read_items();
        if (!reader.read_wording("of", hook.known_as) && reader.section().find("of") == nullptr)
            load.report.mistake(table->at,
                                "the snapshot has no 'of', name what it shows like of = \"item/{response:/id}\"");
        reader.read_status();
        reader.read_when();
        bool forget = false;
        reader.section().flag("forget", forget);
        if (forget) hook.does = Does::forget;
        if (const RawValue* state = reader.section().find("state"); forget && state != nullptr)
            load.report.mistake(state->at, "a snapshot with 'forget' has no 'state', keep one of the two");
        reader.read_payload("state", false);
        reader.read_name("snapshot of " + hook.known_as.spelling);
        // Nothing is owed to anybody: no answer waits for it, and no fault of the store turns a request away.
        hook.guarantee = Guarantee::async;
        hook.on_fault = OnFault::open;
        if (is_wanted(*table, load, file)) out.push_back(std::move(hook));
    }
}

}  // namespace trot
