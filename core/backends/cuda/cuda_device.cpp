// The device layer over the CUDA runtime, which is linked in; the driver is opened by it when it is
// first asked. Whatever CUDA says becomes an Error here.
#include <cuda_runtime_api.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <random>
#include <vector>

#include "core/backends/cuda/cublas.h"
#include "core/backends/cuda/device.h"
#include "core/base/error.h"

namespace nety::cuda {
namespace {

constexpr int kFirstWithBf16 = 8;  // compute capability 8.0
constexpr const char* kNativeHint = "Use --device cpu, or see nety diag.";

Error error_of(cudaError_t status, std::string_view doing) {
  const std::string what = fmt::format("{}: CUDA says \"{}\" ({})", doing,
                                       cudaGetErrorString(status), cudaGetErrorName(status));
  switch (status) {
    case cudaErrorMemoryAllocation:
      return {ErrorKind::kMemory, what, "Choose a narrower --mode or a smaller --ctx."};
    case cudaErrorInsufficientDriver:
    case cudaErrorCallRequiresNewerDriver:
      return {ErrorKind::kEnvironment, what,
              "The NVIDIA driver is missing or older than this program's CUDA: install a newer "
              "driver, or use --device cpu."};
    case cudaErrorNoDevice:
      return {
          ErrorKind::kEnvironment, what,
          "The driver is there, but no device: check CUDA_VISIBLE_DEVICES and that /dev/nvidia* "
          "are passed to this container, or use --device cpu."};
    case cudaErrorNoKernelImageForDevice:
      return {ErrorKind::kEnvironment, what,
              "This build has no code for that GPU: build with -DNETY_CUDA_ARCHITECTURES=release."};
    case cudaErrorSystemDriverMismatch:
    case cudaErrorInitializationError:
    case cudaErrorDevicesUnavailable:
    case cudaErrorStubLibrary:
    case cudaErrorSystemNotReady:
      return {ErrorKind::kEnvironment, what, kNativeHint};
    default:
      return {ErrorKind::kInternal, what, kNativeHint};
  }
}

void check(cudaError_t status, std::string_view doing) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // what is reported once is not reported again
  throw error_of(status, doing);
}

/// The number in "cuda:1"; 0 for "cuda" and nothing.
int device_number(std::string_view name) {
  if (name.empty() || name == "cuda" || name == "auto") return 0;
  int number = -1;
  constexpr std::string_view kPrefix = "cuda:";
  if (name.starts_with(kPrefix)) {
    const std::string_view digits = name.substr(kPrefix.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) number = -1;
  }
  if (number < 0)
    throw Error(ErrorKind::kUsage, fmt::format("the cuda backend has no device \"{}\"", name),
                "Use --device cuda:N.");
  return number;
}

class CudaGraph final : public Graph {
 public:
  CudaGraph(cudaGraph_t graph, cudaStream_t stream) : stream_(stream) {
    const cudaError_t status = cudaGraphInstantiate(&instance_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "instantiating the graph of a step");
  }
  ~CudaGraph() override { cudaGraphExecDestroy(instance_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void launch() override {
    check(cudaGraphLaunch(instance_, stream_), "launching the graph of a step");
  }

 private:
  cudaGraphExec_t instance_ = nullptr;
  cudaStream_t stream_;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(std::string_view name) : number_(device_number(name)) {
    int count = 0;
    check(cudaGetDeviceCount(&count), "looking for CUDA devices");
    if (number_ >= count)
      throw Error(ErrorKind::kEnvironment,
                  fmt::format("there is no cuda:{}; CUDA has {} device{}", number_, count,
                              count == 1 ? "" : "s"),
                  "Devices are counted from cuda:0; CUDA_VISIBLE_DEVICES may hide some.");
    name_ = fmt::format("cuda:{}", number_);
    use();
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, number_), "asking " + name_ + " what it is");
    title_ = properties.name;
    processors_ = properties.multiProcessorCount;
    major_ = properties.major;
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "starting " + name_);
    cublas_ = open_cublas(stream_);
  }
  ~CudaDevice() override {
    cublas_.reset();
    cudaStreamDestroy(stream_);
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  std::string_view name() const override { return name_; }
  std::string_view title() const override { return title_; }
  int processors() const override { return processors_; }
  DeviceMemory memory() const override {
    size_t free_bytes = 0, total_bytes = 0;
    use();
    check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for free memory");
    return {free_bytes, total_bytes};
  }

  void upload(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
              size_t rows) override {
    use();
    // From memory that is not pinned, CUDA copies before it returns.
    if (to_pitch == width && from_pitch == width)
      check(cudaMemcpyAsync(to, from, width * rows, cudaMemcpyHostToDevice, stream_), "copying");
    else
      check(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, rows, cudaMemcpyHostToDevice,
                              stream_),
            "copying rows");
  }
  void copy(void* to, const void* from, size_t pitch, size_t width, size_t rows) override {
    use();
    check(cudaMemcpy2DAsync(to, pitch, from, pitch, width, rows, cudaMemcpyDeviceToDevice, stream_),
          "copying a sequence");
  }
  void clear(void* data, uint64_t bytes) override {
    check(cudaMemsetAsync(data, 0, bytes, stream_), "clearing memory");
  }
  void download(void* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying back");
    check(cudaStreamSynchronize(stream_), "waiting for a step");
  }
  Buffer host_memory(uint64_t bytes) override {
    void* data = nullptr;
    use();
    check(cudaMallocHost(&data, bytes), "allocating pinned memory of the host");
    return {data, bytes, [](void* pointer) { cudaFreeHost(pointer); }};
  }
  void wait() override { check(cudaStreamSynchronize(stream_), "waiting for a step"); }
  Stream stream() override { return stream_; }

