// Who decides the clock, and whether it is held low.
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_frequency(const Subject& subject) {
  constexpr const char* kSource = "/sys/devices/system/cpu/cpu0/cpufreq";
  const std::string folder = std::string(kSource) + "/";
  const auto governor = subject.machine.read(folder + "scaling_governor");
  results::Finding finding =
      subject.finding("cpu.frequency", message::diag_frequency_title, kSource);
  if (!governor) {
    if (governor.reason != "missing")
      return {subject.unknown(finding.id, message::diag_frequency_title, kSource, governor.reason)};
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_frequency_none);
    return {finding};
  }
  const auto text = [&](const char* file) {
    return std::string(machine::trimmed(subject.machine.read(folder + file).value.value_or("")));
  };
  const std::string word(machine::trimmed(*governor.value));
  finding.value = word;
  if (const auto most = machine::number_in(text("cpuinfo_max_freq"))) {
    finding.value =
        subject.say(message::diag_frequency_value, {word, std::to_string(*most / 1000)});
    finding.data = static_cast<double>(*most) / 1000;
  }
  // Under the pstate drivers "powersave" still follows the load; elsewhere it is the lowest clock.
  const std::string driver = text("scaling_driver");
  const bool follows = driver == "intel_pstate" || driver.starts_with("amd-pstate-epp");
  if (word == "powersave" && !follows) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_frequency_low);
    finding.remedy = subject.say(message::diag_frequency_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
