// A server's numbers as Prometheus reads them (text format 0.0.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/serve/served.h"
#include "core/serving/statistics.h"

namespace nety::serve {

/// What else is told beside the requests.
struct ServerFacts {
  int64_t slots = 0, queue = 0;
  uint64_t cache_bytes = 0;  ///< Reserved for keys and values.
  std::optional<uint64_t> rss_bytes{}, anonymous_bytes{};
};

std::string metrics_text(const serving::Statistics& statistics, const ServerFacts& facts,
                         const ModelCard& card);

}  // namespace nety::serve