  std::string_view blas_name() const override {
    return cublas_ == nullptr ? std::string_view() : cublas_->name();
  }
  bool has_blas(Format type) const override {
    return cublas_ != nullptr && (type != Format::kBf16 || major_ >= kFirstWithBf16);
  }

  double read_bandwidth(uint64_t bytes) override;
  double product_rate(Format type) override;
  void blas(const BlasProduct& product) override { cublas_->multiply(product); }

  void start_capture() override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capturing a step");
  }
  std::unique_ptr<Graph> stop_capture() override {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "capturing a step");
    return std::make_unique<CudaGraph>(graph, stream_);
  }

 protected:
  Buffer try_allocate(uint64_t bytes) override {
    void* data = nullptr;
    use();
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return {};
    }
    check(status, "allocating memory");
    return {data, bytes, [](void* pointer) { cudaFree(pointer); }};
  }

 private:
  /// Which device is meant is a property of the calling thread; a step begins with an upload.
  void use() const {
    const cudaError_t status = cudaSetDevice(number_);
    if (status != cudaSuccess) check(status, "choosing " + name_);
  }

  void random_numbers(Format type, const Buffer& to);
  double seconds_of(const std::function<void()>& work);

  int number_;
  std::string name_, title_;
  int processors_ = 1, major_ = 0;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Cublas> cublas_;
};

// By the device's own clock.
double CudaDevice::seconds_of(const std::function<void()>& work) {
  cudaEvent_t start = nullptr, end = nullptr;
  check(cudaEventCreate(&start), "making a clock");
  check(cudaEventCreate(&end), "making a clock");
  check(cudaEventRecord(start, stream_), "reading a clock");
  work();
  check(cudaEventRecord(end, stream_), "reading a clock");
  check(cudaEventSynchronize(end), "measuring");
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start, end), "measuring");
  cudaEventDestroy(start);
  cudaEventDestroy(end);
  return milliseconds * 1e-3;
}

