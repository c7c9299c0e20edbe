// Reads rows as floats, quantises them and writes the result to its place in the file. Scales and
// state are tensors of their own, named as bitsandbytes 0.50.2 saves them.
#include "core/checkpoint/convert.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/pages.h"
#include "core/base/rounding.h"
#include "core/base/throwing_run.h"
#include "core/checkpoint/bitsandbytes.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/stack_writer.h"
#include "core/checkpoint/tokenizer_files.h"
#include "core/checkpoint/written_config.h"
#include "core/precision/codebooks.h"
#include "core/precision/four_bit.h"

namespace nety::checkpoint {
namespace {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeFunctions;
using precision::ModeKind;

struct FloatType {
  std::string_view mode, dtype, torch;
};
constexpr FloatType kFloatTypes[] = {
    {"fp32", "F32", "float32"}, {"bf16", "BF16", "bfloat16"}, {"fp16", "F16", "float16"}};

const FloatType& float_type(precision::ModeId id) {
  const std::string_view name = precision::mode(id).name;
  for (const FloatType& type : kFloatTypes)
    if (type.mode == name) return type;
  return kFloatTypes[0];  // quantised sources widen to fp32
}

bool is_matrix(const Tensor& tensor) {
  return tensor.slot && role_of(*tensor.slot) == Role::kMatrix;
}

template <class Values>
std::span<const std::byte> bytes_of(const Values& values) {
  return std::as_bytes(std::span(values));
}

/// The number as Python's repr writes it: the shortest decimal that reads back as the same double.
std::string python_number(float value) {
  std::string text = fmt::format("{}", static_cast<double>(value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

/// Throws the failure of a quantiser again with the tensor's name, which the quantiser cannot know.
[[noreturn]] void rethrow_naming(const Tensor& tensor, const Error& error) {
  throw Error(error.kind(), fmt::format("tensor {}: {}", shown(tensor.stored_name), error.what()),
              error.hint());
}

/// Writes the tensors of one conversion.
class Converter {
 public:
  Converter(const Checkpoint& source, const ConvertOptions& options, ThreadPool& pool)
      : source_(source),
        target_(precision::mode(options.mode)),
        pool_(pool),
        stacks_(stacks_written(source)) {}

  std::vector<OutputTensor> outputs() const {
    std::vector<OutputTensor> list;
    for (const Tensor& tensor : source_.tensors())
      if (!stacks_.has(tensor.name)) add_outputs(tensor, list);
    for (const WrittenStack& stack : stacks_.all)
      list.push_back({stack.name, std::string(float_type(mode_of(stack).id).dtype), stack.shape});
    return list;
  }
  /// Experts that a directory has only side by side are not quantised: bitsandbytes has no such
  /// format, and transformers leaves them as they are.
  bool leaves_experts() const {
    return target_.kind == ModeKind::kQuantised && !stacks_.all.empty();
  }
  void write_stacks(ModelWriter& writer) const {
    for (const WrittenStack& stack : stacks_.all)
      write_stack(stack, source_, mode_of(stack), pool_, writer);
  }
  void write(const Tensor& tensor, ModelWriter& writer) const {
    if (stacks_.has(tensor.name)) return;
    if (mode_for(tensor).kind == ModeKind::kQuantised)
      write_quantised(tensor, writer);
    else
      write_floats(tensor, writer);
  }
  std::string dtype() const {
    return std::string(float_type(mode_for(source_.at(Slot::embedding)).id).torch);
  }

 private:
  /// The mode in which a tensor of the source is written.
  const Mode& mode_for(const Tensor& tensor) const {
    const bool taken = is_matrix(tensor) && !stacks_.has(tensor.name);
    if (target_.kind == ModeKind::kFloat || taken) return target_;
    return *precision::find_mode(float_type(*tensor.mode).mode);
  }
  const Mode& mode_of(const WrittenStack& stack) const {
    return mode_for(source_.at(stack.parts.front().name));
  }
  bool is_reordered(const Tensor& tensor) const {
    return source_.config().paired_rows && (tensor.slot == Slot::wq || tensor.slot == Slot::bq ||
                                            tensor.slot == Slot::wk || tensor.slot == Slot::bk);
  }
  /// A GGUF has these whole, a directory less one.
  bool takes_one_off(const Tensor& tensor) const {
    return tensor.less_one && source_.format() == Format::kGguf;
  }
  int64_t source_row(const Tensor& tensor, int64_t row) const {
    return is_reordered(tensor) ? interleaved_row(row, source_.config().head_dim) : row;
  }
  bool is_nested() const { return target_.name.ends_with("-dq"); }
  std::string_view book_name() const { return target_.name.substr(0, 3); }
  std::string state_name(const Tensor& tensor) const {
    return fmt::format("{}.quant_state.bitsandbytes__{}", tensor.name, book_name());
  }
  void add_outputs(const Tensor& tensor, std::vector<OutputTensor>& list) const;
  void add_four_bit_outputs(const Tensor& tensor, std::vector<OutputTensor>& list) const;
  std::string quant_state(const Tensor& tensor, float nested_offset) const;
  Matrix make(const Tensor& tensor, int64_t first, int64_t last) const;
  void write_vector(const Tensor& tensor, ModelWriter& writer) const;
  void write_floats(const Tensor& tensor, ModelWriter& writer) const;
  void write_quantised(const Tensor& tensor, ModelWriter& writer) const;
  void write_four_bit(const Tensor& tensor, const Matrix& matrix, ModelWriter& writer) const;

  const Checkpoint& source_;
  const Mode& target_;
  ThreadPool& pool_;
  WrittenStacks stacks_;
};

void Converter::add_outputs(const Tensor& tensor, std::vector<OutputTensor>& list) const {
  const Mode& mode = mode_for(tensor);
  if (mode.kind == ModeKind::kFloat) {
    list.push_back({tensor.name, std::string(float_type(mode.id).dtype), tensor.shape});
    return;
  }
  if (mode.name != "int8") return add_four_bit_outputs(tensor, list);
  const std::string module(module_of(tensor.name));
  list.push_back({module + ".SCB", "F32", {tensor.shape[0]}});
  list.push_back({tensor.name, "I8", tensor.shape});
  list.push_back({module + ".weight_format", "U8", {}});
}

void Converter::add_four_bit_outputs(const Tensor& tensor, std::vector<OutputTensor>& list) const {
  const auto add = [&](const char* suffix, const char* dtype, int64_t count) {
    list.push_back({tensor.name + suffix, dtype, {count}});
  };
  const int64_t count = tensor.elements();
  const int64_t blocks = divide_up(count, precision::kFourBitBlock);
  const bool nested = is_nested();
  list.push_back({tensor.name, "U8", {divide_up(count, 2), 1}});
  add(".absmax", nested ? "U8" : "F32", blocks);
  if (nested) add(".nested_absmax", "F32", divide_up(blocks, precision::kNestedBlock));
  if (nested) add(".nested_quant_map", "F32", precision::kDynamic256.size());
  add(".quant_map", "F32", precision::kNf4.size());
  constexpr int64_t kMostStateBytes = 512;
  list.push_back({state_name(tensor), "U8", {kMostStateBytes}, true});
}

std::string Converter::quant_state(const Tensor& tensor, float nested_offset) const {
  // Python's json.dumps, key order included: the bytes are those that bitsandbytes writes.
  std::string json = fmt::format(
      R"({{"quant_type": "{}", "blocksize": {}, "dtype": "{}", "shape": [{}, {}])", book_name(),
      precision::kFourBitBlock, float_type(*tensor.mode).torch, tensor.shape[0], tensor.shape[1]);
  if (is_nested())
    json +=
        fmt::format(R"(, "nested_blocksize": {}, "nested_dtype": "float32", "nested_offset": {})",
                    precision::kNestedBlock, python_number(nested_offset));
  return json + "}";
}

/// Rows [first, last) of the tensor in the target mode.
Matrix Converter::make(const Tensor& tensor, int64_t first, int64_t last) const {
  const MatrixView view = source_.matrix(tensor.name);
  const ModeFunctions& from = *precision::mode(view.mode).functions;
  const ModeFunctions& to = *mode_for(tensor).functions;
  Matrix matrix = to.allocate(last - first, view.cols);
  const int64_t grain = std::max<int64_t>(1, to.row_grain(view.cols));
  const auto rows_of_part = [&](int part, int parts) {
    const Share share = share_of(last - first, part, parts, grain);
    std::vector<float> rows(static_cast<size_t>(grain * view.cols));
    for (int64_t begin = share.begin; begin < share.end; begin += grain) {
      const int64_t end = std::min(begin + grain, share.end);
      for (int64_t row = begin; row < end; ++row)
        from.dequantise(view, source_row(tensor, first + row),
                        rows.data() + (row - begin) * view.cols);
      to.quantise(rows.data(), begin, end, matrix);
    }
  };
  try {
    throwing_run(pool_, rows_of_part);
  } catch (const Error& error) {
    rethrow_naming(tensor, error);
  }
  if (to.finish != nullptr) to.finish(matrix);
  return matrix;
}

/// A bias or a norm. Element i belongs to row i of the layer's matrix and moves with it.
void Converter::write_vector(const Tensor& tensor, ModelWriter& writer) const {
  const MatrixView view = source_.unchecked_matrix(tensor.name);
  std::vector<float> values(static_cast<size_t>(view.cols));
  precision::mode(view.mode).functions->dequantise(view, 0, values.data());
  std::vector<float> ordered(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    ordered[i] = values[static_cast<size_t>(source_row(tensor, static_cast<int64_t>(i)))];
  if (takes_one_off(tensor))
    for (float& value : ordered) value -= 1.0F;
  const Matrix made = precision::quantise(mode_for(tensor).id, ordered.data(), 1, view.cols);
  writer.put(tensor.name, 0, made.codes);
}

void Converter::write_floats(const Tensor& tensor, ModelWriter& writer) const {
  if (tensor.mode == mode_for(tensor).id && !is_reordered(tensor) && !takes_one_off(tensor))
    return writer.put(tensor.name, 0, tensor.data);
  if (tensor.shape.size() == 1) return write_vector(tensor, writer);
  constexpr int64_t kSlabElements = int64_t{1} << 24;
  const int64_t rows = tensor.shape[0];
  const int64_t slab = std::max<int64_t>(1, kSlabElements / tensor.shape[1]);
  uint64_t offset = 0;
  for (int64_t first = 0; first < rows; first += slab) {
    const Matrix made = make(tensor, first, std::min(first + slab, rows));
    writer.put(tensor.name, offset, made.codes);
    offset += made.codes.size();
  }
}

void Converter::write_quantised(const Tensor& tensor, ModelWriter& writer) const {
  const Matrix matrix = make(tensor, 0, tensor.shape[0]);
  writer.put(tensor.name, 0, matrix.codes);
  if (target_.name != "int8") return write_four_bit(tensor, matrix, writer);
  const std::string module(module_of(tensor.name));
  const std::byte row_major{0};
  writer.put(module + ".SCB", 0, bytes_of(matrix.scales));
  writer.put(module + ".weight_format", 0, std::span(&row_major, 1));
}

void Converter::write_four_bit(const Tensor& tensor, const Matrix& matrix,
                               ModelWriter& writer) const {
  const bool nested = is_nested();
  if (nested) {
    writer.put(tensor.name + ".absmax", 0, bytes_of(matrix.nested_codes));
    writer.put(tensor.name + ".nested_absmax", 0, bytes_of(matrix.scales));
    writer.put(tensor.name + ".nested_quant_map", 0, bytes_of(precision::kDynamic256));
  } else {
    writer.put(tensor.name + ".absmax", 0, bytes_of(matrix.scales));
  }
  const std::array<float, 16>& book = book_name() == "nf4" ? precision::kNf4 : precision::kFp4;
  writer.put(tensor.name + ".quant_map", 0, bytes_of(book));
  writer.put_late(state_name(tensor), quant_state(tensor, matrix.view.nested_offset));
}

}  // namespace

int64_t interleaved_row(int64_t row, int64_t head_dim) {
  const int64_t within = row % head_dim;
  const int64_t half = head_dim / 2;
  return row - within + 2 * (within % half) + within / half;
}

std::vector<Notice> convert(const Checkpoint& source, const std::filesystem::path& destination,
                            const ConvertOptions& options, ThreadPool& pool, Progress& progress) {
  const Mode& target = precision::mode(options.mode);
  if (target.kind == ModeKind::kStored)
    throw Error(
        ErrorKind::kUsage,
        fmt::format("mode {} is only read; there is nothing here that makes it", target.name),
        fmt::format("Modes that can be written: {}.", precision::selectable_mode_names()));
  const Converter converter(source, options, pool);
  const std::string config = written_config(source, {options.mode, converter.dtype()});
  ModelWriter writer(destination, converter.outputs(), options.shard_bytes);
  writer.put_file("config.json", config);
  writer.put_file("generation_config.json", written_generation_config(source));
  std::vector<Notice> notices;
  const std::string problem = write_tokenizer_files(source, writer);
  if (!problem.empty())
    notices.push_back({"tokenizer_not_written",
                       fmt::format("No tokenizer was written: {}. Copy tokenizer.json from the "
                                   "original model.",
                                   problem)});
  progress.begin("Writing weights", static_cast<int64_t>(source.tensors().size()));
  int64_t done = 0;
  for (const Tensor& tensor : source.tensors()) {
    converter.write(tensor, writer);
    release_pages(tensor.data);
    progress.advance(++done);
  }
  converter.write_stacks(writer);
  if (converter.leaves_experts())
    notices.push_back({"experts_not_quantised",
                       "The experts keep their type: files of this architecture have them side by "
                       "side, which bitsandbytes does not quantise."});
  writer.commit();
  progress.end();
  return notices;
}

}  // namespace nety::checkpoint
