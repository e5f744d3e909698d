#include "dispatch/waker.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trot {
namespace {

constexpr const char* socket_name = "dispatch.sock";

// A socket's path has room for 107 bytes; a store may lie deeper than that, so long paths go through the open folder.
// (Of the calling thread's table: the first thread's, /proc/self, is the host's.)
std::string short_path(const std::string& store_path, int folder) {
    std::string direct = store_path + "/" + socket_name;
    if (direct.size() < sizeof(sockaddr_un::sun_path)) return direct;
    return "/proc/thread-self/fd/" + std::to_string(folder) + "/" + socket_name;
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

int open_folder(const std::string& path) { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
int make_socket() { return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

}  // namespace

Waker::Waker(const std::string& store_path)
    : folder_(open_folder(store_path)), fd_(make_socket()), path_(short_path(store_path, folder_)) {}

Waker::~Waker() {
    if (fd_ >= 0) close(fd_);
    if (folder_ >= 0) close(folder_);
}

void Waker::wake() const {
    if (fd_ < 0) return;
    const sockaddr_un address = address_of(path_);
    const char byte = 1;
    // A full queue means that the leader has not looked yet and will.
    sendto(fd_, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Result<std::unique_ptr<WakeSocket>> WakeSocket::bind(const std::string& store_path) {
    const int folder = open_folder(store_path);
    const int fd = make_socket();
    std::string path = short_path(store_path, folder);
    auto made = std::unique_ptr<WakeSocket>(new WakeSocket(folder, fd, std::move(path)));
    const sockaddr_un address = address_of(made->path_);
    if (folder >= 0) unlinkat(folder, socket_name, 0);
    if (folder < 0 || fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Fault{Code::store, "dispatch: cannot bind " + store_path + "/" + socket_name + ": " + strerror(errno)};
    // Only who may write the store may wake its dispatcher.
    if (fchmodat(folder, socket_name, 0600, 0) != 0)
        return Fault{Code::store, "dispatch: cannot chmod " + store_path + "/" + socket_name + ": " + strerror(errno)};
    return made;
}

WakeSocket::~WakeSocket() {
    if (fd_ >= 0) close(fd_);
    if (folder_ < 0) return;
    unlinkat(folder_, socket_name, 0);
    close(folder_);
}

void WakeSocket::empty() const {
    char bytes[16];
    while (recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
}

}  // namespace trot
