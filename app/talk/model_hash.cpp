#include "app/talk/model_hash.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/talk/checksum.h"
#include "core/base/files.h"

namespace nety::talk {
namespace {

constexpr size_t kPage = 4096, kPages = 4;

/// Of each file, where the first tensor's bytes begin.
size_t header_bytes(const checkpoint::Checkpoint& checkpoint, size_t file) {
  const std::span<const std::byte> all = checkpoint.files()[file].bytes();
  size_t first = all.size();
  for (const checkpoint::Tensor& tensor : checkpoint.tensors()) {
    const bool inside =
        tensor.data.data() >= all.data() && tensor.data.data() < all.data() + all.size();
    if (inside) first = std::min(first, static_cast<size_t>(tensor.data.data() - all.data()));
  }
  return first;
}

void add_pages(Checksum& sum, std::span<const std::byte> data) {
  if (data.size() <= kPage * kPages) return sum.add(data);
  const size_t last = data.size() - kPage;
  for (size_t i = 0; i < kPages; ++i) sum.add(data.subspan(last / (kPages - 1) * i, kPage));
}

}  // namespace

std::string model_hash(const checkpoint::Checkpoint& checkpoint) {
  Checksum sum;
  for (size_t file = 0; file < checkpoint.files().size(); ++file)
    sum.add(checkpoint.files()[file].bytes().first(header_bytes(checkpoint, file)));
  for (const checkpoint::Tensor& tensor : checkpoint.tensors()) {
    sum.add(tensor.name);
    add_pages(sum, tensor.data);
  }
  if (checkpoint.format() == checkpoint::Format::kHuggingFace)
    sum.add(read_file(checkpoint.path() / "config.json"));
  return fmt::format("{:016x}", sum.value());
}

}  // namespace nety::talk
