// Two looks at the processors' counters, this process asleep between them.
#include "bench/machine_load.h"

#include <fmt/core.h>

#include <chrono>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/files.h"

namespace nety::bench {
namespace {

// user nice system idle iowait irq softirq steal
std::vector<double> counters() {
  std::istringstream line(read_file("/proc/stat"));
  std::string name;
  line >> name;
  std::vector<double> values(8);
  for (double& value : values) line >> value;
  return values;
}

}  // namespace

std::string why_not_quiet(double seconds) {
  const std::vector<double> before = counters();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const std::vector<double> after = counters();
  double total = 0;
  for (size_t i = 0; i < after.size(); ++i) total += after[i] - before[i];
  if (total <= 0) return "/proc/stat does not move";
  const double idle = (after[3] - before[3] + after[4] - before[4]) / total;
  const double stolen = (after[7] - before[7]) / total;
  if (stolen > 0.02)
    return fmt::format("the hypervisor takes {:.0f} % of the processors", stolen * 100);
  if (idle < 0.95)
    return fmt::format("other programs use {:.0f} % of the processors", (1 - idle) * 100);
  return "";
}

}  // namespace nety::bench
