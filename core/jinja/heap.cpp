#include "core/jinja/heap.h"

#include <fmt/core.h>

#include "core/jinja/failure.h"

namespace nety::jinja {
namespace {

[[noreturn]] void refuse(std::string what) {
  throw Failure{Failure::Kind::kLimit, std::move(what)};
}

}  // namespace

void Heap::refuse_steps() const { refuse(fmt::format("takes more than {} steps", limits_.steps)); }

void Heap::refuse_bytes() const {
  refuse(fmt::format("takes more than {} bytes of memory", limits_.bytes));
}

void Heap::refuse_depth() const {
  refuse(fmt::format("nests more than {} levels deep", limits_.depth));
}

}  // namespace nety::jinja
