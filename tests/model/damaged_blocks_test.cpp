// Scales inside GGUF blocks that are no numbers: one message that names file, tensor and place, and
// nothing loaded. What is packed or converted is checked; rows that are used in place are not read
// while loading.
#include <algorithm>
#include <cctype>

#include "core/kernels/kernels.h"
#include "tests/checkpoint/made_files.h"
#include "tests/error_of.h"
#include "tests/kernels/isas.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

using precision::ModeId;

struct BlockType {
  uint32_t id;
  std::string_view name;
};
constexpr BlockType kTypes[] = {
#define NETY_GGML_TYPE(id, name, block, bytes) {id, name},
#include "core/checkpoint/ggml_types.def"
#undef NETY_GGML_TYPE
};

uint32_t type_of(const precision::Mode& mode) {
  std::string name(mode.name);
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const BlockType& type : kTypes)
    if (type.name == name) return type.id;
  ADD_FAILURE() << name;
  return 0;
}

/// Those whose blocks have a scale that can be no number: fp8's lies apart, and every scale of
/// NVFP4 stands for a number.
std::vector<ModeId> modes_with_scales() {
  std::vector<ModeId> modes;
  for (const precision::Mode& mode : precision::modes())
    if (mode.kind == precision::ModeKind::kStored && mode.id != ModeId::fp8 &&
        mode.id != ModeId::nvfp4)
      modes.push_back(mode.id);
  return modes;
}

class DamagedBlock : public testing::TestWithParam<ModeId> {
 protected:
  static constexpr int64_t kWidth = 256, kRow = 201;
  static constexpr const char* kName = "blk.1.ffn_down.weight";

  /// A small Llama with one matrix of the mode: zeros, but for one block of ones, whose factors are
  /// no numbers in any format.
  std::filesystem::path write(bool damaged) {
    const precision::Mode& mode = precision::mode(GetParam());
    checkpoint::TinyModel tiny;
    tiny.dim = tiny.ffn = kWidth, tiny.head_dim = kWidth / 2;
    std::vector<checkpoint::MadeTensor> tensors = tiny.tensors();
    std::erase_if(tensors, [](const checkpoint::MadeTensor& tensor) {
      return checkpoint::gguf_name_of(tensor.name) == kName;
    });
    checkpoint::MadeGguf file = tiny.gguf_of(tensors);
    std::string blocks(mode.functions->bytes(kWidth, kWidth), '\0');
    const size_t bytes = mode.functions->bytes(1, mode.functions->group);
    const size_t last = mode.functions->bytes(kRow + 1, kWidth) - bytes;
    if (damaged) blocks.replace(last, bytes, bytes, '\xff');
    file.add_tensor(kName, type_of(mode), {kWidth, kWidth}, blocks);
    return folder_.put("model.gguf", file.bytes());
  }

  static Error load(const std::filesystem::path& path, std::optional<ModeId> mode,
                    const std::string& isa = {}) {
    return error_of([&] {
      make_ready(path, native_backend(2, isa), {mode, {}});
      throw Error(ErrorKind::kUsage, "loaded");
    });
  }

  static void expect_named(const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(name_of(error.kind()), name_of(ErrorKind::kCheckpoint)) << text;
    for (const std::string_view part :
         {std::string_view("model.gguf"), std::string_view(kName), std::string_view("row 201"),
          precision::mode(GetParam()).name, std::string_view("no finite number")})
      EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
    EXPECT_FALSE(error.hint().empty());
  }

  checkpoint::TempFolder folder_;
};

TEST_P(DamagedBlock, IsNamedWhereItIsConverted) {
  const auto path = write(true);
  for (const ModeId mode : {ModeId::fp32, ModeId::bf16, ModeId::int8, ModeId::nf4})
    expect_named(load(path, mode));
}

TEST_P(DamagedBlock, IsNamedWhereItIsPacked) {
  const auto path = write(true);
  for (const kernels::Isa isa : kernels::every_isa()) {
    if (!kernels::runs_here(isa)) continue;
    const std::string format = kernels::format_of(GetParam());
    const bool packed = kernels::find_cell(kernels::Op::kPacked, format, isa) != nullptr;
    const Error error = load(path, std::nullopt, std::string(kernels::name_of(isa)));
    if (packed)
      expect_named(error);
    else
      EXPECT_STREQ(error.what(), "loaded");
  }
}

TEST_P(DamagedBlock, IsAllThatIsRefused) {
  const auto path = write(false);
  EXPECT_STREQ(load(path, std::nullopt).what(), "loaded");
  EXPECT_STREQ(load(path, ModeId::bf16).what(), "loaded");
}

INSTANTIATE_TEST_SUITE_P(Modes, DamagedBlock, testing::ValuesIn(modes_with_scales()),
                         [](const auto& one) {
                           return std::string(precision::mode(one.param).name);
                         });

}  // namespace
}  // namespace nety::model