// Reads the bytes of a token repeatedly, as decoding does: what fits a cache stays in it both
// times.
double CudaDevice::read_bandwidth(uint64_t bytes) {
  constexpr uint64_t kLeast = uint64_t{1} << 20, kMost = uint64_t{1} << 30;
  constexpr uint64_t kInOneGo = uint64_t{4} << 30;  // a millisecond or more
  constexpr int kTimes = 4, kBlocksPerProcessor = 8;
  const uint64_t room = std::min(kMost, memory().free_bytes / 2);
  if (room < kLeast) return 0;
  const uint64_t footprint = std::clamp(bytes, kLeast, room);
  const int32_t blocks = processors_ * kBlocksPerProcessor;
  const Buffer data = allocate(footprint / 16 * 16, "measuring the memory");
  const Buffer sums =
      allocate(static_cast<uint64_t>(read_sums(blocks)) * sizeof(uint32_t), "measuring the memory");
  clear(data.as<void>(), data.bytes());
  ReadArgs args{};
  args.data = data.as<void>();
  args.pieces = static_cast<int64_t>(data.bytes() / 16);
  args.passes = static_cast<int32_t>(std::max<uint64_t>(1, kInOneGo / data.bytes()));
  args.blocks = blocks;
  args.sums = sums.as<uint32_t>();
  double best = 0;
  for (int time = 0; time < kTimes; ++time) {
    const double seconds = seconds_of([&] { read_memory(stream_, args); });
    best = std::max(best, static_cast<double>(data.bytes()) * args.passes / seconds);
  }
  return best;
}

// Square products of random numbers: zeros are multiplied faster than weights.
double CudaDevice::product_rate(Format type) {
  constexpr int32_t kSize = 8192;
  constexpr int kTimes = 3;
  if (!has_blas(type)) return 0;
  const uint64_t element = type == Format::kFp32 ? 4 : type == Format::kInt8 ? 1 : 2;
  const uint64_t count = uint64_t{kSize} * kSize;
  if (memory().free_bytes < count * (2 * element + 4) * 2) return 0;
  const Buffer w = allocate(count * element, "measuring products");
  const Buffer x = allocate(count * element, "measuring products");
  const Buffer y = allocate(count * 4, "measuring products");
  random_numbers(type, w);
  random_numbers(type, x);
  const BlasProduct product{type,  w.as<void>(), kSize, x.as<void>(), kSize, y.as<void>(),
                            kSize, kSize,        kSize, kSize,        false};
  blas(product);
  const double seconds = seconds_of([&] {
    for (int time = 0; time < kTimes; ++time) blas(product);
  });
  return 2.0 * kSize * kSize * double{kSize} * kTimes / seconds;
}

// One megabyte of them, again and again.
void CudaDevice::random_numbers(Format type, const Buffer& to) {
  constexpr size_t kBlock = size_t{1} << 20;
  std::vector<uint32_t> words(kBlock / sizeof(uint32_t));
  std::minstd_rand random(1);
  for (uint32_t& word : words) {
    const uint32_t bits = static_cast<uint32_t>(random()) * 2654435761U;
    // Sign and mantissa at random, the exponent that of numbers around one.
    if (type == Format::kFp32) word = (bits & 0x807fffffU) | 0x3f000000U;
    if (type == Format::kBf16) word = (bits & 0x807f807fU) | 0x3f003f00U;
    if (type == Format::kFp16) word = (bits & 0x83ff83ffU) | 0x38003800U;
    if (type == Format::kInt8) word = bits;
  }
  for (uint64_t at = 0; at < to.bytes(); at += kBlock)
    upload(to.as<std::byte>() + at, kBlock, words.data(), kBlock, kBlock, 1);
}

}  // namespace

std::unique_ptr<Device> open_device(std::string_view name) {
  return std::make_unique<CudaDevice>(name);
}

// Where the device supports it, a kernel starts while the one before it ends
// (begin_after_the_last).
void launch(const void* kernel, dim3 grid, dim3 block, size_t shared_bytes, Stream stream,
            void* args, const char* name) {
  constexpr int kFirstThatOverlaps = 9;  // compute capability 9.0
  int device = 0, major = 0;
  check(cudaGetDevice(&device), name);
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), name);
  cudaLaunchAttribute overlap{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream);
  config.attrs = &overlap;
  config.numAttrs = major >= kFirstThatOverlaps ? 1 : 0;
  void* all[] = {args};
  const cudaError_t status = cudaLaunchKernelExC(&config, kernel, all);
  if (status != cudaSuccess) {
    cudaGetLastError();
    throw error_of(status, fmt::format("launching {}", name));
  }
}

}  // namespace nety::cuda
