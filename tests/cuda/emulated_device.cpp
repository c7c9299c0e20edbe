#include "tests/cuda/emulated_device.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/base/half.h"
#include "tests/cuda/simt.h"

namespace nety::cuda {
namespace {

constexpr size_t kAlignment = 256;
int64_t replayed = 0;
uint64_t taken_bytes = 0;

class EmulatedGraph final : public Graph {
 public:
  explicit EmulatedGraph(std::vector<simt::Launch> launches) : launches_(std::move(launches)) {}
  void launch() override {
    if (launched_) ++replayed;
    launched_ = true;
    for (const simt::Launch& launch : launches_) simt::run(launch);
  }

 private:
  std::vector<simt::Launch> launches_;
  bool launched_ = false;
};

/// The size stands before the memory, so that releasing can give it back to the count.
void release(void* data) {
  auto* start = static_cast<unsigned char*>(data) - kAlignment;
  uint64_t bytes = 0;
  std::memcpy(&bytes, start, sizeof(bytes));
  taken_bytes -= bytes;
  std::free(start);
}

float number_at(Format type, const void* list, int64_t at) {
  if (type == Format::kFp32) return static_cast<const float*>(list)[at];
  const uint16_t bits = static_cast<const uint16_t*>(list)[at];
  return type == Format::kBf16 ? float_from_bf16(bits) : float_from_fp16(bits);
}

class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(const Emulation& emulation) : emulation_(emulation) {}

  std::string_view name() const override { return "cuda:0"; }
  std::string_view title() const override { return "emulated"; }
  int processors() const override { return emulation_.processors; }
  DeviceMemory memory() const override {
    const uint64_t total = emulation_.memory_bytes;
    return {taken_bytes < total ? total - taken_bytes : 0, total};
  }

  void upload(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
              size_t rows) override {
    for (size_t row = 0; row < rows; ++row)
      std::memcpy(static_cast<char*>(to) + row * to_pitch,
                  static_cast<const char*>(from) + row * from_pitch, width);
  }
  void copy(void* to, const void* from, size_t pitch, size_t width, size_t rows) override {
    upload(to, pitch, from, pitch, width, rows);
  }
  void clear(void* data, uint64_t bytes) override { std::memset(data, 0, bytes); }
  void download(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  Stream stream() override { return nullptr; }
  Buffer host_memory(uint64_t bytes) override { return {std::malloc(bytes), bytes, std::free}; }
  void wait() override {}
  double read_bandwidth(uint64_t /*bytes*/) override { return 0; }
  double product_rate(Format /*type*/) override { return 0; }

  std::string_view blas_name() const override { return emulation_.blas ? "loops" : ""; }
  bool has_blas(Format /*type*/) const override { return emulation_.blas; }
  void blas(const BlasProduct& p) override {
    if (p.type == Format::kInt8) return blas_int8(p);
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int64_t n = 0; n < p.rows; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < p.cols; ++k)
          sum += double{number_at(p.type, p.w, n * p.w_pitch + k)} *
                 number_at(p.type, p.x, t * p.x_pitch + k);
        float& y = static_cast<float*>(p.y)[t * p.y_pitch + n];
        y = static_cast<float>(sum) + (p.add ? y : 0.0F);
      }
  }

  void start_capture() override { simt::start_recording(); }
  std::unique_ptr<Graph> stop_capture() override {
    return std::make_unique<EmulatedGraph>(simt::stop_recording());
  }

 protected:
  // Filled with NaNs: what nobody wrote must show.
  Buffer try_allocate(uint64_t bytes) override {
    void* start = nullptr;
    if (::posix_memalign(&start, kAlignment, bytes + kAlignment) != 0) return {};
    std::memcpy(start, &bytes, sizeof(bytes));
    taken_bytes += bytes;
    auto* data = static_cast<unsigned char*>(start) + kAlignment;
    std::memset(data, 0xff, bytes);
    return {data, bytes, release};
  }

 private:
  static void blas_int8(const BlasProduct& p) {
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int64_t n = 0; n < p.rows; ++n) {
        int32_t sum = 0;
        for (int64_t k = 0; k < p.cols; ++k)
          sum += static_cast<const int8_t*>(p.w)[n * p.w_pitch + k] *
                 static_cast<const int8_t*>(p.x)[t * p.x_pitch + k];
        static_cast<int32_t*>(p.y)[t * p.y_pitch + n] = sum;
      }
  }

  Emulation emulation_;
};

}  // namespace

std::unique_ptr<Device> emulated_device(const Emulation& emulation) {
  return std::make_unique<EmulatedDevice>(emulation);
}

int64_t graphs_replayed() { return replayed; }

}  // namespace nety::cuda
