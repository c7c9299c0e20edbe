// The device layer over the CUDA runtime, which is linked in; the driver is opened by it when it is
// first asked. Whatever CUDA says becomes an Error here.
#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <charconv>

#include "core/backends/cuda/cublas.h"
#include "core/backends/cuda/device.h"
#include "core/base/error.h"

namespace nety::cuda {
namespace {

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
  void clear(void* data, uint64_t bytes) override {
    check(cudaMemsetAsync(data, 0, bytes, stream_), "clearing memory");
  }
  void download(void* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying back");
    check(cudaStreamSynchronize(stream_), "waiting for a step");
  }
  Stream stream() override { return stream_; }

  std::string_view blas_name() const override {
    return cublas_ == nullptr ? std::string_view() : cublas_->name();
  }
  bool has_blas(Format type) const override {
    constexpr int kFirstWithBf16 = 8;  // compute capability 8.0
    return cublas_ != nullptr && (type != Format::kBf16 || major_ >= kFirstWithBf16);
  }
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

  int number_;
  std::string name_, title_;
  int processors_ = 1, major_ = 0;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Cublas> cublas_;
};

}  // namespace

std::unique_ptr<Device> open_device(std::string_view name) {
  return std::make_unique<CudaDevice>(name);
}

void launched(const char* kernel) {
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw error_of(status, fmt::format("launching {}", kernel));
}

}  // namespace nety::cuda
