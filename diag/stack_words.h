// What the files about the Python stack share: findings in a language.
#pragma once

#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/results/results.h"
#include "diag/bitsandbytes_library.h"
#include "diag/messages.h"

namespace nety::diag {

struct StackWords {
  Language language;

  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language);
  }
  results::Finding finding(std::string id, MessageId title, std::string source) const {
    results::Finding finding;
    finding.id = std::move(id);
    finding.title = say(title);
    finding.source = std::move(source);
    return finding;
  }
};

/// Completes the finding about bitsandbytes' C library.
results::Finding judge_library(results::Finding finding, const LibraryReport& report,
                               const StackWords& words);

}  // namespace nety::diag
