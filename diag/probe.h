// What every probe gets and gives. A probe asks the machine one question and says what the answer
// means; it never throws because something cannot be read.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "core/machine/machine.h"
#include "core/results/results.h"
#include "diag/messages.h"

namespace nety::diag {

using Findings = std::vector<results::Finding>;

/// The machine in question and the language of the answers.
struct Subject {
  const machine::Machine& machine;
  Language language = Language::kEnglish;
  std::string model_file{};              ///< A file of the model in question; empty: there is none.
  bool quick = false;                    ///< Facts only: nothing that takes time is measured.
  bool gpu_backend = false;              ///< Something here could compute on a GPU.
  std::vector<std::string> gpu_lacks{};  ///< Libraries that it would compute faster with.

  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language);
  }
  /// A finding with its title and no answer yet.
  results::Finding finding(std::string id, MessageId title, std::string source) const;
  /// The same, the answer being that there is none: status unknown, with the reason.
  results::Finding unknown(std::string id, MessageId title, std::string source,
                           const std::string& reason) const;
};

namespace probes {
#define NETY_PROBE(name) Findings name(const Subject& subject);
#include "diag/probes.def"
#undef NETY_PROBE
}  // namespace probes

}  // namespace nety::diag
