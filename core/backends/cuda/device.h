// What the backend needs of a GPU besides kernels: memory, copies, cuBLAS and graphs. One
// implementation is the CUDA runtime's (cuda_device.cpp), one is emulated (tests/cuda).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/backends/cuda/kernels.h"
#include "core/model/backend.h"

namespace nety::cuda {

/// Memory on the device, released with the object. May outlive the Device that made it.
class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, uint64_t bytes, void (*release)(void*))
      : data_(data), bytes_(bytes), release_(release) {}
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(release_, other.release_);
    std::swap(account_, other.account_);
    return *this;
  }
  ~Buffer() {
    if (data_ == nullptr) return;
    release_(data_);
    if (account_ != nullptr) *account_ -= bytes_;
  }
  /// Adds its bytes to `account` until it is released.
  void count_in(std::shared_ptr<std::atomic<uint64_t>> account) {
    account_ = std::move(account);
    *account_ += bytes_;
  }

  uint64_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  uint64_t bytes_ = 0;
  void (*release_)(void*) = nullptr;
  std::shared_ptr<std::atomic<uint64_t>> account_;
};

struct DeviceMemory {
  uint64_t free_bytes, total_bytes;
};

/// Recorded kernel launches that run as a whole.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void launch() = 0;
};

/// y [T, N] = x W^T, or added to what y holds: w [N, K] and x [T, K] in `type`, y and sums in fp32,
/// or in int32 for kInt8. Pitches are in elements.
struct BlasProduct {
  Format type;  ///< kFp32, kBf16, kFp16, or kInt8 with N, K and pitches that are multiples of 4.
  const void* w;
  int64_t w_pitch;
  const void* x;
  int64_t x_pitch;
  void* y;
  int64_t y_pitch;
  int32_t rows, cols, tokens;
  bool add;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;   ///< "cuda:0"
  virtual std::string_view title() const = 0;  ///< "NVIDIA H100 80GB HBM3"
  virtual int processors() const = 0;          ///< Streaming multiprocessors.
  virtual DeviceMemory memory() const = 0;

  /// Uninitialised memory, at multiples of 256 bytes; `what` names it in errors. Error: kMemory
  /// with the numbers, before anything is taken.
  Buffer allocate(uint64_t bytes, std::string_view what);
  /// Bytes of all live buffers.
  uint64_t allocated_bytes() const { return *allocated_; }

  /// Copies `rows` rows of `width` bytes between memory with different pitches. The source may be
  /// overwritten as soon as this returns, unless it is host_memory().
  virtual void upload(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                      size_t rows) = 0;
  /// Copies `rows` rows of `width` bytes that are `pitch` apart, inside the device's memory.
  virtual void copy(void* to, const void* from, size_t pitch, size_t width, size_t rows) = 0;
  virtual void clear(void* data, uint64_t bytes) = 0;
  /// Copies after everything launched before has finished.
  virtual void download(void* to, const void* from, size_t bytes) = 0;
  /// Pinned host memory. Uploads from it are asynchronous: wait() before it is overwritten.
  virtual Buffer host_memory(uint64_t bytes) = 0;
  virtual void wait() = 0;
  virtual Stream stream() = 0;

  /// "cuBLAS 13.1"; empty where it is missing.
  virtual std::string_view blas_name() const = 0;
  /// Whether blas() multiplies in that type: never without cuBLAS, and bf16 not on every device.
  virtual bool has_blas(Format type) const = 0;
  virtual void blas(const BlasProduct& product) = 0;

  /// See model::Backend; 0 where it is not measured.
  virtual double read_bandwidth(uint64_t bytes) = 0;
  virtual double product_rate(Format type) = 0;

  /// From here on launches are recorded, not run.
  virtual void start_capture() = 0;
  /// Null if the device cannot make a graph of what was recorded.
  virtual std::unique_ptr<Graph> stop_capture() = 0;

 protected:
  /// Null if there is no room.
  virtual Buffer try_allocate(uint64_t bytes) = 0;

 private:
  std::shared_ptr<std::atomic<uint64_t>> allocated_ = std::make_shared<std::atomic<uint64_t>>(0);
};

/// Bytes of the codes of one row.
int64_t row_bytes(Format format, int64_t cols);

/// The GPU that --device names: "cuda:1", "cuda" or nothing for the first. Errors: kUsage for
/// another name, kEnvironment where driver or device is missing or too old.
std::unique_ptr<Device> open_device(std::string_view name);

}  // namespace nety::cuda
