// The four functions of cuBLAS that we call, declared here: its headers are a package of their own.
#include "core/backends/cuda/cublas.h"

#include <dlfcn.h>
#include <fmt/core.h>
#include <library_types.h>

#include <cstdlib>

#include "core/base/error.h"

namespace nety::cuda {
namespace {

// cublas_api.h, the same since version 11.
constexpr int kTransposed = 1, kAsIs = 0;             // cublasOperation_t
constexpr int kComputeFp32 = 68, kComputeInt32 = 72;  // cublasComputeType_t
constexpr int kDefaultAlgorithm = -1;                 // cublasGemmAlgo_t
using Create = int (*)(void** handle);
using Destroy = int (*)(void* handle);
using SetStream = int (*)(void* handle, void* stream);
using GetVersion = int (*)(void* handle, int* version);
using GemmEx = int (*)(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha,
                       const void* a, cudaDataType_t a_type, int lda, const void* b,
                       cudaDataType_t b_type, int ldb, const void* beta, void* c,
                       cudaDataType_t c_type, int ldc, int compute, int algorithm);

struct Functions {
  Create create;
  Destroy destroy;
  SetStream set_stream;
  GetVersion get_version;
  GemmEx gemm;
};

cudaDataType_t type_of(Format format) {
  if (format == Format::kFp32) return CUDA_R_32F;
  if (format == Format::kInt8) return CUDA_R_8I;
  return format == Format::kBf16 ? CUDA_R_16BF : CUDA_R_16F;
}

class LoadedCublas final : public Cublas {
 public:
  LoadedCublas(const Functions& functions, void* handle) : functions_(functions), handle_(handle) {
    int version = 0;  // 10000 x major + 100 x minor + patch, from version 12 on
    functions_.get_version(handle_, &version);
    name_ = fmt::format("cuBLAS {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  }
  ~LoadedCublas() override { functions_.destroy(handle_); }
  LoadedCublas(const LoadedCublas&) = delete;
  LoadedCublas& operator=(const LoadedCublas&) = delete;

  const std::string& name() const override { return name_; }

  // cuBLAS thinks in columns: y' [N, T] = w' transposed [N, K] times x' [K, T].
  void multiply(const BlasProduct& p) override {
    const bool integers = p.type == Format::kInt8;
    const float one = 1.0F, kept = p.add ? 1.0F : 0.0F;
    const int32_t int_one = 1, int_kept = p.add ? 1 : 0;
    const void* alpha = integers ? static_cast<const void*>(&int_one) : &one;
    const void* beta = integers ? static_cast<const void*>(&int_kept) : &kept;
    const int status = functions_.gemm(
        handle_, kTransposed, kAsIs, p.rows, p.tokens, p.cols, alpha, p.w, type_of(p.type),
        static_cast<int>(p.w_pitch), p.x, type_of(p.type), static_cast<int>(p.x_pitch), beta, p.y,
        integers ? CUDA_R_32I : CUDA_R_32F, static_cast<int>(p.y_pitch),
        integers ? kComputeInt32 : kComputeFp32, kDefaultAlgorithm);
    if (status != 0)
      throw Error(ErrorKind::kInternal,
                  fmt::format("{}: cublasGemmEx of [{}, {}] by {} tokens gives status {}", name_,
                              p.rows, p.cols, p.tokens, status));
  }

 private:
  Functions functions_;
  void* handle_;
  std::string name_;
};

void* open_library() {
  const std::string file = "libcublas.so." + std::to_string(NETY_CUDA_MAJOR);
  if (void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL); library != nullptr)
    return library;
  std::string folders[] = {"", "", "/usr/local/cuda"};
  if (const char* home = std::getenv("CUDA_HOME"); home != nullptr) folders[0] = home;
  if (const char* path = std::getenv("CUDA_PATH"); path != nullptr) folders[1] = path;
  for (const std::string& folder : folders) {
    if (folder.empty()) continue;
    // It needs libcublasLt from the same folder, where the loader would not look.
    const std::string lib = folder + "/lib64/";
    ::dlopen((lib + "libcublasLt.so." + std::to_string(NETY_CUDA_MAJOR)).c_str(),
             RTLD_NOW | RTLD_LOCAL);
    void* library = ::dlopen((lib + file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) return library;
  }
  return nullptr;
}

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

std::unique_ptr<Cublas> open_cublas(Stream stream) {
  void* library = open_library();  // stays until the process ends
  if (library == nullptr) return nullptr;
  Functions functions{};
  if (!find(library, "cublasCreate_v2", functions.create) ||
      !find(library, "cublasDestroy_v2", functions.destroy) ||
      !find(library, "cublasSetStream_v2", functions.set_stream) ||
      !find(library, "cublasGetVersion_v2", functions.get_version) ||
      !find(library, "cublasGemmEx", functions.gemm))
    return nullptr;
  void* handle = nullptr;
  if (functions.create(&handle) != 0) return nullptr;
  auto cublas = std::make_unique<LoadedCublas>(functions, handle);
  if (functions.set_stream(handle, stream) != 0) return nullptr;
  return cublas;
}

}  // namespace nety::cuda
