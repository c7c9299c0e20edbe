// For backends that compute whole models only.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/model/local_shape.h"

namespace nety::model {

/// Error: kUsage where `shape` is a share of a model, for a backend that has no shares.
inline void require_whole(const LocalShape& shape, std::string_view backend) {
  if (!shape.is_whole())
    throw Error(ErrorKind::kUsage,
                "the " + std::string(backend) + " backend only computes whole models",
                "Use --backend native to share a model among processes.");
}

}  // namespace nety::model
