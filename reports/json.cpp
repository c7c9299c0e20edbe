// JSON is the result file itself.
#include "core/results/json.h"

#include "reports/render.h"

namespace nety::reports {

std::string render_json(const results::File& file, const ClaimOptions& /*options*/) {
  return results::to_json(file);
}

}  // namespace nety::reports
