// One connection as cpp-httplib reads and writes it, with the bounds that the library has not:
// bytes and seconds of a whole request, however slowly it comes, and seconds of each piece of an
// answer.
#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "app/serve/http.h"

namespace nety::serve {

/// Takes the socket, and closes it.
class Connection final : public httplib::Stream {
 public:
  /// Once `abandoned` is true, it waits for nobody.
  Connection(int socket, const HttpLimits& limits, const std::atomic<bool>& abandoned)
      : socket_(socket), limits_(limits), abandoned_(abandoned) {}
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for the first byte of a request. False: there is none in time, or `stopping()` is true.
  bool wait_for_request(const std::function<bool()>& stopping);
  /// From here on the limits of a request count anew.
  void begin_request();
  /// The head has been read: what follows counts as body.
  void begin_body() { left_ = kChunkMarks * limits_.body_bytes; }
  /// Whether a limit was reached; then nothing more is read.
  bool exceeded() const { return exceeded_; }
  bool late() const { return late_; }
  /// Whether the peer has closed its side.
  bool gone() const;

  // httplib::Stream:
  bool is_readable() const override;
  bool is_writable() const override { return !gone(); }
  ssize_t read(char* bytes, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }
  // Of later versions of the library, which have them in httplib::Stream:
  bool wait_readable() const { return is_readable(); }
  bool wait_writable() const { return is_writable(); }
  time_t duration() const { return 0; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  /// A body in chunks of one byte is that much longer on the wire.
  static constexpr size_t kChunkMarks = 6;

  bool wait_for(short events, Time until) const;

  int socket_;
  HttpLimits limits_;
  const std::atomic<bool>& abandoned_;
  std::array<char, 4096> received_{};  // the library reads heads byte by byte
  size_t begin_ = 0, end_ = 0;         // what of received_ was not read yet
  size_t left_ = 0;                    // bytes that may still be read
  Time until_{};                       // when reading this request must be done
  bool exceeded_ = false, late_ = false;
};

}  // namespace nety::serve
