// The engine's threads have a file table of their own, and the host keeps its own for itself: its loop shares none,
// what it closes is closed, and no call of the door touches a descriptor that only has the number of one of the
// engine's.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "../unit/refuse.h"
#include "door.h"

namespace {

struct Door {
    char store[256];
    trot_plan* plan = nullptr;
    trot_engine* engine = nullptr;
    Door() {
        door_make_store(store, sizeof store);
        assert_int_equal(door_plan(store, &plan, nullptr), TROT_OK);
    }
    ~Door() {
        stop();
        trot_plan_drop(plan);
        door_remove_store(store);
    }
    // As a host that also delivers.
    int start() {
        trot_options options{};
        options.size = sizeof options;
        options.abi = TROT_ABI;
        options.dispatch = 1;
        options.host_name = door_text("test");
        return trot_engine_start(plan, &options, &engine, nullptr);
    }
    void stop() {
        trot_engine_drop(engine);
        engine = nullptr;
    }
    // Until the order is on disk.
    void record(int id) {
        trot_done done{};
        done.size = sizeof done;
        assert_int_equal(door_order(engine, plan, id, this), TROT_OK);
        pollfd ready{trot_engine_fd(engine), POLLIN, 0};
        while (trot_engine_reap(engine, &done, 1) == 0) assert_int_equal(poll(&ready, 1, 10000), 1);
        assert_ptr_equal(done.user, this);
        assert_int_equal(done.code, TROT_OK);
    }
    bool says(const char* what) {
        char line[4096];
        int level = 0;
        bool said = false;
        while (trot_log_drain(engine, line, sizeof line, &level) > 0)
            if (strstr(line, what) != nullptr) said = true;
        return said;
    }
};

// ---- what the system knows of it

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> found;
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return found;
    while (const dirent* entry = readdir(folder))
        if (entry->d_name[0] != '.' && std::to_string(dirfd(folder)) != entry->d_name)
            found.emplace_back(entry->d_name);
    closedir(folder);
    return found;
}

// The engine's threads: by id, their names.
std::map<pid_t, std::string> engine_threads() {
    std::map<pid_t, std::string> found;
    for (const std::string& task : names_in("/proc/self/task")) {
        char name[32] = "";
        FILE* file = fopen(("/proc/self/task/" + task + "/comm").c_str(), "re");
        if (file == nullptr) continue;
        if (fgets(name, sizeof name, file) != nullptr && strncmp(name, "trot-", 5) == 0)
            found.emplace(atoi(task.c_str()), name);
        fclose(file);
    }
    return found;
}

bool share_files(pid_t one, pid_t other) { return syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0) == 0; }

// By number, what is open in the table of a thread.
std::map<int, std::string> files_of(pid_t thread) {
    std::map<int, std::string> found;
    const std::string folder = "/proc/self/task/" + std::to_string(thread) + "/fd";
    for (const std::string& fd : names_in(folder)) {
        char target[4096];
        const ssize_t length = readlink((folder + "/" + fd).c_str(), target, sizeof target);
        if (length > 0) found.emplace(atoi(fd.c_str()), std::string(target, static_cast<size_t>(length)));
    }
    return found;
}

bool holds(const std::map<int, std::string>& files, const std::string& what) {
    for (const auto& [fd, name] : files)
        if (name.find(what) != std::string::npos) return true;
    return false;
}

// A thread may be joined a moment before the system has forgotten it.
bool threads_end() {
    for (int tries = 0; tries < 5000 && !engine_threads().empty(); ++tries) usleep(1000);
    return engine_threads().empty();
}

pid_t root_thread() {
    for (const auto& [id, name] : engine_threads())
        if (name == "trot-root\n") return id;
    fail_msg("the engine has no root thread");
    return 0;
}

// ---- the promises

void the_loop_shares_no_descriptors(void** /*state*/) {
    Door door;
    const int before = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    assert_int_equal(door.start(), TROT_OK);
    const int after = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    door.record(1);
    const std::map<pid_t, std::string> threads = engine_threads();
    assert_true(threads.size() >= 5);
    const pid_t root = root_thread();
    for (const auto& [id, name] : threads) {
        if (share_files(getpid(), id)) fail_msg("%s shares the host's table", name.c_str());
        if (!share_files(root, id) && engine_threads().count(id) != 0)
            fail_msg("%s has a table of its own", name.c_str());
    }
    const std::map<int, std::string> engines = files_of(root);
    const std::map<int, std::string> hosts = files_of(getpid());
    assert_true(holds(engines, "trotline.db") && !holds(hosts, door.store));
    assert_true(holds(hosts, "/etc/hostname") && !holds(engines, "/etc/hostname"));
    assert_true(holds(hosts, "/etc/passwd") && !holds(engines, "/etc/passwd"));
    const int bell = trot_engine_fd(door.engine);
    assert_int_equal(syscall(SYS_kcmp, getpid(), root, KCMP_FILE, bell, bell), 0);
    close(before);
    close(after);
}

