#include "dispatch/in_hand.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trot {
namespace {

constexpr char magic[8] = {'T', 'R', 'O', 'T', 'H', 'A', 'N', '1'};
constexpr size_t page_bytes = 4096;

// A page that is there in full: storing into a hole of a full disk would be a SIGBUS.
bool fill(int fd) {
    struct stat about {};
    if (fstat(fd, &about) != 0) return false;
    if (static_cast<size_t>(about.st_size) >= page_bytes) return true;
    char zeros[page_bytes] = {};
    return pwrite(fd, zeros, sizeof zeros, 0) == static_cast<ssize_t>(sizeof zeros);
}

}  // namespace

Result<void> Hands::open(const std::string& store_path) {
    close();
    const std::string path = store_path + "/in-hand";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    void* at = MAP_FAILED;
    if (fd >= 0 && fill(fd)) at = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (at == MAP_FAILED) return Fault{Code::store, path + ": " + strerror(error)};
    auto* page = static_cast<Page*>(at);
    if (memcmp(page->magic, magic, sizeof magic) != 0) {  // new, or no file of ours
        memset(at, 0, page_bytes);
        memcpy(page->magic, magic, sizeof magic);
    }
    page_ = page;
    return {};
}

void Hands::close() {
    if (mapped()) munmap(page_, page_bytes);
    page_ = &own_;
}

std::vector<InHand> Hands::left() const {
    std::vector<InHand> notes;
    for (const std::atomic<int64_t>& held : page_->held) {
        const int64_t what = held.load(std::memory_order_relaxed);
        if (what != 0) notes.push_back({what > 0, what > 0 ? what : -what});
    }
    return notes;
}

void Hands::begin(int64_t reign) {
    for (std::atomic<int64_t>& held : page_->held) held.store(0, std::memory_order_relaxed);
    page_->reign = reign;
}

}  // namespace trot
