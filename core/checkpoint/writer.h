// Writes a Hugging Face directory: safetensors in shards with an index, and text files. The
// directory appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::checkpoint {

/// A tensor to be written.
struct OutputTensor {
  std::string name;
  std::string dtype;  ///< Of safetensors: "F32", "BF16", "F16", "I8", "U8".
  std::vector<int64_t> shape;
  /// The size is not known yet: the one extent in `shape` is an upper bound, and put_late() gives
  /// the bytes. Such tensors are small. They are kept in memory until commit() and lie at the end
  /// of their file.
  bool late = false;

  uint64_t bytes() const;
};

/// Above this a model is sharded, as transformers does.
inline constexpr uint64_t kShardBytes = 5'000'000'000;

/// Writes into a hidden directory beside the destination, which commit() renames. Tensors may be
/// written in any order, in pieces and from several threads: their places are fixed beforehand, and
/// nothing is kept in memory. Without commit() the destructor removes everything.
class ModelWriter {
 public:
  /// Lays out `tensors`: into shards in the order given, within a shard as safetensors does (widest
  /// types first, then by name). Errors: kUsage if the destination exists or has no name; kIo if
  /// it cannot be made or the file system has too little space.
  ModelWriter(std::filesystem::path destination, const std::vector<OutputTensor>& tensors,
              uint64_t shard_bytes = kShardBytes);
  ~ModelWriter();
  ModelWriter(const ModelWriter&) = delete;
  ModelWriter& operator=(const ModelWriter&) = delete;

  /// Writes `bytes` of a tensor from its byte `offset` on. Errors: kIo; kInternal if there is no
  /// such tensor or the bytes do not fit.
  void put(std::string_view tensor, uint64_t offset, std::span<const std::byte> bytes);
  /// Gives a whole tensor that was announced as late. Error: kInternal as above.
  void put_late(std::string_view tensor, std::string bytes);
  /// Writes a small file: config.json.
  void put_file(const std::string& name, std::string_view text);

  /// Renames the directory to its destination. Errors: kUsage if something of that name has
  /// appeared meanwhile; kIo; kInternal if a tensor was not written in full.
  void commit();

 private:
  struct Place {
    size_t shard = 0;
    uint64_t offset = 0, bytes = 0;  ///< Within the shard's file.
    uint64_t written = 0;
  };
  struct Shard {
    std::string name;
    std::vector<OutputTensor> tensors;  ///< In the order of their data.
    uint64_t header_bytes = 0;          ///< Reserved for the JSON.
    int descriptor = -1;
  };
  void lay_out(const std::vector<OutputTensor>& tensors, uint64_t shard_bytes);
  void begin_shard(Shard shard);
  void finish_shard(Shard& shard);
  void write_index();
  void check_complete() const;
  void close_shards();

  std::filesystem::path destination_, temporary_;
  std::vector<Shard> shards_;
  std::map<std::string, Place, std::less<>> places_;
  std::map<std::string, std::string, std::less<>> late_;
  std::mutex mutex_;  // guards Place::written and late_
};

}  // namespace nety::checkpoint