// A copy of the engine's would keep the other end waiting, and the address bound.
void what_the_host_closes_is_closed(void** /*state*/) {
    Door door;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    assert_int_equal(bind(listener, name, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, name, &size), 0);

    assert_int_equal(door.start(), TROT_OK);
    close(pair[0]);
    pollfd ended{pair[1], POLLIN, 0};
    assert_int_equal(poll(&ended, 1, 0), 1);
    char byte = 0;
    assert_int_equal(read(pair[1], &byte, 1), 0);
    close(pair[1]);
    close(listener);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, name, size), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(client);
}

// Connections with nothing in them under every number up to 500, so also under those of the engine's descriptors.
class Sentinels {
  public:
    Sentinels() {
        int ends[2];
        while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0 && ends[1] < 500) {
            take(ends[0]);
            take(ends[1]);
        }
        close(ends[0]);
        close(ends[1]);
    }
    ~Sentinels() {
        for (const auto& [fd, inode] : inodes_) close(fd);
    }
    bool has(int fd) const { return inodes_.count(fd) > 0; }
    void untouched() const {
        for (const auto& [fd, inode] : inodes_) {
            struct stat found {};
            if (fstat(fd, &found) != 0 || found.st_ino != inode) fail_msg("descriptor %d was closed", fd);
            int bytes = 0;
            if (ioctl(fd, FIONREAD, &bytes) != 0 || bytes != 0)
                fail_msg("the peer of descriptor %d was written to", fd);
            if (fcntl(fd, F_GETFD) != FD_CLOEXEC || (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
                fail_msg("descriptor %d was changed", fd);
        }
    }

  private:
    void take(int fd) {
        struct stat found {};
        assert_int_equal(fstat(fd, &found), 0);
        inodes_.emplace(fd, found.st_ino);
    }
    std::map<int, ino_t> inodes_;
};

size_t query(const Door& door) {
    trot_reply* reply = nullptr;
    trot_fault fault{};
    fault.size = sizeof fault;
    if (trot_query(door.store, "events", door_text(""), &reply, &fault) != TROT_OK) fail_msg("%s", fault.text);
    trot_text body{};
    trot_reply_read(reply, nullptr, &body);
    size_t lines = 0;
    for (size_t i = 0; i < body.len; ++i) lines += body.at[i] == '\n' ? 1 : 0;
    trot_reply_drop(reply);
    return lines;
}

// The same number is another file on each side: somebody's connection.
void no_call_touches_what_has_the_number_of_an_engines_descriptor(void** /*state*/) {
    Door door;
    assert_int_equal(door.start(), TROT_OK);
    const Sentinels sentinels;
    door.record(1);
    const std::map<int, std::string> engines = files_of(root_thread());
    size_t shared = 0;
    for (const auto& [fd, name] : engines) shared += sentinels.has(fd) ? 1 : 0;
    assert_true(shared > 5);

    assert_int_equal(query(door), 1);
    sentinels.untouched();
    assert_int_equal(trot_engine_swap(door.engine, door.plan, nullptr), TROT_OK);
    sentinels.untouched();
    door.record(2);
    assert_int_equal(query(door), 2);
    trot_engine_quiesce(door.engine);
    sentinels.untouched();
    for (const auto call : {trot_engine_status, trot_engine_metrics}) {
        trot_reply* reply = nullptr;
        assert_int_equal(call(door.engine, &reply), TROT_OK);
        trot_reply_drop(reply);
    }
    door.record(3);
    // A capture that outlives the engine: what is left of that goes with it, on this thread.
    const trot_request request = door_request("POST", "/orders");
    trot_verdict verdict{};
    verdict.size = sizeof verdict;
    trot_capture* capture = nullptr;
    trot_plan_judge(door.plan, &request, &verdict);
    assert_int_equal(trot_capture_open(door.engine, door.plan, &request, &verdict, &capture), TROT_OK);
    assert_int_equal(trot_engine_stop(door.engine, 1000), TROT_OK);
    sentinels.untouched();
    door.stop();
    sentinels.untouched();
    assert_int_equal(query(door), 3);
    trot_capture_abandon(capture);
    sentinels.untouched();
    assert_true(threads_end());
}

void nothing_is_left_of_an_engine(void** /*state*/) {
    Door door;
    const std::map<int, std::string> before = files_of(getpid());
    for (int n = 0; n < 20; ++n) {
        assert_int_equal(door.start(), TROT_OK);
        door.record(n);
        door.stop();
        assert_true(threads_end());
    }
    assert_true(files_of(getpid()) == before);
}

// Two tables must never have a store open at once (module/engine/sole.h).
void a_process_has_one_engine(void** /*state*/) {
    Door door;
    assert_int_equal(door.start(), TROT_OK);
    trot_engine* second = nullptr;
    trot_fault fault{};
    fault.size = sizeof fault;
    assert_int_equal(door_start(door.plan, &second, &fault), TROT_EUSAGE);
    assert_null(second);
    assert_non_null(strstr(fault.text, "engine already"));
    door.record(1);
    // One of which only a capture is left has nothing open any more.
    const trot_request request = door_request("POST", "/orders");
    trot_verdict verdict{};
    verdict.size = sizeof verdict;
    trot_capture* capture = nullptr;
    trot_plan_judge(door.plan, &request, &verdict);
    assert_int_equal(trot_capture_open(door.engine, door.plan, &request, &verdict, &capture), TROT_OK);
    const pid_t old = root_thread();
    assert_true(holds(files_of(old), "trotline.db"));
    door.stop();
    assert_false(holds(files_of(old), "trotline.db"));
    assert_int_equal(door.start(), TROT_OK);
    door.record(2);
    trot_capture_abandon(capture);
    door.record(3);
    assert_int_equal(query(door), 3);
}

// Longer than a socket's address may be: it leads through the engine's open folder, not through what has its number
// here.
void a_long_path_leads_to_the_dispatchers_socket(void** /*state*/) {
    Door parent;
    const std::string path = std::string(parent.store) + "/" + std::string(120, 'l');
    trot_plan* plan = nullptr;
    assert_int_equal(door_plan(path.c_str(), &plan, nullptr), TROT_OK);
    trot_plan_drop(parent.plan);
    parent.plan = plan;
    assert_int_equal(parent.start(), TROT_OK);
    const std::string socket = path + "/dispatch.sock";
    for (int tries = 0; tries < 5000 && access(socket.c_str(), F_OK) != 0; ++tries) usleep(1000);
    assert_int_equal(access(socket.c_str(), F_OK), 0);
    assert_false(parent.says("cannot bind"));
    parent.stop();
    door_remove_store(path.c_str());
}

// Where the system allows no second table, all is as if there were none.
void without_a_second_table_all_is_shared(void** /*state*/) {
    Door door;
    const int kept = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    std::thread([&] {
        assert_true(refuse({SYS_close_range, SYS_unshare}, EPERM));
        assert_int_equal(door.start(), TROT_OK);
    }).join();
    assert_true(door.says("no file table of its own"));
    assert_true(fcntl(kept, F_GETFD) >= 0);
    for (const auto& [id, name] : engine_threads()) assert_true(share_files(getpid(), id));
    const Sentinels sentinels;
    door.record(1);
    assert_int_equal(query(door), 1);
    door.stop();
    sentinels.untouched();
    assert_true(fcntl(kept, F_GETFD) >= 0);
    close(kept);
}

}  // namespace

// ThreadSanitizer knows one table only (base/own_files.cc): what needs two has nothing to show there.
#if defined(__SANITIZE_THREAD__)
constexpr bool two_tables = false;
#else
constexpr bool two_tables = true;
#endif

int main() {
    const CMUnitTest with_two[] = {
        cmocka_unit_test(the_loop_shares_no_descriptors), cmocka_unit_test(what_the_host_closes_is_closed),
        cmocka_unit_test(no_call_touches_what_has_the_number_of_an_engines_descriptor),
        cmocka_unit_test(nothing_is_left_of_an_engine), cmocka_unit_test(a_process_has_one_engine)};
    const CMUnitTest with_any[] = {cmocka_unit_test(a_long_path_leads_to_the_dispatchers_socket),
                                   cmocka_unit_test(without_a_second_table_all_is_shared)};
    const int failed = two_tables ? cmocka_run_group_tests(with_two, nullptr, nullptr) : 0;
    return failed + cmocka_run_group_tests(with_any, nullptr, nullptr);
}
