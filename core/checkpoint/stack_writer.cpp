#include "core/checkpoint/stack_writer.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "core/base/throwing_run.h"

namespace nety::checkpoint {
namespace {

int64_t product_of(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

/// One expert's part of the stack, filled element by element.
class Block {
 public:
  Block(int64_t elements, size_t size)
      : size_(size), bytes_(static_cast<size_t>(elements) * size) {}

  std::span<const std::byte> bytes() const { return bytes_; }
  /// A row of `place` that begins at element `at` of the block.
  void put(std::span<const std::byte> row, int64_t at, int64_t step) {
    for (size_t i = 0; i < row.size() / size_; ++i)
      std::memcpy(bytes_.data() + (static_cast<size_t>(at) + i * static_cast<size_t>(step)) * size_,
                  row.data() + i * size_, size_);
  }

 private:
  size_t size_;
  std::vector<std::byte> bytes_;
};

void fill(const TensorInfo& info, const Checkpoint& source, const precision::Mode& to,
          int64_t block_begin, Block& block) {
  const precision::MatrixView view = source.matrix(info.name);
  const StackedPlace& place = info.stacks.front();
  std::vector<float> row(static_cast<size_t>(view.cols));
  for (int64_t r = 0; r < view.rows; ++r) {
    precision::mode(view.mode).functions->dequantise(view, r, row.data());
    const precision::Matrix made = precision::quantise(to.id, row.data(), 1, view.cols);
    block.put(made.codes, place.first - block_begin + r * place.row, place.column);
  }
  source.forget(info.name);
}

}  // namespace

WrittenStacks stacks_written(const Checkpoint& source) {
  WrittenStacks stacks;
  std::map<std::string, size_t> places;
  for (const TensorInfo& info : tensors_of(source.config())) {
    if (!info.stacked || source.find(info.name) == nullptr) continue;
    const StackedPlace& place = info.stacks.front();
    const auto [found, is_new] = places.emplace(place.name, stacks.all.size());
    if (is_new) stacks.all.push_back({place.name, place.shape, {}});
    stacks.all[found->second].parts.push_back(info);
    stacks.parts.insert(info.name);
  }
  return stacks;
}

void write_stack(const WrittenStack& stack, const Checkpoint& source, const precision::Mode& to,
                 ThreadPool& pool, ModelWriter& writer) {
  const int64_t experts = stack.shape.front(), elements = product_of(stack.shape) / experts;
  const size_t size = to.functions->bytes(1, 1);
  const size_t tensors = stack.parts.size() / static_cast<size_t>(experts);
  throwing_run(pool, [&](int part, int parts) {
    const Share share = share_of(experts, part, parts);
    for (int64_t expert = share.begin; expert < share.end; ++expert) {
      Block block(elements, size);
      for (size_t i = 0; i < tensors; ++i)
        fill(stack.parts[static_cast<size_t>(expert) * tensors + i], source, to, expert * elements,
             block);
      writer.put(stack.name, static_cast<uint64_t>(expert * elements) * size, block.bytes());
    }
  });
}

}  // namespace nety::checkpoint
