// Types of cached keys and values that a backend lacks.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/model/backend.h"
#include "core/options/run_options.h"

namespace nety::model {

/// Error: kUsage for a type other than fp32 and bf16, of a backend that has no others.
inline void require_float_cache(KvType type, std::string_view backend) {
  if (type != KvType::kFp32 && type != KvType::kBf16)
    throw Error(ErrorKind::kUsage,
                "the " + std::string(backend) +
                    " backend caches keys and values in fp32 or bf16, "
                    "not in " +
                    options::text_of(type),
                "Use --kv bf16, or --backend native.");
}

}  // namespace nety::model
