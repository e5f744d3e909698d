#include <fmt/format.h>

#include "json/pointer.h"
#include "plan/hook_reader.h"

namespace trot {

const KeyList& job_keys() {
    static const KeyList keys{"job[]", {"name", "source", "match", "status", "when", "id", "result"}};
    return keys;
}

const KeyList& job_result_keys() {
    static const KeyList keys{"job[].result", {"match", "status", "when", "id", "answer_status", "answer_body"}};
    return keys;
}

namespace {

// A job is known by its id on both sides: one wording of one value.
void read_id(HookReader& reader, Report& report, Hook& out) {
    Wording::Piece piece;
    reader.read_sources("id", piece.any);
    if (piece.any.empty()) {
        if (reader.section().find("id") == nullptr)
            report.mistake(reader.section().at(), "it has no 'id', say where the job's is, like \"response:/data/id\"");
        return;
    }
    out.known_as.spelling = "{id}";
    out.known_as.pieces.push_back(std::move(piece));
}

void read_pointer(HookReader& reader, Report& report, std::string_view key, std::string& out) {
    const RawValue* value = reader.section().find(key);
    if (value == nullptr || !reader.section().text(key, out)) return;
    if (const Result<void> right = check_pointer(out); !right)
        report.mistake(value->at, fmt::format("'{}' is no JSON pointer into the answer, write it like "
                                              "\"/data/attributes/payload\": {}",
                                              key, right.fault().text));
}

void read_result(const RawValue& table, Loading& load, const DialectOptions* options, Hook& out) {
    HookReader reader(table, job_result_keys(), options, load, out);
    reader.read_match();
    reader.read_status();
    reader.read_when();
    read_id(reader, load.report, out);
    read_pointer(reader, load.report, "answer_status", out.answer_status);
    read_pointer(reader, load.report, "answer_body", out.answer_body);
}

}  // namespace

void read_jobs(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out) {
    static const KeyList dialect_keys = with_only(job_keys());
    for (const RawValue* table : tables_of(list, "job", load.report)) {
        Hook job = begin_hook(*table, load, file, Does::put_aside);
        HookReader reader(*table, file.options != nullptr ? dialect_keys : job_keys(), file.options, load, job);
        reader.read_match();
        reader.read_status();
        reader.read_when();
        read_id(reader, load.report, job);
        reader.read_name("job");
        const RawMember* result = table->find("result");
        if (result == nullptr || result->value.kind != RawValue::Kind::table) {
            load.report.mistake(result == nullptr ? table->at : result->value.at,
                                "the job needs a table [job.result] with the 'match' and 'id' of the exchange that "
                                "tells how it ended");
            continue;
        }
        Hook outcome = begin_hook(result->value, load, file, Does::resolve);
        outcome.name = job.name + ", its result";
        outcome.source = job.source;
        read_result(result->value, load, file.options, outcome);
        if (!is_wanted(*table, load, file)) continue;
        out.push_back(std::move(job));
        out.push_back(std::move(outcome));
    }
}

}  // namespace trot
