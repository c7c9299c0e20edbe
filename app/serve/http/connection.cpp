#include "app/serve/http/connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace nety::serve {
namespace {

using std::chrono::steady_clock;

steady_clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

void name_socket(int socket, NameOf name_of, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
  auto* named = reinterpret_cast<sockaddr*>(&address);
  if (name_of(socket, named, &size) != 0 ||
      ::getnameinfo(named, size, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return;
  ip = host;
  port = std::atoi(service);
}

/// A connection looks so often whether it is abandoned.
constexpr int64_t kLookMilliseconds = 100;

}  // namespace

// Waits until the socket may be read or written, or the time has come. False: the latter.
bool Connection::wait_for(short events, Time until) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
    pollfd waited{socket_, events, 0};
    const auto now = static_cast<int>(std::clamp<int64_t>(left, 0, kLookMilliseconds));
    const int found = ::poll(&waited, 1, now);
    if (found > 0) return true;  // an error shows in the next call
    if (left <= 0 || abandoned_) return false;
    if (found < 0 && errno != EINTR) return false;
  }
}

Connection::~Connection() {
  // What the peer has sent and nobody has read would turn closing into a reset, and the answer
  // would be lost on its way.
  ::shutdown(socket_, SHUT_WR);
  const auto until = steady_clock::now() + seconds_of(0.25);
  char ignored[4096];
  for (size_t total = 0; total < limits_.header_bytes + limits_.body_bytes;) {
    if (!wait_for(POLLIN, until)) break;
    const ssize_t count = ::recv(socket_, ignored, sizeof ignored, MSG_DONTWAIT);
    if (count <= 0) break;
    total += static_cast<size_t>(count);
  }
  ::close(socket_);
}

bool Connection::wait_for_request(const std::function<bool()>& stopping) {
  const auto until = steady_clock::now() + seconds_of(limits_.idle_seconds);
  while (!stopping()) {
    if (begin_ < end_) return true;  // sent together with the request before
    const auto now = steady_clock::now();
    if (wait_for(POLLIN, std::min(until, now + seconds_of(0.1)))) return !gone();
    if (now >= until) return false;
  }
  return false;
}

void Connection::begin_request() {
  left_ = limits_.header_bytes;
  until_ = steady_clock::now() + seconds_of(limits_.read_seconds);
  exceeded_ = late_ = false;
}

bool Connection::gone() const {
  char next = 0;
  const ssize_t count = ::recv(socket_, &next, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return false;
  return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool Connection::is_readable() const {
  return left_ > 0 && (begin_ < end_ || wait_for(POLLIN, until_));
}

ssize_t Connection::read(char* bytes, size_t size) {
  if (left_ == 0) {
    exceeded_ = true;
    return -1;
  }
  // Also where bytes are there already: a request that trickles in ends in time.
  if (steady_clock::now() >= until_ || (begin_ == end_ && !wait_for(POLLIN, until_))) {
    late_ = true;
    return -1;
  }
  if (begin_ == end_) {
    const ssize_t count = ::recv(socket_, received_.data(), received_.size(), 0);
    if (count <= 0) return count;
    begin_ = 0;
    end_ = static_cast<size_t>(count);
  }
  const size_t count = std::min({size, left_, end_ - begin_});
  std::copy_n(received_.begin() + static_cast<ptrdiff_t>(begin_), count, bytes);
  begin_ += count;
  left_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  const auto until = steady_clock::now() + seconds_of(limits_.write_seconds);
  size_t written = 0;
  while (written < size) {
    if (!wait_for(POLLOUT, until)) return -1;
    const ssize_t count =
        ::send(socket_, bytes + written, size - written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return -1;
    if (count > 0) written += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  name_socket(socket_, ::getpeername, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  name_socket(socket_, ::getsockname, ip, port);
}

}  // namespace nety::serve
