// GGUF files in several parts: given by any of them, and parts that do not belong together.
#include <gtest/gtest.h>

#include "core/checkpoint/checkpoint.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

constexpr uint32_t kU16 = 2, kI32 = 5;

class SplitGguf : public testing::Test {
 protected:
  /// The tensors [first, last) of the model; the keys of the model in the first part alone.
  std::string part(uint16_t number, uint16_t count, size_t first, size_t last,
                   int32_t tensors) const {
    const std::vector<MadeTensor> all = tiny_.tensors();
    const std::vector<MadeTensor> some(all.begin() + static_cast<std::ptrdiff_t>(first),
                                       all.begin() + static_cast<std::ptrdiff_t>(last));
    MadeGguf gguf;
    if (number == 0) gguf = tiny_.gguf_of(some);
    for (const MadeTensor& tensor : some)
      if (number > 0) gguf.add_tensor(gguf_name_of(tensor.name), 0, tensor.shape, tensor.data);
    gguf.add("split.no", kU16, bytes_of(number));
    gguf.add("split.count", kU16, bytes_of(count));
    gguf.add("split.tensors.count", kI32, bytes_of(tensors));
    return gguf.bytes();
  }

  /// Three parts, the second of which has no tensors of its own: llama.cpp writes such ones.
  void put_parts() {
    parts_ = {folder_.put(name(1), part(0, 3, 0, 5, count())),
              folder_.put(name(2), part(1, 3, 5, 5, count())),
              folder_.put(name(3), part(2, 3, 5, tiny_.tensors().size(), count()))};
  }

  int32_t count() const { return static_cast<int32_t>(tiny_.tensors().size()); }
  static std::string name(int number) {
    return "m-0000" + std::to_string(number) + "-of-00003.gguf";
  }

  void expect_refused(const std::filesystem::path& path, const std::vector<std::string>& parts) {
    expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint, parts);
  }

  TempFolder folder_;
  TinyModel tiny_;
  std::vector<std::filesystem::path> parts_;
};

TEST_F(SplitGguf, IsTheWholeModelByAnyPartAndByTheFolder) {
  put_parts();
  const TempFolder other;
  const Checkpoint whole = Checkpoint::open(other.put("whole.gguf", tiny_.gguf().bytes()));
  for (const std::filesystem::path& path : {parts_[0], parts_[1], parts_[2], folder_.path()}) {
    const Checkpoint split = Checkpoint::open(path);
    EXPECT_EQ(split.files().size(), 3U);
    ASSERT_EQ(split.tensors().size(), whole.tensors().size());
    for (const Tensor& tensor : whole.tensors()) {
      const Tensor& found = split.at(tensor.name);
      EXPECT_TRUE(std::ranges::equal(found.data, tensor.data)) << tensor.name;
      const std::span<const std::byte> file = split.files()[found.file].bytes();
      EXPECT_TRUE(found.data.data() >= file.data() &&
                  found.data.data() + found.data.size() <= file.data() + file.size());
    }
    EXPECT_EQ(split.config().layers, whole.config().layers);
    EXPECT_EQ(Checkpoint::open_vocabulary(path).metadata().count("split.no"), 1U);
  }
}

TEST_F(SplitGguf, NamesAPartThatIsMissing) {
  put_parts();
  std::filesystem::remove(parts_[1]);
  for (const size_t given : {size_t{0}, size_t{2}})
    expect_refused(parts_[given],
                   {"part 2, " + name(2) + ", is missing", name(1 + static_cast<int>(given))});
  std::filesystem::remove(parts_[0]);
  expect_refused(parts_[2], {"part 3 of 3", "part 1, " + name(1) + ", is missing"});
}

TEST_F(SplitGguf, NamesAPartThatIsAnother) {
  put_parts();
  folder_.put(name(2), part(2, 3, 5, 5, count()));
  expect_refused(parts_[0], {name(2), "part 3 of 3", "its name says 2 of 3"});
  folder_.put(name(2), part(1, 3, 5, 5, 7));
  expect_refused(parts_[0], {name(2), "has 7 tensors", "says " + std::to_string(count())});
  folder_.put(name(2), part(1, 3, 3, 5, count()));
  expect_refused(parts_[2], {name(2), "which part 1 has too"});
  folder_.put(name(2), part(1, 3, 5, 5, count()));
  folder_.put(name(3), part(2, 3, 6, tiny_.tensors().size(), count()));
  expect_refused(parts_[1], {name(1), "its 3 parts have " + std::to_string(count() - 1)});
  folder_.put(name(1), part(1, 3, 0, 5, count()));
  expect_refused(parts_[2], {name(1), "part 2 of 3", "its name says 1 of 3"});
}

TEST_F(SplitGguf, NamesAPartOfAnotherName) {
  const auto path = folder_.put("m.gguf", part(1, 3, 0, 5, count()));
  expect_refused(path, {"m.gguf", "part 2 of 3", "its name does not lead to the others"});
  const auto wrong = folder_.put(name(3), part(1, 3, 0, 5, count()));
  expect_refused(wrong, {name(3), "part 2 of 3"});
}

}  // namespace
}  // namespace nety::checkpoint
