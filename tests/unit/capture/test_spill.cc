// The spill file: what comes back after ends of every kind, and what must not.
#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <string>

#include "capture/spill.h"
#include "store/store_fixture.h"

using namespace trot;
using trot_test::TempDir;

namespace {

struct Spill {
    explicit Spill(const std::string& path, uint64_t reserve = 1 << 20, uint64_t max = 8 << 20) {
        SpillOptions options;
        options.path = path;
        options.reserve = reserve;
        options.max = max;
        options.log = &log;
        Result<std::unique_ptr<SpillFile>> opened = SpillFile::open(options);
        assert_fine(opened);
        file = std::move(opened).value();
    }
    Log log;
    std::unique_ptr<SpillFile> file;
};

Exchange exchange(int number, size_t size = 100) {
    Exchange out;
    out.capture = std::string("0123456789ab") + std::to_string(1000 + number);
    out.method = "POST";
    out.target = "/orders/" + std::to_string(number) + "?a=\xff";
    out.host = "shop.example";
    out.request_fields = {{"Content-Type", "application/json"}, {"", ""}};
    out.request_body = std::string("\0{}", 3);
    out.status = 201;
    out.response_fields = {{"Location", "/orders/1"}};
    out.response_body = std::string(size, 'x');
    out.response_truncated = true;
    out.at_ms = 1763776800000 + number;
    return out;
}

std::string payload(int number, size_t size = 100) { return encode_exchange(exchange(number, size), number); }

void append(SpillFile& file, int from, int to, size_t size = 100) {
    std::vector<std::string> payloads;
    for (int i = from; i < to; ++i) payloads.push_back(payload(i, size));
    assert_fine(file.append(payloads));
}

std::string numbers(SpillFile& file) {
    std::string out;
    while (true) {
        Result<std::vector<SpilledExchange>> records = file.read(3, 1 << 20);
        assert_fine(records);
        if (records.value().empty()) return out;
        for (const SpilledExchange& record : records.value()) out += std::to_string(record.doubt_since) + " ";
    }
}

void is(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

std::string slurp(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void change(const std::string& file, size_t at, const std::string& bytes) {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(at));
    out << bytes;
}

void an_exchange_comes_back_whole(void**) {
    const Exchange in = exchange(7);
    const std::string bytes = encode_exchange(in, 55);
    Result<SpilledExchange> read = decode_exchange(bytes);
    assert_fine(read);
    const Exchange& out = read.value().exchange;
    assert_int_equal(read.value().doubt_since, 55);
    assert_true(out.capture == in.capture && out.target == in.target && out.host == in.host && out.at_ms == in.at_ms);
    assert_true(out.request_body == in.request_body && out.response_body == in.response_body && out.status == 201);
    assert_true(out.response_truncated && !out.request_truncated && !out.ended_early && out.replayed);
    assert_int_equal(out.request_fields.size(), 2);
    is(out.response_fields[0].value, "/orders/1");
    for (size_t cut = 0; cut < bytes.size(); ++cut)
        assert_false(decode_exchange(std::string_view(bytes).substr(0, cut)).ok());
    assert_false(decode_exchange(bytes + "x").ok());
}

void records_survive(void**) {
    const TempDir dir;
    {
        Spill spill(dir.path());
        assert_int_equal(spill.file->backlog(), 0);
        append(*spill.file, 0, 5);
        append(*spill.file, 5, 7);
    }
    {
        Spill spill(dir.path());
        assert_true(spill.file->backlog() > 0);
        is(numbers(*spill.file), "0 1 2 3 4 5 6 ");
        spill.file->seek(spill.file->head().first);
        assert_int_equal(spill.file->read(2, 1 << 20).value().size(), 2);
        assert_fine(spill.file->consume(spill.file->position(), 4711));
        append(*spill.file, 7, 8);
    }
    {
        Spill spill(dir.path());
        assert_int_equal(spill.file->head().last_event, 4711);
        is(numbers(*spill.file), "2 3 4 5 6 7 ");
        assert_fine(spill.file->consume(spill.file->position(), 4712));
        assert_int_equal(spill.file->backlog(), 0);
        append(*spill.file, 20, 21);  // over the old ones
    }
    Spill spill(dir.path());
    is(numbers(*spill.file), "20 ");
    assert_fine(spill.file->consume(spill.file->position(), 4713));
    Spill other(dir.path());  // the first slot is taken
    append(*other.file, 1, 3);
    other.file.reset();
    spill.file.reset();
    Spill heir(dir.path());  // and now it is not: the second slot's records join the first's
    const Result<std::vector<SpilledExchange>> records = heir.file->read(9, 1 << 20);
    assert_int_equal(records.value().size(), 2);
    heir.file.reset();
    assert_int_equal(Spill(dir.path()).file->read(9, 1 << 20).value().size(), 2);
}

void torn_and_damaged(void**) {
    const TempDir dir;
    size_t first = 0;
    size_t end = 0;
    {
        Spill spill(dir.path());
        append(*spill.file, 0, 1);
        first = 4096 + spill.file->backlog();
        append(*spill.file, 1, 4);
        end = 4096 + spill.file->backlog();
    }
    const std::string whole = slurp(dir / "spill.log");
    // Torn: every way the last record can be cut.
    for (size_t cut = 1; cut < (end - 4096) / 4; cut += 17) {
        change(dir / "spill.log", end - cut, std::string(cut, '\0'));
        {
            Spill spill(dir.path());
            is(numbers(*spill.file), "0 1 2 ");
            assert_int_equal(spill.file->damaged(), 0);
            append(*spill.file, 9, 10);
        }
        {
            Spill spill(dir.path());
            is(numbers(*spill.file), "0 1 2 9 ");
        }
        change(dir / "spill.log", 0, whole);
    }
    // Damaged in the middle: skipped, kept aside, counted.
    change(dir / "spill.log", first + 60, "damage");
    {
        Spill spill(dir.path());
        is(numbers(*spill.file), "0 2 3 ");
        assert_int_equal(spill.file->damaged(), 1);
        assert_true(slurp(dir / "spill.damaged").find("damage") != std::string::npos);
        assert_non_null(strstr(trot_test::drained(spill.log).c_str(), "damaged"));
    }
    // One copy of the head damaged: the other one serves. Both: a new file, the old one kept.
    change(dir / "spill.log", 0, whole);
    change(dir / "spill.log", 8, "xxxxxxxx");
    {
        Spill spill(dir.path());
        is(numbers(*spill.file), "0 1 2 3 ");
    }
    change(dir / "spill.log", 0, "yyyyyyyyyyyyyyyy");
    change(dir / "spill.log", 2048, "yyyyyyyyyyyyyyyy");
    Spill spill(dir.path());
    is(numbers(*spill.file), "");
    append(*spill.file, 1, 2);
    is(numbers(*spill.file), "1 ");
    assert_non_null(strstr(trot_test::drained(spill.log).c_str(), "a new file is begun"));
}

void limits(void**) {
    const TempDir dir;
    Spill spill(dir.path(), 64 << 10, 256 << 10);
    append(*spill.file, 0, 2, 100 << 10);
    assert_true(spill.file->room());
    const Result<void> full = spill.file->append({payload(2, 100 << 10)});
    assert_false(full.ok());
    assert_true(full.fault().code == Code::full);
    assert_false(spill.file->room());
    is(numbers(*spill.file), "0 1 ");
    assert_fine(spill.file->consume(spill.file->position(), 1));
    assert_true(spill.file->room());
    assert_int_equal(slurp(dir / "spill.log").size(), 64 << 10);  // what lies beyond the reserve went back to the disk
    append(*spill.file, 5, 6, 100 << 10);
    is(numbers(*spill.file), "5 ");
}

void a_file_size_limit(void**) {
    const TempDir dir;
    rlimit before{};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);  // as every host must (the default ends the process)
    rlimit tight = before;
    tight.rlim_cur = 200 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    {
        Spill spill(dir.path());  // the wish for 1 MiB is halved until it fits
        append(*spill.file, 0, 1, 100 << 10);
        assert_false(spill.file->append({payload(1, 50 << 10), payload(2, 100 << 10)}).ok());
        assert_false(spill.file->room());
        append(*spill.file, 3, 4, 100);
        assert_true(spill.file->room());
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    Spill spill(dir.path());
    is(numbers(*spill.file), "0 3 ");  // nothing of the append that failed
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_comes_back_whole),
        cmocka_unit_test(records_survive),
        cmocka_unit_test(torn_and_damaged),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_file_size_limit),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
