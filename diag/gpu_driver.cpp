// The driver's version, and the CUDA it supports against the CUDA that is needed.
#include "core/machine/gpu.h"

#include <fmt/core.h>

#include "core/machine/gpu_drivers.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings gpu_driver(const Subject& subject) {
  constexpr const char* kSource = "libnvidia-ml.so.1, libcuda.so.1";
  const auto said = subject.machine.gpu_drivers();
  const machine::DriverAnswers answers =
      machine::parse_driver_answers(said.value.value_or(std::string()));
  Findings found;
  // A library that hung or crashed. One that is missing is not reported here.
  for (const char* name : machine::kDriverNames) {
    const std::string end = answers.section("process").reason(name);
    if (end.empty()) continue;
    results::Finding& finding = found.emplace_back(subject.finding(
        fmt::format("gpu.driver.{}", name), message::diag_gpu_driver_title,
        name == std::string_view("cuda") ? machine::kCudaLibrary : machine::kNvmlLibrary));
    finding.status = results::FindingStatus::kFail;
    finding.value = subject.say(message::diag_gpu_driver_lost, {end});
    finding.consequence = subject.say(message::diag_gpu_driver_lost_means);
    finding.remedy = subject.say(message::diag_gpu_driver_lost_remedy);
  }
  results::Gpu versions;
  for (const results::Gpu& gpu : machine::gpus(subject.machine))
    if (!gpu.driver.empty() || !gpu.cuda.empty()) versions = gpu;
  if (versions.driver.empty() && versions.cuda.empty()) return found;
  results::Finding& finding =
      found.emplace_back(subject.finding("gpu.driver", message::diag_gpu_driver_title, kSource));
  const auto or_unknown = [](const std::string& text) { return text.empty() ? "?" : text; };
  finding.value = subject.say(message::diag_gpu_driver_value,
                              {or_unknown(versions.driver), or_unknown(versions.cuda)});
  versions.compute_capability = "99.0";  // of the two needs, the driver's alone
  if (const auto trouble = machine::cuda_trouble(versions, machine::kCuda13)) {
    finding.status = results::FindingStatus::kFail;
    finding.consequence =
        subject.say(message::diag_gpu_unused, {render(*trouble, subject.language)});
    finding.remedy = subject.say(message::diag_gpu_driver_remedy, {machine::kCuda13.driver});
  }
  return found;
}

}  // namespace nety::diag::probes
