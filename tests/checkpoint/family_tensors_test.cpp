// Every tensor of every family, missing or of another shape: one message that names it, in either
// format. And patterns of layers that are not those of the layers.
#include <algorithm>
#include <cstring>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/stacked_tensors.h"
#include "core/checkpoint/tensors.h"
#include "tests/checkpoint/family_files.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

/// The cases with a file of that name.
std::vector<std::string> cases_with(const char* file) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(family("")))
    if (fs::exists(entry.path() / file)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string case_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

/// Names of what a file must have, of the first layer and of the whole model.
std::vector<std::string> needed(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TensorInfo& info : tensors_of(checkpoint.config())) {
    const std::string name = usual_name(info, checkpoint.format());
    const bool again = std::ranges::find(names, name) != names.end();
    if (!info.optional && info.layer <= 0 && info.expert <= 0 && !again) names.push_back(name);
  }
  return names;
}

/// Another shape of as many elements.
std::vector<int64_t> other_shape(std::vector<int64_t> shape) {
  if (shape.size() == 1) return {2, shape.front() / 2};
  if (shape.front() % 2 != 0) {
    std::ranges::reverse(shape);
    return shape;
  }
  shape.front() /= 2;
  shape.back() *= 2;
  return shape;
}

class EveryDirectory : public testing::TestWithParam<std::string> {
 protected:
  void expect_refused(const std::vector<MadeTensor>& tensors, const std::string& name) {
    SCOPED_TRACE(name);
    folder_.put("model.safetensors", safetensors_of(tensors));
    expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint, {name});
  }
  TempFolder folder_;
};

TEST_P(EveryDirectory, NamesATensorThatIsMissingOrOfAnotherShape) {
  folder_.put("config.json", read_file(family(GetParam()) / "config.json"));
  const std::vector<MadeTensor> whole = tensors_of(family(GetParam()));
  size_t checked = 0;
  for (const std::string& name : needed(Checkpoint::open(family(GetParam())))) {
    const auto place = std::ranges::find(whole, name, &MadeTensor::name);
    if (place == whole.end()) continue;  // stored in parts of its own: MXFP4
    const auto index = static_cast<size_t>(place - whole.begin());
    std::vector<MadeTensor> tensors = whole;
    tensors[index].shape = other_shape(tensors[index].shape);
    expect_refused(tensors, name);
    tensors.erase(tensors.begin() + static_cast<ptrdiff_t>(index));
    expect_refused(tensors, name);
    ++checked;
  }
  EXPECT_GE(checked, 8U);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryDirectory,
                         testing::ValuesIn(cases_with("model.safetensors")), case_name);

/// Where the tensor's line has its name in the GGUF.
size_t place_of(const std::string& bytes, const std::string& name) {
  const size_t at = bytes.find(bytes_of(uint64_t{name.size()}) + name);
  return at == std::string::npos ? at : at + sizeof(uint64_t);
}

class EveryGguf : public testing::TestWithParam<std::string> {
 protected:
  void expect_refused(const std::string& bytes, const std::string& name) {
    SCOPED_TRACE(name);
    const fs::path path = folder_.put("model.gguf", bytes);
    expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint, {name});
  }
  TempFolder folder_;
};

TEST_P(EveryGguf, NamesATensorThatIsMissingOrOfAnotherShape) {
  const fs::path path = family(GetParam()) / "model.gguf";
  const std::string whole = read_file(path);
  size_t checked = 0;
  for (const std::string& name : needed(Checkpoint::open(path))) {
    const size_t at = place_of(whole, name);
    if (at == std::string::npos) continue;
    ++checked;
    if (name != "output.weight")  // which may be the embedding
      expect_refused(std::string(whole).replace(at, 1, "X"), name);
    uint32_t count = 0;
    std::memcpy(&count, whole.data() + at + name.size(), sizeof count);
    const size_t extents = at + name.size() + sizeof count;
    std::vector<int64_t> shape(count);  // innermost first
    std::memcpy(shape.data(), whole.data() + extents, count * sizeof(int64_t));
    shape = count == 1 ? std::vector<int64_t>{shape[0] / 2} : other_shape(shape);
    expect_refused(
        std::string(whole).replace(extents, count * sizeof(int64_t), bytes_of_all(shape)), name);
  }
  EXPECT_GE(checked, 8U);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryGguf, testing::ValuesIn(cases_with("model.gguf")),
                         case_name);

TEST(RotaryFactors, OfAGgufMustBeThereForEachPair) {
  const std::string whole = read_file(family("phi4-mini") / "model.gguf");
  TempFolder folder;
  for (const std::string name : {"rope_factors_long.weight", "rope_factors_short.weight"}) {
    const size_t at = place_of(whole, name);
    ASSERT_NE(at, std::string::npos);
    const size_t extent = at + name.size() + sizeof(uint32_t);
    const auto refused = [&](const std::string& bytes) {
      const fs::path path = folder.put("model.gguf", bytes);
      expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint, {name});
    };
    refused(std::string(whole).replace(at, 1, "X"));
    refused(std::string(whole).replace(extent, sizeof(int64_t), bytes_of(int64_t{5})));
  }
}

/// A GGUF of keys alone: its configuration is read before its tensors are.
MadeGguf keys_of(const std::string& architecture, int layers) {
  MadeGguf made;
  made.add_string("general.architecture", architecture);
  for (const auto& [key, value] : {std::pair(".block_count", layers),
                                   {".context_length", 64},
                                   {".embedding_length", 32},
                                   {".feed_forward_length", 32},
                                   {".attention.head_count", 2},
                                   {".attention.head_count_kv", 1},
                                   {".attention.sliding_window", 8},
                                   {".vocab_size", 16},
                                   {".expert_count", 4},
                                   {".expert_used_count", 2}})
    if (architecture == "gpt-oss" || !std::string_view(key).starts_with(".expert"))
      made.add_u32(architecture + key, static_cast<uint32_t>(value));
  made.add_f32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5F);
  made.add_f32(architecture + ".attention.layer_norm_epsilon", 1e-5F);
  return made;
}

std::string array_of(uint32_t type, const std::string& values, uint64_t count) {
  return bytes_of(type) + bytes_of(count) + values;
}

class LayerPattern : public testing::TestWithParam<const char*> {};

TEST_P(LayerPattern, OfAGgufMustHaveItsLayers) {
  const std::string architecture = GetParam(),
                    key = architecture + ".attention.sliding_window_pattern";
  TempFolder folder;
  for (const uint64_t count : {0U, 2U, 3U, 5U, 1000U}) {  // flags: bool is type 7, arrays type 9
    MadeGguf made = keys_of(architecture, 4);
    made.add(key, 9, array_of(7, std::string(count, '\1'), count));
    const fs::path path = folder.put("model.gguf", made.bytes());
    expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint,
                 {key, std::to_string(count) + " layers", "block_count", "is 4"});
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, LayerPattern,
                         testing::Values("gemma2", "gemma3", "cohere2", "exaone4", "gpt-oss",
                                         "olmo2"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace nety::checkpoint
