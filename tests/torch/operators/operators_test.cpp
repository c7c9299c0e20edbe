// An operator that this LibTorch does not have. Linked with LibTorch, as nothing else of the tests.
#include "core/backends/torch/operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace nety::torch_backend {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Operators, MissingOneIsNamedWithTheVersionAndWhatToDo) {
  const char* const names[] = {"aten::linear", "aten::_weight_int2pack_mm"};
  try {
    require_operators(names);
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("aten::_weight_int2pack_mm"), HasSubstr(NETY_TORCH_BUILT_FOR)));
    EXPECT_THAT(error.hint(), HasSubstr("--backend torch"));
  }
}

TEST(Operators, ThoseThatAreThereAreFound) {
  const char* const names[] = {"aten::linear", "quantized::linear_dynamic_fp16"};
  EXPECT_NO_THROW(require_operators(names));
}

}  // namespace
}  // namespace nety::torch_backend
