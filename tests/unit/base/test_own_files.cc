// A thread that leaves the shared file table keeps what it shall and nothing else, whatever the system allows of it.
#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <future>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/own_files.h"
#include "refuse.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

using namespace trot;

namespace {

bool shares_files_with(pid_t thread) { return syscall(SYS_kcmp, gettid(), thread, KCMP_FILES, 0, 0) == 0; }

std::set<int> open_here() {
    std::set<int> found;
    DIR* folder = opendir("/proc/thread-self/fd");
    while (const dirent* entry = readdir(folder))
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder)) found.insert(atoi(entry->d_name));
    closedir(folder);
    return found;
}

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

void on_a_thread(const std::function<void()>& body) { std::thread(body).join(); }

// Many descriptors, and the one to keep in their midst, as in a host that has begun to work.
struct Host {
    std::vector<int> others;
    int keep = -1;
    Host() {
        for (int i = 0; i < 300; ++i) others.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
        keep = eventfd(0, EFD_CLOEXEC);
        for (int i = 0; i < 300; ++i) others.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    ~Host() {
        for (const int fd : others) assert_int_equal(close(fd), 0);
        assert_int_equal(close(keep), 0);
    }
};

void leaves(const Host& host) {
    const pid_t main_thread = getpid();
    assert_true(shares_files_with(main_thread));
    assert_true(leave_shared_files(host.keep).ok());
    assert_false(shares_files_with(main_thread));
    assert_true((open_here() == std::set<int>{0, 1, 2, host.keep}));
    on_a_thread([&] { assert_true((open_here() == std::set<int>{0, 1, 2, host.keep})); });
    assert_int_equal(eventfd_write(host.keep, 7), 0);  // one file, in both tables
}

void a_thread_leaves_with_what_it_keeps(void**) {
    const Host host;
    on_a_thread([&] { leaves(host); });
    for (const int fd : host.others) assert_true(is_open(fd));
    eventfd_t count = 0;
    assert_int_equal(eventfd_read(host.keep, &count), 0);
    assert_int_equal(count, 7);
}

void it_leaves_without_close_range(void**) {
    for (const unsigned error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
        const Host host;
        on_a_thread([&] {
            assert_true(refuse({SYS_close_range}, error));
            leaves(host);
        });
        for (const int fd : host.others) assert_true(is_open(fd));
    }
}

// A container's filter, say, that knows close_range() and refuses unshare().
void it_leaves_without_unshare(void**) {
    const Host host;
    on_a_thread([&] {
        assert_true(refuse({SYS_unshare}, EPERM));
        leaves(host);
    });
}

void where_it_may_not_leave_nothing_is_closed(void**) {
    const Host host;
    on_a_thread([&] {
        assert_true(refuse({SYS_close_range, SYS_unshare}, EPERM));
        assert_false(leave_shared_files(host.keep).ok());
        assert_true(shares_files_with(getpid()));
    });
    for (const int fd : host.others) assert_true(is_open(fd));
}

using FileId = std::pair<dev_t, ino_t>;
FileId file_of(int fd) {
    struct stat found {};
    assert_int_equal(fstat(fd, &found), 0);
    return {found.st_dev, found.st_ino};
}

// Standard input is the test's to change, and is as before at its end.
struct Input {
    const int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
    Input() { assert_true(saved >= 100); }
    ~Input() {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
};

// No file of ours may get the number of a stream to which somebody writes.
void a_closed_standard_stream_is_filled(void**) {
    const Input input;
    const Host host;
    assert_int_equal(close(STDIN_FILENO), 0);
    on_a_thread([&] { leaves(host); });
    assert_false(is_open(STDIN_FILENO));
}

void what_it_keeps_may_have_the_number_of_a_standard_stream(void**) {
    const Input input;
    assert_int_equal(close(STDIN_FILENO), 0);
    const int keep = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(keep, STDIN_FILENO);
    on_a_thread([&] {
        assert_true(leave_shared_files(keep).ok());
        assert_true((open_here() == std::set<int>{0, 1, 2}));
        follow_standard_streams(keep);
        assert_int_equal(eventfd_write(keep, 7), 0);
    });
    eventfd_t count = 0;
    assert_int_equal(eventfd_read(keep, &count), 0);
    assert_int_equal(count, 7);
}

// As when a host's logs are rotated: what it has left must not stay on the disk because of us.
void standard_streams_follow_the_hosts(void**) {
    const Input input;
    const Host host;
    char name[] = "/tmp/trotline-stream-XXXXXX";
    const int log = mkstemp(name);
    assert_true(log >= 0);
    assert_int_equal(unlink(name), 0);
    dup2(log, STDIN_FILENO);
    std::promise<void> left;
    std::promise<void> moved;
    std::thread other([&] {
        assert_true(leave_shared_files(host.keep).ok());
        const FileId old = file_of(STDIN_FILENO);
        left.set_value();
        moved.get_future().wait();
        assert_true(file_of(STDIN_FILENO) == old);
        follow_standard_streams(host.keep);
        assert_false(file_of(STDIN_FILENO) == old);
        assert_true((open_here() == std::set<int>{0, 1, 2, host.keep}));
    });
    left.get_future().wait();
    dup2(host.others[0], STDIN_FILENO);
    moved.set_value();
    other.join();
    close(log);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(a_thread_leaves_with_what_it_keeps),
                                cmocka_unit_test(it_leaves_without_close_range),
                                cmocka_unit_test(it_leaves_without_unshare),
                                cmocka_unit_test(where_it_may_not_leave_nothing_is_closed),
                                cmocka_unit_test(a_closed_standard_stream_is_filled),
                                cmocka_unit_test(what_it_keeps_may_have_the_number_of_a_standard_stream),
                                cmocka_unit_test(standard_streams_follow_the_hosts)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
