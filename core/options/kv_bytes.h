// What cached keys and values take, in each of the types of `--kv`.
#pragma once

#include <cstdint>

#include "core/options/words.h"

namespace nety::options {

/// Bytes of one head's key, or value, at one position. q8_0: a code for each dimension, and an fp16
/// scale for every 32 of them, the last of which may be fewer.
constexpr int64_t kv_row_bytes(KvType type, int64_t head_dim) {
  switch (type) {
    case KvType::kFp32:
      return 4 * head_dim;
    case KvType::kBf16:
      return 2 * head_dim;
    case KvType::kQ8_0:
      return head_dim + (head_dim + 31) / 32 * 2;
  }
  return 0;
}

}  // namespace nety::options
