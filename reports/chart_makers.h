// One function per chart; none where the evidence lacks its numbers. Private to this folder.
#pragma once

#include "reports/document.h"
#include "reports/wording.h"

namespace nety::reports {

/// Decode rates against the roofline.
std::optional<BarChart> decode_chart(const Evidence& evidence, const Wording& words);
/// Peak memory of each configuration, allocated and mapped apart, against what the machine has.
std::optional<BarChart> memory_chart(const Evidence& evidence, const Wording& words);
/// The load's parts, where they are known.
std::optional<BarChart> load_chart(const Evidence& evidence, const Wording& words);
/// Speed against quality; what something else beats in both is dimmed.
std::optional<PointChart> choice_chart(const Evidence& evidence, const Admissible& admissible,
                                       const Wording& words);
/// How evenly tokens come.
std::optional<SpreadChart> latency_chart(const Evidence& evidence, const Wording& words);
/// Decode rate at each depth, where more than one was measured.
std::optional<LineChart> depth_chart(const Evidence& evidence, const Wording& words);

}  // namespace nety::reports
