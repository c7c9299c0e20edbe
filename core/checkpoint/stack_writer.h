// Writing experts as the directories of some architectures have them: side by side in one tensor.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/tensors.h"
#include "core/checkpoint/writer.h"

namespace nety::checkpoint {

/// One tensor to be written, and the tensors that are parts of it.
struct WrittenStack {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<TensorInfo> parts;  ///< By expert.
};
struct WrittenStacks {
  std::vector<WrittenStack> all;
  std::set<std::string, std::less<>> parts;  ///< Names of all tensors that are part of one.

  bool has(std::string_view name) const { return parts.find(name) != parts.end(); }
};

/// The tensors of `source` that a directory has only as stacks.
WrittenStacks stacks_written(const Checkpoint& source);

/// Writes the stack in the float type `to`, an expert at a time. Errors: kIo, kMemory.
void write_stack(const WrittenStack& stack, const Checkpoint& source, const precision::Mode& to,
                 ThreadPool& pool, ModelWriter& writer);

}  // namespace nety::checkpoint
