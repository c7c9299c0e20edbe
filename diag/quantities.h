// What a requirement can ask a number of, and how it is found in a diagnosis.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/messages.h"

namespace nety::diag {

struct Diagnosis;

/// Where a quantity comes from: facts cost nothing, drivers a second, measured rates a few.
enum class Source : uint8_t { kFacts, kDrivers, kBandwidth, kBandwidthOne, kTriad, kArithmetic };
enum class Dimension : uint8_t { kCount, kBytes, kBytesPerSecond, kOperations };

/// One quantity. To add one, add its row in quantities.cpp.
struct Quantity {
  std::string_view name;     ///< "ram"
  std::string_view example;  ///< "ram>=16GiB"
  Dimension dimension;
  Source source;
  MessageId title;
  std::optional<double> (*value)(const Diagnosis& diagnosis);  ///< None: it cannot be told.
};

std::span<const Quantity> quantities();
const Quantity* find_quantity(std::string_view name);
/// The value for people: "17.2 GB", "49.1 GB/s", "467 GOP/s", "2".
std::string text_of(Dimension dimension, double value);

/// Names of processor features that can be asked for.
std::span<const std::string_view> features();
bool is_feature(std::string_view name);

}  // namespace nety::diag
