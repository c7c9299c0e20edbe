// Known libraries, where toolkits put them and the packages that have them.
#include "core/model/toolkit.h"

#include <cstdlib>

namespace nety::model {
namespace {

namespace fs = std::filesystem;

std::string package_hint(const std::string& library) {
  struct Row {
    const char* prefix;
    const char* hint;
  };
  constexpr Row kRows[] = {
      {"libcudart.so.12", "the PyPI package nvidia-cuda-runtime-cu12"},
      {"libcupti.so.12", "the PyPI package nvidia-cuda-cupti-cu12"},
      {"libcudart.so", "the PyPI package nvidia-cuda-runtime"},
      {"libcupti.so", "the PyPI package nvidia-cuda-cupti"},
      {"libcudnn.so", "the PyPI package nvidia-cudnn-cu13 (cu12 with CUDA 12)"},
      {"libnccl.so", "the PyPI package nvidia-nccl-cu13 (cu12 with CUDA 12)"},
      {"libcusparseLt.so", "the PyPI package nvidia-cusparselt-cu13 (cu12 with CUDA 12)"},
      {"libcufile.so", "the PyPI package nvidia-cufile (nvidia-cufile-cu12 with CUDA 12)"},
      {"libnvshmem", "the PyPI package nvidia-nvshmem-cu13 (cu12 with CUDA 12)"},
      {"libgomp.so", "the Debian package libgomp1"},
      {"libc10.so", "the PyPI package torch"},
      {"libc10_cuda.so", "the PyPI package torch"},
      {"libtorch", "the PyPI package torch"},
  };
  for (const Row& row : kRows)
    if (library.starts_with(row.prefix)) return library + " is in " + row.hint;
  return {};
}

}  // namespace

std::vector<fs::path> toolkit_folders() {
  std::vector<fs::path> folders;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* home = std::getenv(variable); home != nullptr && *home != '\0')
      folders.push_back(fs::path(home) / "lib64");
  folders.emplace_back("/usr/local/cuda/lib64");
  return folders;
}

std::string missing_text(const std::vector<MissingLibrary>& missing) {
  std::string text;
  for (const MissingLibrary& library : missing)
    text += (text.empty() ? "" : "; ") + library.name + " is missing, needed by " +
            library.needed_by.string();
  return text;
}

std::string package_hints(const std::vector<MissingLibrary>& missing) {
  std::string text;
  for (const MissingLibrary& library : missing)
    if (const std::string found = package_hint(library.name); !found.empty()) text += found + ". ";
  return text;
}

}  // namespace nety::model
