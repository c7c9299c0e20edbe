// Models and backends that cannot be shared among processes.
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

/// Error: kUsage for a model whose blocks need whole rows inside: norms of them, and the choice of
/// experts, come before what other processes computed is gathered.
inline void require_separable(const checkpoint::ModelConfig& config) {
  if (config.any_layer([](const checkpoint::LayerSpec& spec) {
        return spec.norm_after || spec.parallel || spec.is_mixture() ||
               spec.head_norm == checkpoint::HeadNorm::kRow;
      }))
    throw Error(ErrorKind::kUsage,
                "models of the architecture " + config.architecture +
                    " cannot be shared among processes: a block needs whole rows inside",
                "Run the model in one process.");
}

}  // namespace nety::model
